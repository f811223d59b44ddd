/** What the product answers for a tenant given as records, and where that differs from the oracle. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadRules } from "../src/graph/rules.ts";
import { openEmbeddedStore } from "../src/graph/store-embedded.ts";
import { openInventory } from "../src/keep/inventory.ts";
import { compareBytes, evaluate, type OracleRow, type Put, TIERS } from "./oracle/evaluate.ts";
import { type CompactRow, expand, type Named, type NamedGrant } from "./oracle/expand.ts";
import { asLines, TIME } from "./oracle/tenants.ts";

const rules = loadRules();

/** What the product says about these records, expanded to one row an (agent, scope, tier). */
export async function product(records: readonly Put[]): Promise<OracleRow[]> {
  const folder = await mkdtemp(join(tmpdir(), "prove-"));
  const inventory = await openInventory(":memory:");
  const store = openEmbeddedStore({ folder: join(folder, "graph"), pool: 512 * 1024 * 1024 });
  try {
    await inventory.import("world", lines(records));
    const snapshot = await inventory.snapshot();
    const tables = await snapshot.export(join(folder, "export"));
    await store.rebuild({ snapshot: snapshot.id, time: TIME, gaps: [], tables });
    for await (const _ of store.derive(rules));
    const rows = await store.query(
      `MATCH (a:Agent)-[r:CAN_REACH]->(s:Scope) WHERE r.mode = 'app'
       RETURN a.id AS agent, s.id AS scope, r.tier AS tier, r.hops AS hops, r.discover AS discover,
       r.read AS read, r.write AS write, r.manage AS manage, r.certainty AS certainty, r.covers AS covers,
       r.steps AS steps, r.path AS path`,
    );
    const names = await store.query(
      `MATCH (n:Agent) RETURN n.code AS code, n.id AS id, 'agent' AS sort
       UNION ALL MATCH (n:Principal) RETURN n.code AS code, n.id AS id, 'principal' AS sort
       UNION ALL MATCH (n:Scope) RETURN n.code AS code, n.id AS id, 'scope' AS sort`,
    );
    const grants = await store.query(
      `MATCH (p:Principal)-[g:GRANTED]->(s:Scope)
       RETURN p.id AS principal, s.id AS scope, g.code AS code, g.key AS key`,
    );
    const parents = new Map<string, string>();
    for (const put of records)
      if ("from" in put && put.kind === "WITHIN") parents.set(put.from.id, put.to.id);
    // The columns are those that the queries name, which the type cannot express.
    return expand(
      rows as object[] as CompactRow[],
      names as object[] as Named[],
      grants as object[] as NamedGrant[],
      parents,
    );
  } finally {
    await store.close();
    await inventory.close();
    await rm(folder, { recursive: true, force: true });
  }
}
async function* lines(records: readonly Put[]): AsyncGenerator<string> {
  yield* asLines(records);
}

const place = (row: OracleRow): string => JSON.stringify([row.agent, row.scope, TIERS.indexOf(row.tier)]);
/** A row as one line: two evaluators agree if these are equal. */
const line = (row: OracleRow): string =>
  `${row.agent} ${row.scope} ${row.tier}${row.tier === "latent" ? ` hops ${row.hops}` : ""}: discover ${row.discover}, read ${row.read}, write ${row.write}, manage ${row.manage}, ${row.certainty}; ${row.steps} steps ${row.witness.join(" > ")} # ${row.key}`;
const sorted = (rows: readonly OracleRow[]): string[] =>
  [...rows].sort((a, b) => compareBytes(place(a), place(b))).map(line);

/** Lines that one of the two has alone: "law" for the oracle, "product" for the other. */
export function differences(law: readonly OracleRow[], found: readonly OracleRow[]): string[] {
  const [expected, actual] = [sorted(law), sorted(found)];
  const [inLaw, inProduct] = [new Set(expected), new Set(actual)];
  return [
    ...expected.filter((row) => !inProduct.has(row)).map((row) => `law:     ${row}`),
    ...actual.filter((row) => !inLaw.has(row)).map((row) => `product: ${row}`),
  ];
}

export const disagreement = async (records: readonly Put[]): Promise<string[]> =>
  differences(evaluate(records, TIME), await product(records));

/** A copy whose ids start with another prefix, so that many copies fit into one database. */
const renamed = (records: readonly Put[], from: string, to: string): Put[] =>
  JSON.parse(JSON.stringify(records).replaceAll(`"${from}`, `"${to}`));
/** What comes before the first colon of an id: which tenant it belongs to. */
export const prefixOf = (id: string): string => id.slice(0, id.indexOf(":") + 1);

/** Worlds with less in them: without a half, a quarter, ... one record, then without one property. */
function* smaller(world: readonly Put[]): Generator<Put[]> {
  for (let size = world.length >> 1; size >= 1; size >>= 1)
    for (let at = 0; at < world.length; at += size)
      yield world.filter((_, index) => index < at || index >= at + size);
  for (const [index, put] of world.entries())
    for (const name of Object.keys(put.props ?? {})) {
      if (["key", "flow", "mode", "plane"].includes(name)) continue;
      const { [name]: _, ...props } = put.props ?? {};
      // A grant or deny of nothing at all says nothing about the rules.
      if (/^(GRANTED|DENIED)$/.test(put.kind) && !Object.values(props).includes(true)) continue;
      yield world.with(index, { ...put, props });
    }
}

/** The least world that can be had by taking away and in which the two still differ, in the way that `same` wants. */
export async function shrink(
  records: readonly Put[],
  same = (found: readonly string[]): boolean => found.length > 0,
): Promise<Put[]> {
  const scope = records.find((put) => put.kind === "Scope");
  const prefix = prefixOf(scope !== undefined && "id" in scope ? scope.id : "");
  for (let world = [...records]; ; ) {
    const candidates = [...smaller(world)].map((one, index) => renamed(one, prefix, `c${index}:`));
    // The whole world beside them: a graph in which a kind is missing altogether would be another test.
    const found = byPrefix(await product([...candidates.flat(), ...records]));
    const least = candidates
      .map((one, index) => ({ one, index, size: JSON.stringify(one).length }))
      .sort((a, b) => a.size - b.size)
      .find(({ one, index }) => same(differences(evaluate(one, TIME), found.get(`c${index}:`) ?? [])));
    if (least === undefined) return world;
    world = renamed(least.one, `c${least.index}:`, prefix);
  }
}

/** Rows by the tenant that they belong to. */
export function byPrefix(rows: readonly OracleRow[]): Map<string, OracleRow[]> {
  const found = new Map<string, OracleRow[]>();
  for (const row of rows) {
    const prefix = prefixOf(row.scope);
    const own = found.get(prefix) ?? [];
    found.set(prefix, own);
    own.push(row);
  }
  return found;
}
