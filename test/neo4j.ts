/** What tests with a Neo4j server share: its address, a plain session, worlds as files, a store that publishes. */
import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import neo4j, { type Driver } from "neo4j-driver";
import { tenantLabel } from "../src/graph/generate-neo4j.ts";
import { loadRules, type Rule } from "../src/graph/rules.ts";
import type { Gap, GraphStore } from "../src/graph/store.ts";
import { openEmbeddedStore } from "../src/graph/store-embedded.ts";
import { type Neo4jStore, openNeo4jStore } from "../src/graph/store-neo4j.ts";
import type { Neo4jOptions } from "../src/graph/store-neo4j-server.ts";
import { openInventory } from "../src/keep/inventory.ts";
import type { Params, Row } from "../src/model.ts";
import type { Copy } from "../src/reach/copies.ts";
import { createDecoder } from "../src/reach/paths.ts";

const RULES = loadRules();

/** The server that the setup named. */
export function serverOptions(): Neo4jOptions {
  const {
    FOREREACH_NEO4J_URI: uri,
    FOREREACH_NEO4J_USER: user,
    FOREREACH_NEO4J_PASSWORD: password,
  } = process.env;
  if (uri === undefined || password === undefined)
    throw new Error("FOREREACH_NEO4J_URI and _PASSWORD are not set");
  return { uri, user: user ?? "neo4j", password, patience: 5_000 };
}

export const newTenant = (): string => randomUUID();

/** Tenants that one worker has at the same time. */
const MOST = 2;
/** Those of each worker (`VITEST_POOL_ID`) of a run. */
export const tenantsOf = (run: string, workers: number): string[] =>
  Array.from({ length: workers * MOST }, (_, at) => `${run}-${Math.floor(at / MOST) + 1}-${at % MOST}`);

let free: string[] | undefined;
/**
 * A tenant of which the server has nothing, until `end`. It is another test's afterwards, also in the next file of the same
 * worker: statements name the tenant, so for a new one the server plans all of them anew, and after a new constraint those
 * of everybody, which takes seconds. The setup made the constraints of these.
 */
export function emptyTenant(driver: Driver): { tenant: string; end(): Promise<void> } {
  const { FOREREACH_TEST_RUN: of = "", VITEST_POOL_ID: worker = "" } = process.env;
  free ??= tenantsOf(of, Number(worker)).slice(-MOST);
  const tenant = free.pop() ?? newTenant();
  return {
    tenant,
    async end() {
      await ask(driver, `MATCH (n:\`${tenantLabel(tenant)}\`) DETACH DELETE n`);
      await ask(driver, "MATCH (p:Publication {tenant: $tenant}) DELETE p", { tenant });
      free?.push(tenant);
    },
  };
}

/** A driver of the test's own, past everything of the product. */
export function plainDriver(options = serverOptions()): Driver {
  return neo4j.driver(options.uri, neo4j.auth.basic(options.user, options.password), {
    disableLosslessIntegers: true,
  });
}

export async function ask(driver: Driver, cypher: string, params: Params = {}): Promise<Row[]> {
  return (await driver.executeQuery(cypher, params)).records.map((record) => record.toObject());
}

/** Temporary folders and stores of one test; `end` closes and removes all. */
export class Stage {
  readonly #ends: (() => Promise<unknown>)[] = [];

  onEnd(end: () => Promise<unknown>): void {
    this.#ends.unshift(end);
  }

  async folder(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), "forereach-test-"));
    this.#ends.push(() => rm(folder, { recursive: true, force: true }));
    return folder;
  }

  async embedded(folder?: string): Promise<GraphStore> {
    const store = openEmbeddedStore({
      folder: join(folder ?? (await this.folder()), "graph"),
      pool: 256 * 1024 * 1024,
    });
    this.onEnd(() => store.close());
    return store;
  }

  async neo4j(tenant: string, deriver: GraphStore): Promise<Neo4jStore> {
    const folder = join(await this.folder(), "published");
    const store = openNeo4jStore({ server: serverOptions(), tenant, folder, deriver });
    this.onEnd(() => store.close());
    return store;
  }

  async end(): Promise<void> {
    for (const end of this.#ends.splice(0)) await end();
  }
}

/** Imports the lines, fills the store, derives. */
export async function fill(
  store: GraphStore,
  lines: readonly string[],
  stage: Stage,
  gaps: readonly Gap[] = [],
  rules: readonly Rule[] = RULES,
): Promise<void> {
  const folder = await stage.folder();
  const inventory = await openInventory(":memory:", { now: () => new Date("2026-01-01T00:00:00Z") });
  async function* each() {
    yield* lines;
  }
  try {
    await inventory.import("world", each());
    const snapshot = await inventory.snapshot();
    const tables = await snapshot.export(join(folder, "export"));
    await store.rebuild({ snapshot: snapshot.id, time: snapshot.time, gaps, tables });
    for await (const _ of store.derive(rules));
  } finally {
    await inventory.close();
  }
}

/** Every row of CAN_REACH with its witness as ids, in an order of its own. */
export async function reachOf(store: Pick<GraphStore, "query">): Promise<Row[]> {
  const rows = await store.query(
    `MATCH (a:Agent)-[r:CAN_REACH]->(s:Scope)
     RETURN a.id AS agent, s.id AS scope, r.mode AS mode, coalesce(r.via, '') AS via, r.tier AS tier, r.hops AS hops, r.discover AS discover,
     r.read AS read, r.write AS write, r.manage AS manage, r.certainty AS certainty, r.reason_code AS reason,
     r.subtree AS subtree, r.absorbed AS absorbed, r.top AS top, r.readable_items AS items, r.readable_sensitive AS sensitive,
     r.readable_unlabeled_sensitive AS unlabeled, r.steps AS steps, r.grant AS grant, r.regrant AS regrant, r.person AS person
     ORDER BY agent, scope, mode, via, tier`,
  );
  const keyOf = (row: Row): string =>
    JSON.stringify([row.agent, row.scope, row.mode, row.via ?? "", row.tier]);
  const copies = new Map<string, Copy>();
  for (const row of await store.query(
    `MATCH (a:Agent)-[c:READS_COPY]->(s:Scope)
     RETURN a.id AS agent, s.id AS scope, c.mode AS mode, c.via AS via, c.tier AS tier, c.copy AS place, c.embedded AS embedded`,
  ))
    copies.set(keyOf(row), { place: String(row.place), embedded: row.embedded === true });
  // The code of a grant is a name of its own in each store; the witness that it stands for is not.
  const paths = await createDecoder((cypher, params) => store.query(cypher, params))(
    rows.map((row) => ({
      ...{
        agent: String(row.agent),
        mode: String(row.mode),
        via: String(row.via ?? ""),
        tier: String(row.tier),
        scope: String(row.scope),
      },
      ...{ hops: Number(row.hops), steps: Number(row.steps), grant: Number(row.grant) },
      regrant: row.regrant === true,
      person: String(row.person ?? ""),
      ...(copies.has(keyOf(row)) ? { copy: copies.get(keyOf(row))! } : {}),
    })),
  );
  return rows.map(({ grant: _, ...row }, index) => ({ ...row, path: paths[index] }));
}
