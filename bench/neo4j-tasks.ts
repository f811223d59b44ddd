/** What the bench of Neo4j asks of the server and of the product. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { DIALECTS } from "../src/graph/generate.ts";
import { neo4jSchema, tenantLabel } from "../src/graph/generate-neo4j.ts";
import { loadRules } from "../src/graph/rules.ts";
import type { GraphStore } from "../src/graph/store.ts";
import { openEmbeddedStore } from "../src/graph/store-embedded.ts";
import { openNeo4jStore } from "../src/graph/store-neo4j.ts";
import { nextState } from "../src/graph/store-neo4j-difference.ts";
import { openNeo4jScratch } from "../src/graph/store-neo4j-scratch.ts";
import type { Neo4jOptions, Neo4jServerConnection } from "../src/graph/store-neo4j-server.ts";
import { type GraphTable, openInventory } from "../src/keep/inventory.ts";
import { line } from "./meter.ts";

const READS = 200;
const ROUNDS = 5;
const { quote } = DIALECTS.neo4j;

/** A copy of the estate in which one grant of a hundred gives what it did not. */
export async function withChangedGrants(
  tables: readonly GraphTable[],
  folder: string,
): Promise<GraphTable[]> {
  await mkdir(folder, { recursive: true });
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  const changed: GraphTable[] = [];
  for (const table of tables) {
    if (table.kind !== "GRANTED") {
      changed.push(table);
      continue;
    }
    const file = join(folder, "GRANTED.parquet");
    await connection.run(
      `COPY (SELECT * REPLACE (CASE WHEN hash(key, 11) % 100 = 0 THEN NOT coalesce("write", false) ELSE "write" END AS "write")
       FROM read_parquet(${DIALECTS.duckdb.text(table.file)})) TO ${DIALECTS.duckdb.text(file)} (FORMAT parquet)`,
    );
    changed.push({ ...table, file });
  }
  connection.closeSync();
  instance.closeSync();
  return changed;
}

/**
 * What most tools do, for a tenant of its own: every row by MERGE, whether it is there or not. By CREATE where nothing is:
 * only writing it again is compared.
 */
export async function writeAllAgain(
  connection: Neo4jServerConnection,
  tenant: string,
  { state, files, by }: { state: string; files: ReadonlyMap<string, string>; by: "CREATE" | "MERGE" },
): Promise<number> {
  const label = quote(tenantLabel(tenant));
  await connection.schema(neo4jSchema(tenant));
  const everything = await nextState(state, files, undefined);
  let rows = 0;
  for (const change of everything.stages.flat()) {
    const { kind, ends, identity, columns } = change.table;
    // MERGE takes no null.
    const keys = identity.map((name) => `${quote(name)}: coalesce(row.p.${quote(name)}, '')`);
    const cypher =
      ends === undefined
        ? `UNWIND $rows AS row MERGE (n:${label} {forereach: row.f}) SET n:${quote(kind)}, n += row.p`
        : `UNWIND $rows AS row MATCH (f:${label} {forereach: row.f}) MATCH (t:${label} {forereach: row.t})
${by} (f)-[r:${quote(kind)} {${["forereach: true", ...keys].join(", ")}}]->(t) SET r += row.p`;
    const marks = ends === undefined ? 1 : 2;
    for await (const batch of everything.batches(change, 5_000)) {
      const sent = batch.map((row) => ({
        ...{ f: row[0], t: row[marks - 1] },
        // A new relationship has nothing to take away.
        p: Object.fromEntries(
          columns
            .map(({ name }, at) => [name, row[marks + at]] as const)
            .filter(([, value]) => marks === 1 || value !== null),
        ),
      }));
      await connection.write((run) => run(cypher, { rows: sent }));
      rows += batch.length;
    }
  }
  everything.close();
  return rows;
}

/** The question as people first write it: patterns of variable length. */
export const PATTERN = (label: string, flow: "containment" | "acl"): string =>
  `MATCH (a:Agent&${quote(label)})-[:ACTS_AS]->(:Principal)-[:MEMBER_OF*0..10]->(p:Principal)-[g:GRANTED]->(:Scope)<-[:${flow === "acl" ? "INHERITS" : "WITHIN"}*0..8]-(s:Scope)
WHERE g.flow = '${flow}' WITH DISTINCT a, s RETURN count(*) AS n`;

/**
 * Pairs of agent and place, with the highest rights that any path gives, by levels: memberships to their end, grants of
 * those, keys of the accounts below, then lists one step down after the other. What holds for all below stays one pair, as
 * in CAN_REACH. Rights travel with the rows, and nothing is written.
 */
export async function reachByLevels(
  connection: Neo4jServerConnection,
  label: string,
): Promise<{ rows: number; note: string }> {
  const pairs = async (flow: "containment" | "acl"): Promise<number> => {
    // Who may list keys reads and writes all of an account, wherever above it he may.
    const below =
      flow === "acl"
        ? "MATCH (s)<-[:INHERITS*0..8]-(below:Scope) RETURN DISTINCT below, read AS reads, write AS writes"
        : `RETURN s AS below, read AS reads, write AS writes UNION
           MATCH (s)<-[:WITHIN*0..8]-(below:Scope) WHERE keys = 1 AND below.kind = 'StorageAccount'
           RETURN DISTINCT below, 1 AS reads, 1 AS writes`;
    const {
      rows: [row],
    } = await connection.read(
      `MATCH (a:Agent&${quote(label)})-[:ACTS_AS]->(me:Principal)
CALL (me) { MATCH (me)-[:MEMBER_OF*0..20]->(p:Principal) RETURN DISTINCT p }
MATCH (p)-[g:GRANTED]->(s:Scope) WHERE g.flow = '${flow}'
WITH a, s, max(CASE WHEN g.read THEN 1 ELSE 0 END) AS read, max(CASE WHEN g.write THEN 1 ELSE 0 END) AS write,
  max(CASE WHEN g.listKeys THEN 1 ELSE 0 END) AS keys
CALL (s, read, write, keys) { ${below} }
WITH a, below, max(reads) AS read, max(writes) AS write
RETURN count(*) AS n`,
    );
    return Number(row?.n ?? 0);
  };
  const [whole, lists] = [await pairs("containment"), await pairs("acl")];
  return { rows: whole + lists, note: `${whole.toLocaleString("en-US")} of them with all below` };
}

/**
 * What stands in CAN_REACH beside that: as many pairs, some of them with a row for each tier, such as `latent` for what an
 * agent that manages a place could give itself there.
 */
export async function publishedPairs(
  connection: Neo4jServerConnection,
  label: string,
): Promise<{ rows: number; note: string }> {
  const {
    rows: [row],
  } = await connection.read(
    `MATCH (a:Agent&${quote(label)})-[r:CAN_REACH]->(s:Scope) WITH a, s, count(r) AS rows
RETURN count(*) AS pairs, sum(rows) AS rows`,
  );
  return {
    rows: Number(row?.pairs ?? 0),
    note: `pairs, in ${Number(row?.rows).toLocaleString("en-US")} rows`,
  };
}

/** Reach of one agent after the other, round after round; the times of the last one count. */
export async function reachOfOne(
  server: Neo4jOptions,
  tenant: string,
  folder: string,
): Promise<{ rows: number; note: string }> {
  const store = openNeo4jStore({
    ...{ server, tenant, folder: join(folder, "reader") },
    deriver: openEmbeddedStore({ folder: join(folder, "first") }),
  });
  const ids = (await store.query("MATCH (a:Agent) RETURN a.id AS id ORDER BY id LIMIT $n", { n: READS })).map(
    ({ id }) => String(id),
  );
  const times: number[] = [];
  let rows = 0;
  for (let round = 0; round < ROUNDS; round++)
    for (const id of ids) {
      const start = performance.now();
      const found = await store.query(
        "MATCH (a:Agent)-[r:CAN_REACH]->(s:Scope) WHERE a.id = $id RETURN s.id AS scope, r.tier AS tier, r.read AS read, r.write AS write ORDER BY scope, tier",
        { id },
      );
      if (round < ROUNDS - 1) continue;
      times.push(performance.now() - start);
      rows += found.length;
    }
  await store.close();
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
  return {
    rows,
    note: `median ${at(0.5).toFixed(1)} ms, p95 ${at(0.95).toFixed(1)} ms, ${ids.length} agents`,
  };
}

const LAYERS = 10;
const WIDTH = 30;
const FOLD = 5;

/** Records of groups in layers, each in five of the next layer, the last ones in the first layer again. */
export function* nested(): Generator<string> {
  const node = (kind: string, id: string, props: Record<string, unknown>) =>
    JSON.stringify({ put: { kind, id, props } });
  const rel = (
    kind: string,
    from: readonly string[],
    to: readonly string[],
    props: Record<string, unknown> = {},
  ) =>
    JSON.stringify({
      put: { kind, from: { kind: from[0], id: from[1] }, to: { kind: to[0], id: to[1] }, props },
    });
  const group = (layer: number, at: number) => `g${layer}-${at % WIDTH}`;
  yield node("Scope", "place", { kind: "Container", plane: "azure" });
  for (let layer = 0; layer < LAYERS; layer++)
    for (let at = 0; at < WIDTH; at++) {
      yield node("Principal", group(layer, at), { kind: "Group" });
      for (let next = 0; next < FOLD; next++)
        yield rel(
          "MEMBER_OF",
          ["Principal", group(layer, at)],
          ["Principal", group((layer + 1) % LAYERS, at + next)],
        );
    }
  yield rel("GRANTED", ["Principal", group(LAYERS - 1, 0)], ["Scope", "place"], {
    ...{ key: "1", flow: "acl", read: true, see: true, tier: "now", certainty: "exact" },
  });
  for (let at = 0; at < WIDTH; at++) {
    yield node("Agent", `a${at}`, { kind: "AgentIdentity" });
    yield node("Principal", `a${at}`, { kind: "AgentIdentity" });
    yield rel("ACTS_AS", ["Agent", `a${at}`], ["Principal", `a${at}`], { key: "app", mode: "app" });
    yield rel("MEMBER_OF", ["Principal", `a${at}`], ["Principal", group(0, at)]);
  }
}

const ROUNDS_NESTED = 4;
/**
 * The rules to their end on both engines; on the server again and again, since it plans each statement the first time, and
 * compiles what it runs most in the next ones.
 */
export async function nestedGroups(server: Neo4jOptions, folder: string): Promise<void> {
  const inventory = await openInventory(":memory:", { now: () => new Date("2026-01-01T00:00:00Z") });
  async function* lines() {
    yield* nested();
  }
  await inventory.import("nested", lines());
  const snapshot = await inventory.snapshot();
  const source = {
    ...{ snapshot: snapshot.id, time: snapshot.time, gaps: [] },
    tables: await snapshot.export(join(folder, "nested")),
  };
  const embedded = openEmbeddedStore({ folder: join(folder, "nested-graph") });
  const scratch = openNeo4jScratch({ server, tenant: "nested" });
  const derive = async (name: string, store: GraphStore) => {
    await store.rebuild(source);
    const start = performance.now();
    for await (const _ of store.derive(loadRules()));
    const seconds = (performance.now() - start) / 1000;
    const [row] = await store.query("MATCH (:Agent)-[r:CAN_REACH]->(:Scope) RETURN count(r) AS n");
    line(name, `${seconds.toFixed(2)} s, ${Number(row?.n)} rows`, "2 s");
  };
  try {
    await derive("rules here", embedded);
    await derive("rules on Neo4j, first time", scratch);
    for (let round = 0; round < ROUNDS_NESTED; round++) await derive("rules on Neo4j, again", scratch);
    const start = performance.now();
    const [row] = await scratch.query(
      `MATCH (a:Agent)-[:ACTS_AS]->(:Principal)-[:MEMBER_OF*0..${LAYERS + 2}]->(p:Principal) WITH DISTINCT a, p
       MATCH (p)-[:GRANTED]->(s:Scope) WITH DISTINCT a, s RETURN count(*) AS n`,
    );
    const seconds = (performance.now() - start) / 1000;
    line("plain pattern on Neo4j", `${seconds.toFixed(2)} s, ${Number(row?.n)} rows`, "2 s");
  } finally {
    await embedded.close();
    await scratch.close();
    await inventory.close();
  }
}
