/**
 * Publication to Neo4j: the first one, one after 1 % of the grants changed, one with nothing changed, beside writing
 * everything again; and the reach of one agent. `--size` 1 is the estate of 10,000 agents (see estate.ts). The server
 * is the one of FOREREACH_NEO4J_URI, or one that is started for this.
 */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { DuckDBInstance } from "@duckdb/node-api";
import { type Neo4jServer, startNeo4j } from "../scripts/neo4j.ts";
import { DIALECTS } from "../src/graph/generate.ts";
import { tenantLabel } from "../src/graph/generate-neo4j.ts";
import { loadRules } from "../src/graph/rules.ts";
import type { GraphSource } from "../src/graph/store.ts";
import { openEmbeddedStore } from "../src/graph/store-embedded.ts";
import { openNeo4jStore, stateFiles } from "../src/graph/store-neo4j.ts";
import { nextState } from "../src/graph/store-neo4j-difference.ts";
import { publish } from "../src/graph/store-neo4j-publish.ts";
import { connectNeo4j, type Neo4jServerConnection } from "../src/graph/store-neo4j-server.ts";
import type { GraphTable } from "../src/keep/inventory.ts";
import { makeEstate } from "./estate.ts";
import { line } from "./meter.ts";

const TENANT = "bench";
const READS = 200;

const { values } = parseArgs({ options: { size: { type: "string", default: "0.1" } } });
const size = Number(values.size);

async function timed<T>(work: () => Promise<T>): Promise<{ seconds: number; value: T }> {
  const start = performance.now();
  const value = await work();
  return { seconds: (performance.now() - start) / 1000, value };
}

/** A copy of the estate in which one grant of a hundred gives what it did not. */
async function withChangedGrants(tables: readonly GraphTable[], folder: string): Promise<GraphTable[]> {
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

/** What most tools do: every row again, by MERGE. */
async function writeAllAgain(
  connection: Neo4jServerConnection,
  state: string,
  files: ReadonlyMap<string, string>,
): Promise<number> {
  const { quote } = DIALECTS.neo4j;
  const label = quote(tenantLabel(TENANT));
  const everything = await nextState(state, files, undefined);
  let rows = 0;
  for (const change of everything.changes) {
    const { kind, ends, identity } = change.table;
    const keys = identity.map((name) => `${quote(name)}: coalesce(row.p.${quote(name)}, '')`);
    const cypher =
      ends === undefined
        ? `UNWIND $rows AS row MERGE (n:${label} {forereach: row.k}) SET n:${quote(kind)}, n += row.p`
        : `UNWIND $rows AS row MATCH (f:${label} {forereach: row.f}) MATCH (t:${label} {forereach: row.t})
MERGE (f)-[r:${quote(kind)} {${["forereach: true", ...keys].join(", ")}}]->(t) SET r += row.p`;
    for await (const batch of everything.batches(change, 5_000)) {
      await connection.write((run) => run(cypher, { rows: batch }));
      rows += batch.length;
    }
  }
  everything.close();
  return rows;
}

async function main(folder: string, started: Neo4jServer | undefined): Promise<void> {
  const { FOREREACH_NEO4J_URI, FOREREACH_NEO4J_USER, FOREREACH_NEO4J_PASSWORD } = process.env;
  const server = started ?? {
    uri: FOREREACH_NEO4J_URI!,
    user: FOREREACH_NEO4J_USER ?? "neo4j",
    password: FOREREACH_NEO4J_PASSWORD ?? "",
  };
  const options = { uri: server.uri, user: server.user, password: server.password };
  const rules = loadRules();
  const tables = await makeEstate(size, join(folder, "estate"));
  const stateOf = async (name: string, of: readonly GraphTable[]) => {
    const source: GraphSource = { snapshot: name, time: "2026-01-01T00:00:00Z", gaps: [], tables: of };
    const store = openEmbeddedStore({ folder: join(folder, name) });
    await store.rebuild(source);
    for await (const _ of store.derive(rules));
    await mkdir(join(folder, `${name}-files`));
    const files = await stateFiles(source, store, join(folder, `${name}-files`));
    await store.close();
    return {
      ...{ tenant: TENANT, snapshot: name, time: source.time, files },
      folder: join(folder, "published"),
    };
  };
  const first = await stateOf("first", tables);
  const second = await stateOf("second", await withChangedGrants(tables, join(folder, "changed")));
  process.stdout.write(
    `Publication to Neo4j, size ${size} of the estate, load ${loadavg()[0]!.toFixed(1)}\n`,
  );
  const connection = await connectNeo4j(options);
  try {
    const say = async (what: string, work: () => Promise<number>, target?: string) => {
      const { seconds, value } = await timed(work);
      line(what, `${seconds.toFixed(2)} s for ${value.toLocaleString("en-US")} rows`, target);
    };
    await say("first publication", async () => (await publish(connection, first)).written);
    await say("nothing changed", async () => (await publish(connection, first)).written, "1 s");
    await say("1 % of the grants changed", async () => (await publish(connection, second)).written, "5 s");
    await rm(join(folder, "published"), { recursive: true });
    await say("no local copy: compared", async () => (await publish(connection, first)).written);
    const state = join(folder, "everything");
    await mkdir(state);
    await say("everything again, by MERGE", () => writeAllAgain(connection, state, first.files));
  } finally {
    await connection.close();
  }
  const store = openNeo4jStore({
    ...{ server: options, tenant: TENANT, folder: join(folder, "reader") },
    deriver: openEmbeddedStore({ folder: join(folder, "first") }),
  });
  const ids = (await store.query("MATCH (a:Agent) RETURN a.id AS id ORDER BY id LIMIT $n", { n: READS })).map(
    ({ id }) => String(id),
  );
  const times: number[] = [];
  for (let round = 0; round < 2; round++)
    for (const id of ids) {
      const { seconds } = await timed(() =>
        store.query(
          "MATCH (a:Agent)-[r:CAN_REACH]->(s:Scope) WHERE a.id = $id RETURN s.id AS scope, r.tier AS tier, r.read AS read, r.write AS write ORDER BY scope, tier",
          { id },
        ),
      );
      if (round === 1) times.push(seconds * 1000);
    }
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
  line(
    "reach of one agent, warm",
    `median ${at(0.5).toFixed(1)} ms, p95 ${at(0.95).toFixed(1)} ms`,
    "p95 20 ms",
  );
  await store.close();
}

const started = process.env.FOREREACH_NEO4J_URI === undefined ? await startNeo4j() : undefined;
const folder = await mkdtemp(join(tmpdir(), "forereach-bench-"));
try {
  await main(folder, started);
} finally {
  await rm(folder, { recursive: true, force: true });
  await started?.stop();
}
