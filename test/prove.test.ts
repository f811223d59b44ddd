/**
 * The oracle against the product: many random tenants in one database, row for row. `FOREREACH_WORLDS` sets how
 * many (300), `FOREREACH_SEED` where they start.
 */
import { readdirSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openInventory } from "../src/inventory.ts";
import { loadRules } from "../src/rules.ts";
import { openEmbeddedStore } from "../src/store-embedded.ts";
import { compareBytes, evaluate, type OracleRow, type Put, TIERS } from "./oracle/evaluate.ts";
import { type CompactRow, expand, type Named, type NamedGrant } from "./oracle/expand.ts";
import { asLines, TIME, tenants } from "./oracle/tenants.ts";

const WORLDS = Number(process.env.FOREREACH_WORLDS ?? 300);
const SEED = Number(process.env.FOREREACH_SEED ?? 1);
const PER_DATABASE = 200;
/** So many failing tenants are shrunk and shown; the rest is only counted. */
const SHOWN = Number(process.env.FOREREACH_SHOWN ?? 3);
const FOLDER = join(import.meta.dirname, "worlds");
const rules = loadRules();

/** What the product says about these records, expanded to one row an (agent, scope, tier). */
async function product(records: readonly Put[]): Promise<OracleRow[]> {
  const folder = await mkdtemp(join(tmpdir(), "prove-"));
  const inventory = await openInventory(":memory:");
  const store = openEmbeddedStore({ folder: join(folder, "graph"), pool: 256 * 1024 * 1024 });
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
function differences(law: readonly OracleRow[], found: readonly OracleRow[]): string[] {
  const [expected, actual] = [sorted(law), sorted(found)];
  const [inLaw, inProduct] = [new Set(expected), new Set(actual)];
  return [
    ...expected.filter((row) => !inProduct.has(row)).map((row) => `law:     ${row}`),
    ...actual.filter((row) => !inLaw.has(row)).map((row) => `product: ${row}`),
  ];
}

const disagreement = async (records: readonly Put[]): Promise<string[]> =>
  differences(evaluate(records, TIME), await product(records));

/** Takes away records, then properties, as long as the two still disagree. */
async function shrink(records: readonly Put[]): Promise<Put[]> {
  let world = [...records];
  const fails = async (candidate: readonly Put[]) => (await disagreement(candidate)).length > 0;
  for (let size = world.length >> 1; size >= 1; size >>= 1)
    for (let at = 0; at < world.length; ) {
      const candidate = world.filter((_, index) => index < at || index >= at + size);
      if (await fails(candidate)) world = candidate;
      else at += size;
    }
  for (const [index, put] of world.entries())
    for (const name of Object.keys(put.props ?? {})) {
      if (name === "key" || name === "flow" || name === "mode") continue;
      const { [name]: _, ...props } = world[index]!.props ?? {};
      const candidate = world.with(index, { ...world[index]!, props });
      if (await fails(candidate)) world = candidate;
    }
  return world;
}

const prefixOf = (row: OracleRow): string => row.scope.slice(0, row.scope.indexOf(":") + 1);

describe("the product agrees with the oracle", () => {
  test(`on ${WORLDS} random tenants, row for row`, { timeout: 3_600_000 }, async () => {
    const worlds = tenants(WORLDS, SEED);
    const failing: Put[][] = [];
    let rows = 0;
    for (let from = 0; from < worlds.length; from += PER_DATABASE) {
      const part = worlds.slice(from, from + PER_DATABASE);
      const found = new Map<string, OracleRow[]>();
      for (const row of await product(part.flat()))
        found.set(prefixOf(row), [...(found.get(prefixOf(row)) ?? []), row]);
      for (const [index, world] of part.entries()) {
        const law = evaluate(world, TIME);
        rows += law.length;
        if (differences(law, found.get(`t${from + index}:`) ?? []).length > 0) failing.push(world);
      }
    }
    const shown: string[] = [];
    for (const world of failing.sort((a, b) => a.length - b.length).slice(0, SHOWN)) {
      const least = await shrink(world);
      shown.push([...(await disagreement(least)), ...asLines(least)].join("\n"));
    }
    expect(
      failing.length,
      `${failing.length} of ${worlds.length} tenants differ; the smallest:\n\n${shown.join("\n\n")}\n`,
    ).toBe(0);
    expect(rows).toBeGreaterThan(WORLDS);
  });

  const files = readdirSync(FOLDER).filter((name) => name.endsWith(".jsonl"));
  for (const file of files)
    test(`on the world ${file}`, async () => {
      const text = await readFile(join(FOLDER, file), "utf8");
      const records = text
        .split("\n")
        .filter((row) => row !== "")
        .map((row): Put => JSON.parse(row).put);
      expect(await disagreement(records)).toEqual([]);
    });
});
