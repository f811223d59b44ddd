/** What the product answers for a tenant given as records: the whole way from the inventory to the graph. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadRules, type Rule } from "../../src/graph/rules.ts";
import type { Gap, GraphStore, Seed } from "../../src/graph/store.ts";
import { openEmbeddedStore } from "../../src/graph/store-embedded.ts";
import type { GraphTable } from "../../src/keep/inventory.ts";
import { openInventory } from "../../src/keep/inventory.ts";
import type { Row } from "../../src/model.ts";
import type { Counted } from "../oracle/counts.ts";
import type { OracleRow } from "../oracle/evaluate.ts";
import {
  type Blind,
  type CompactRow,
  expand,
  type Holding,
  type NamedGrant,
  type NamedPrincipal,
} from "../oracle/expand.ts";
import { type Put, UNREAD } from "../oracle/records.ts";
import { asLines, TIME } from "../oracle/tenants.ts";
import type { Leave } from "../oracle/use.ts";

export const RULES: readonly Rule[] = loadRules();
/** Of each engine, of which several work at a time; the graphs here are small. */
export const POOL = 512 * 1024 * 1024;
/** More threads to one have nothing to do. */
const ENGINE = { pool: POOL, threads: 1 };

/** What records say was not read. */
export const gapsIn = (records: readonly Put[]): Gap[] =>
  // As worlds write them; the type of properties cannot express it.
  records.flatMap(({ kind, props }) => (kind === UNREAD ? [props as object as Gap] : []));

export interface ProductOptions {
  /** What was not read, besides what the records say. */
  gaps?: readonly Gap[];
  rules?: readonly Rule[];
  /** Only these agents, each by itself. */
  seed?: Seed;
  threads?: number;
  /** Milliseconds that each part of the way took. */
  onStage?: (stage: string, ms: number) => void;
}

/** What the product says. */
export interface Said {
  /** One row an (agent, mode, via, scope, tier). */
  rows: readonly OracleRow[];
  /** What actors may do with labels that something guards. */
  use: readonly Leave[];
  /** What rows count, by actor and tier. */
  counted: readonly Counted[];
}

/** The rows that the product derives from these records. Throws what it throws. */
export const product = async (
  records: readonly Put[],
  options?: ProductOptions,
): Promise<readonly OracleRow[]> => (await answers(records, options)).rows;

/** What the product says about these records. Throws what it throws. */
export async function answers(records: readonly Put[], options: ProductOptions = {}): Promise<Said> {
  const { gaps = [], rules = RULES, seed, threads = ENGINE.threads, onStage = () => {} } = options;
  return exported(records, onStage, async (tables, folder) => {
    const store = openEmbeddedStore({ folder: join(folder, "graph"), ...ENGINE, threads });
    const staged = stages(onStage);
    try {
      await store.rebuild({ snapshot: "world", time: TIME, gaps: [...gaps, ...gapsIn(records)], tables });
      staged("rebuild");
      for await (const _ of store.derive(rules, seed));
      staged("derive");
      const query: Ask = (cypher) => store.query(cypher);
      const raw = await readRows(query);
      const said = { rows: expandRows(raw, records), use: raw.use, counted: raw.counted };
      staged("read");
      return said;
    } finally {
      await store.close();
    }
  });
}

/** Lends out the graph of these records; it is gone afterwards. */
export async function withGraph<T>(
  records: readonly Put[],
  use: (query: GraphStore["query"]) => Promise<T>,
): Promise<T> {
  return exported(
    records,
    () => {},
    async (tables, folder) => {
      const graph = openEmbeddedStore({ folder: join(folder, "graph"), ...ENGINE });
      try {
        await graph.rebuild({ snapshot: "world", time: TIME, gaps: gapsIn(records), tables });
        for await (const _ of graph.derive(RULES));
        return await use((cypher, params) => graph.query(cypher, params));
      } finally {
        await graph.close();
      }
    },
  );
}

/** Sends records through the inventory and lends its files out; they are gone afterwards. */
export async function exported<T>(
  records: readonly Put[],
  onStage: (stage: string, ms: number) => void,
  use: (tables: readonly GraphTable[], folder: string) => Promise<T>,
): Promise<T> {
  const staged = stages(onStage);
  const folder = await mkdtemp(join(tmpdir(), "prove-"));
  const inventory = await openInventory(":memory:");
  try {
    await inventory.import("world", lines(records));
    staged("import");
    const snapshot = await inventory.snapshot();
    const tables = await snapshot.export(join(folder, "export"));
    staged("export");
    return await use(tables, folder);
  } finally {
    await inventory.close();
    await rm(folder, { recursive: true, force: true });
  }
}
async function* lines(records: readonly Put[]): AsyncGenerator<string> {
  yield* asLines(records);
}
const stages = (onStage: (stage: string, ms: number) => void) => {
  let start = performance.now();
  return (stage: string): void => {
    onStage(stage, performance.now() - start);
    start = performance.now();
  };
};

/** Identities of agents, by the principals of the blueprints that these are made from. */
function heirsOf(records: readonly Put[]): Map<string, string[]> {
  const rels = (kind: string) => records.flatMap((put) => ("from" in put && put.kind === kind ? [put] : []));
  const apps = new Map(
    records.flatMap((put) => ("id" in put && put.kind === "Blueprint" ? [[put.id, put.props?.appId]] : [])),
  );
  const found = new Map<string, string[]>();
  for (const put of records) {
    if (!("id" in put) || put.props?.kind !== "BlueprintPrincipal") continue;
    const agents = rels("MADE_FROM")
      .filter(({ to }) => apps.get(to.id) === put.props?.appId)
      .map(({ from }) => from.id);
    const identities = rels("ACTS_AS")
      .filter(({ from, props }) => agents.includes(from.id) && props?.mode === "app")
      .map(({ to }) => to.id);
    found.set(put.id, identities);
  }
  return found;
}

type Ask = (cypher: string) => Promise<Row[]>;
const useOf = async (query: Ask): Promise<Leave[]> =>
  as(
    await query(
      `MATCH (a:Agent)-[m:MAY_OPEN]->(l:Label)
     RETURN a.id AS agent, m.mode AS mode, coalesce(m.via, '') AS via, l.id AS label, m.view AS view, m.extract AS extract, m.blocked AS blocked`,
    ),
  );

/** Of the agent's own tenant: what everyone holds elsewhere, it holds, too. */
async function countedOf(query: Ask): Promise<Counted[]> {
  const rows = await query(
    `MATCH (a:Agent)-[r:CAN_REACH]->(s:Scope)
     WHERE r.readable_items <> 0 OR r.readable_sensitive <> 0 OR r.readable_unlabeled_sensitive <> 0
     RETURN a.id AS agent, r.mode AS mode, coalesce(r.via, '') AS via, r.tier AS tier, s.id AS scope,
     r.readable_items AS items, r.readable_sensitive AS sensitive, r.readable_unlabeled_sensitive AS unlabeled`,
  );
  const found = new Map<string, Counted>();
  for (const row of rows) {
    const { agent, mode, via, tier } = row as Record<"agent" | "mode" | "via" | "tier", string>;
    if (!String(row.scope).startsWith(agent.slice(0, agent.indexOf(":") + 1))) continue;
    const key = JSON.stringify([agent, mode, via, tier]);
    const sum = found.get(key) ?? { agent, mode, via, tier, items: 0, sensitive: 0, unlabeled: 0 };
    found.set(key, sum);
    for (const name of ["items", "sensitive", "unlabeled"] as const) sum[name] += Number(row[name]);
  }
  return [...found.values()];
}

/** What a derived graph says, as it says it. */
export interface GraphRows {
  rows: readonly CompactRow[];
  principals: readonly NamedPrincipal[];
  grants: readonly NamedGrant[];
  holdings: readonly Holding[];
  use: readonly Leave[];
  blind: readonly Blind[];
  counted: readonly Counted[];
}
/** The columns are those that the query names, which the type cannot express. */
const as = <T>(rows: readonly Row[]): T[] => rows as object[] as T[];

/** This and `expand` are all that knows columns of the graph. */
export async function readRows(query: Ask): Promise<GraphRows> {
  const copyOf = await copiesOf(query);
  return {
    rows: as(
      (
        await query(
          `MATCH (a:Agent)-[r:CAN_REACH]->(s:Scope)
     RETURN a.id AS agent, r.mode AS mode, r.via AS via, s.id AS scope, r.tier AS tier, r.hops AS hops, r.discover AS discover,
     r.read AS read, r.write AS write, r.manage AS manage, r.certainty AS certainty, r.reason_code AS reason, r.unread AS unread, r.absorbed AS absorbed, r.top AS top, r.subtree AS subtree,
     r.steps AS steps, r.grant AS grant, r.regrant AS regrant, r.person AS person`,
        )
      ).map((row) => ({ ...row, copy: copyOf(row) })),
    ),
    principals: as(await query("MATCH (p:Principal) RETURN p.code AS code, p.id AS id")),
    grants: as(
      await query(
        `MATCH (p:Principal)-[g:GRANTED]->(s:Scope)
     RETURN g.code AS code, p.id AS principal, s.id AS scope, g.key AS key, g.flow AS flow, g.tier AS tier`,
      ),
    ),
    holdings: as(
      await query(
        `MATCH (a:Agent)-[h:HAS_RIGHTS_OF]->(p:Principal)
     RETURN a.id AS agent, h.mode AS mode, h.via AS via, p.id AS principal, h.tier AS tier, h.hops AS hops, h.level AS level, h.path AS path, h.person AS person, h.itself AS itself`,
      ),
    ),
    use: await useOf(query),
    counted: await countedOf(query),
    blind: as(
      await query(
        "MATCH (s:Scope)-[b:BLIND]->(s) RETURN s.id AS scope, b.rank AS rank, b.denies AS denies, b.steps AS steps",
      ),
    ),
  };
}

const READS_COPY = `MATCH (a:Agent)-[c:READS_COPY]->(s:Scope)
  RETURN a.id AS agent, c.mode AS mode, c.via AS via, s.id AS scope, c.tier AS tier, c.copy AS copy, c.embedded AS embedded`;
/** By the row of CAN_REACH that goes through it. */
async function copiesOf(query: Ask): Promise<(row: Row) => CompactRow["copy"]> {
  const rowOf = (row: Row): string => JSON.stringify([row.agent, row.mode, row.via, row.scope, row.tier]);
  const found = new Map(
    (await query(READS_COPY)).map((row) => [
      rowOf(row),
      { place: String(row.copy), embedded: row.embedded === true },
    ]),
  );
  return (row) => found.get(rowOf(row));
}

/** Rows of a derived graph as the oracle has them. Throws where a path leads nowhere. */
export function expandRows(raw: GraphRows, records: readonly Put[]): OracleRow[] {
  const leads = (kind: "WITHIN" | "INHERITS" | "COPIED_TO"): Map<string, string[]> => {
    const found = new Map<string, string[]>();
    for (const put of records)
      if ("from" in put && put.kind === kind)
        found.set(put.from.id, [...(found.get(put.from.id) ?? []), put.to.id]);
    return found;
  };
  const { rows, principals, grants, holdings, blind } = raw;
  const chains = {
    parents: leads("WITHIN"),
    sources: leads("INHERITS"),
    heirs: heirsOf(records),
    copies: leads("COPIED_TO"),
  };
  return expand(rows, principals, grants, holdings, blind, chains);
}
