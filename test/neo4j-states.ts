/** What tests of faults share: two states as files, a run that publishes one, and what then stands in the database. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Driver } from "neo4j-driver";
import { afterAll, afterEach, beforeAll } from "vitest";
import { tenantLabel } from "../src/graph/generate-neo4j.ts";
import { loadRules } from "../src/graph/rules.ts";
import { openEmbeddedStore } from "../src/graph/store-embedded.ts";
import { stateFiles } from "../src/graph/store-neo4j.ts";
import { type Published, publish } from "../src/graph/store-neo4j-publish.ts";
import { connectNeo4j, type Neo4jOptions } from "../src/graph/store-neo4j-server.ts";
import { openInventory } from "../src/keep/inventory.ts";
import type { Row } from "../src/model.ts";
import { LIBRARY } from "./library.ts";
import { ask, emptyTenant, plainDriver, serverOptions } from "./neo4j.ts";

/** A state as files: what a publication starts from. */
export interface State {
  snapshot: string;
  time: string;
  files: ReadonlyMap<string, string>;
}

/** The same whole numbers in every run, from 0 up to, not including, `below`. */
export const randomFrom = (seed: number): ((below: number) => number) => {
  let state = seed;
  return (below) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
};

/** What a file of tests that publish shares; `end` of a test removes its tenants and folders. */
export interface Publishing {
  driver: Driver;
  small: State;
  large: State;
  /** What stands in the database after a first publication of each. */
  rows: { small: string[]; large: string[] };
  /** A tenant of one test, of which the server has nothing. */
  tenant(): string;
  /** A folder of one test. */
  folder(): Promise<string>;
  onEnd(end: () => Promise<unknown>): void;
}

/** Sets it up before the tests of the file that calls it. */
export function publishing(): Publishing {
  const ends: (() => Promise<unknown>)[] = [];
  const onEnd = (end: () => Promise<unknown>): void => void ends.push(end);
  const endAll = async () => {
    for (const end of ends.splice(0)) await end();
  };
  const stage = {
    onEnd,
    tenant() {
      const { tenant, end } = emptyTenant(stage.driver);
      onEnd(end);
      return tenant;
    },
    async folder() {
      const folder = await mkdtemp(join(tmpdir(), "forereach-kept-"));
      onEnd(() => rm(folder, { recursive: true, force: true }));
      return folder;
    },
  } as Publishing;
  let files = "";
  beforeAll(async () => {
    files = await mkdtemp(join(tmpdir(), "forereach-states-"));
    stage.driver = plainDriver();
    Object.assign(stage, await twoStates(files));
    const first = async (state: State): Promise<string[]> => {
      const tenant = stage.tenant();
      await run(state, tenant, await stage.folder());
      const found = await contents(tenant, stage.driver);
      await endAll();
      return found;
    };
    stage.rows = { small: await first(stage.small), large: await first(stage.large) };
  });
  afterEach(endAll);
  afterAll(async () => {
    await stage.driver.close();
    await rm(files, { recursive: true, force: true });
  });
  return stage;
}

/** The library of queries, and the same with a little more and a little less. */
export async function twoStates(folder: string): Promise<{ small: State; large: State }> {
  const other = LIBRARY.filter((line) => !line.includes("a-lab") && !line.includes("u-cy"))
    .map((line) =>
      line.replace('"name":"Payroll bot"', '"name":"Pay bot"').replace('"write":true', '"write":false'),
    )
    .concat(
      JSON.stringify({ put: { kind: "Principal", id: "g-old", props: { kind: "Group", name: "Old" } } }),
    );
  return { small: await stateOf(folder, other, "small"), large: await stateOf(folder, LIBRARY, "large") };
}

async function stateOf(folder: string, lines: readonly string[], name: string): Promise<State> {
  const place = join(folder, name);
  const inventory = await openInventory(":memory:", { now: () => new Date("2026-01-01T00:00:00Z") });
  const store = openEmbeddedStore({ folder: join(place, "graph"), pool: 256 * 1024 * 1024 });
  try {
    await inventory.import(
      "world",
      (async function* () {
        yield* lines;
      })(),
    );
    const snapshot = await inventory.snapshot();
    const source = {
      ...{ snapshot: snapshot.id, time: snapshot.time, gaps: [] },
      tables: await snapshot.export(join(place, "export")),
    };
    await store.rebuild(source);
    for await (const _ of store.derive(loadRules()));
    return { snapshot: snapshot.id, time: snapshot.time, files: await stateFiles(source, store, place) };
  } finally {
    await store.close();
    await inventory.close();
  }
}

/** Publishes as a run of its own would: a new connection, closed at the end. */
export async function run(
  state: State,
  tenant: string,
  kept: string,
  options: Neo4jOptions = serverOptions(),
  onStage: () => unknown = () => {},
): Promise<Published> {
  const connection = await connectNeo4j(options);
  try {
    // Small batches: many moments at which something may break.
    return await publish(connection, { ...state, tenant, folder: kept, batch: 20, onStage });
  } finally {
    await connection.close();
  }
}

/** Everything that the database holds of a tenant, in words. */
export async function contents(tenant: string, from: Driver): Promise<string[]> {
  const label = tenantLabel(tenant);
  const nodes = await ask(
    from,
    `MATCH (n:\`${label}\`) RETURN [l IN labels(n) WHERE l <> $label] AS labels, properties(n) AS props`,
    { label },
  );
  const rels = await ask(
    from,
    `MATCH (f:\`${label}\`)-[r]->(t:\`${label}\`) RETURN f.forereach AS f, type(r) AS type, properties(r) AS props, t.forereach AS t`,
  );
  // Codes are names for principals and grants: what they name has to be equal, not they.
  const names = new Map<unknown, string>();
  for (const { props } of nodes as { props: Row }[])
    if (props.code !== undefined) names.set(props.code, String(props.id));
  for (const { f, t, type, props } of rels as { f: string; t: string; type: string; props: Row }[])
    if (type === "GRANTED") names.set(props.code, `${f} ${t} ${props.key}`);
  const decoded = (props: Row): Row => ({
    ...props,
    ...{ tenant: undefined, code: undefined },
    ...(props.grant === undefined ? {} : { grant: names.get(props.grant) ?? "nothing" }),
    ...(typeof props.path === "string"
      ? { path: props.path.replace(/[0-9A-Z]{5}/g, (code) => ` ${names.get(code) ?? "nobody"}`) }
      : {}),
  });
  const text = (row: Row) =>
    JSON.stringify({ ...row, props: decoded(row.props as Row) }, (_, one: unknown) =>
      isPlain(one) ? sortedKeys(one) : one,
    );
  return [...nodes, ...rels].map(text).sort();
}
const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const sortedKeys = (value: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
