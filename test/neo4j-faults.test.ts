/** Whatever breaks a publication, there is one clear message, and the next run leads to the rows of an undisturbed one. */
import { randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Driver } from "neo4j-driver";
import { generate } from "selfsigned";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Neo4jServer, startNeo4j } from "../scripts/neo4j.ts";
import { tenantLabel } from "../src/graph/generate-neo4j.ts";
import { loadRules } from "../src/graph/rules.ts";
import { openEmbeddedStore } from "../src/graph/store-embedded.ts";
import { stateFiles } from "../src/graph/store-neo4j.ts";
import { type Published, publish, readPublication } from "../src/graph/store-neo4j-publish.ts";
import { connectNeo4j, type Neo4jOptions } from "../src/graph/store-neo4j-server.ts";
import { openInventory } from "../src/keep/inventory.ts";
import { type Row, StoreError } from "../src/model.ts";
import { type CutProxy, cutProxy } from "./cut-proxy.ts";
import { LIBRARY } from "./library.ts";
import { ask, emptyTenant, plainDriver, serverOptions } from "./neo4j.ts";

/** A state as files: what a publication starts from. */
interface State {
  snapshot: string;
  time: string;
  files: ReadonlyMap<string, string>;
}

/** Kills of a server, each with a start of it, and cuts of a connection. */
const KILLS = Number(process.env.FOREREACH_KILLS ?? "1");
const CUTS = Number(process.env.FOREREACH_CUTS ?? "8");
/** The same whole numbers in every run, from 0 up to, not including, `below`. */
const randomFrom = (seed: number): ((below: number) => number) => {
  let state = seed;
  return (below) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
};

let folder = "";
let driver: Driver;
let small: State;
let large: State;
/** What stands in the database after a first publication of each. */
let smallRows: string[];
let largeRows: string[];
const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

async function stateOf(lines: readonly string[], name: string): Promise<State> {
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
async function run(
  state: State,
  tenant: string,
  kept: string,
  options: Neo4jOptions = serverOptions(),
): Promise<Published> {
  const connection = await connectNeo4j(options);
  try {
    // Small batches: many moments at which something may break.
    return await publish(connection, { ...state, tenant, folder: kept, batch: 20 });
  } finally {
    await connection.close();
  }
}

const keptFolder = async (): Promise<string> => {
  const kept = await mkdtemp(join(tmpdir(), "forereach-kept-"));
  ends.push(() => rm(kept, { recursive: true, force: true }));
  return kept;
};

/** Everything that the database holds of a tenant, in words. */
async function contents(tenant: string, from = driver): Promise<string[]> {
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

/** A tenant of one test. */
const aTenant = (): string => {
  const { tenant, end } = emptyTenant(driver);
  ends.push(end);
  return tenant;
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "forereach-faults-"));
  driver = plainDriver();
  const other = LIBRARY.filter((line) => !line.includes("a-lab") && !line.includes("u-cy"))
    .map((line) =>
      line.replace('"name":"Payroll bot"', '"name":"Pay bot"').replace('"write":true', '"write":false'),
    )
    .concat(
      JSON.stringify({ put: { kind: "Principal", id: "g-old", props: { kind: "Group", name: "Old" } } }),
    );
  small = await stateOf(other, "small");
  large = await stateOf(LIBRARY, "large");
  const [one, two] = [emptyTenant(driver), emptyTenant(driver)];
  await run(small, one.tenant, join(folder, "one"));
  await run(large, two.tenant, join(folder, "two"));
  [smallRows, largeRows] = [await contents(one.tenant), await contents(two.tenant)];
  await one.end();
  await two.end();
});
afterAll(async () => {
  await driver.close();
  await rm(folder, { recursive: true, force: true });
});

test("a difference leads to what a first publication writes, and nothing is written twice", async () => {
  const step = aTenant();
  const kept = await keptFolder();
  expect(await run(small, step, kept)).toMatchObject({ how: "difference" });
  expect(await contents(step)).toEqual(smallRows);
  expect(smallRows).not.toEqual(largeRows);
  const second = await run(large, step, kept);
  expect(second.how).toBe("difference");
  expect(second.written).toBeGreaterThan(0);
  expect(await contents(step)).toEqual(largeRows);
  expect(await run(large, step, kept)).toEqual({ how: "unchanged", written: 0 });
});

test("without the files of the last state it compares with the server, and writes only what differs", async () => {
  const tenant = aTenant();
  await run(small, tenant, await keptFolder());
  const elsewhere = await run(large, tenant, await keptFolder());
  expect(elsewhere.how).toBe("compared");
  expect(await contents(tenant)).toEqual(largeRows);
  expect(await run(large, tenant, await keptFolder())).toEqual({ how: "compared", written: 0 });
  // An empty text in place of nothing is the same row, which is set right and not taken away.
  await ask(
    driver,
    `MATCH (:\`${tenantLabel(tenant)}\`)-[r:CAN_REACH]->() WHERE r.via IS NULL SET r.via = ''`,
  );
  expect((await run(large, tenant, await keptFolder())).written).toBeGreaterThan(0);
  expect(await contents(tenant)).toEqual(largeRows);
});

test("rows that somebody deleted come back", async () => {
  const tenant = aTenant();
  const kept = await keptFolder();
  await run(large, tenant, kept);
  const before = await contents(tenant);
  const label = tenantLabel(tenant);
  await ask(driver, `MATCH (:\`${label}\`)-[r:CAN_REACH]->() WITH r LIMIT 3 DELETE r`);
  await ask(driver, `MATCH (n:\`${label}\`:Label) DETACH DELETE n`);
  expect((await run(large, tenant, kept)).how).toBe("compared");
  expect(await contents(tenant)).toEqual(before);
});

describe("a shared database", () => {
  test("two tenants with the same ids stay apart", async () => {
    const [one, two] = [aTenant(), aTenant()];
    const [first, second] = [await keptFolder(), await keptFolder()];
    await run(large, one, first);
    await run(small, two, second);
    const before = await contents(one);
    await run(large, two, second);
    await run(small, two, second);
    expect(await contents(one)).toEqual(before);
  });

  test("nothing that others wrote is touched, not even what hangs on a node that goes", async () => {
    const tenant = aTenant();
    const kept = await keptFolder();
    const label = tenantLabel(tenant);
    await run(large, tenant, kept);
    const mark = randomUUID();
    await ask(
      driver,
      `MATCH (a:\`${label}\`:Agent {id: 'a-lab'}), (b:\`${label}\`:Agent {id: 'a-invoice'}), (s:\`${label}\`:Scope {id: '/'})
CREATE (note:Note:Agent {mark: $mark, id: 'a-lab'})-[:ABOUT {mark: $mark}]->(a), (note)-[:ABOUT]->(b), (b)-[:CAN_REACH {mark: $mark}]->(s)
SET b.note = 'ours', b:Reviewed`,
      { mark },
    );
    await run(small, tenant, kept);
    const [kept1] = await ask(driver, "MATCH (n:Note {mark: $mark})-[r:ABOUT]->(x) RETURN count(r) AS n", {
      mark,
    });
    expect(kept1).toEqual({ n: 2 });
    expect(
      await ask(driver, "MATCH ()-[r:CAN_REACH {mark: $mark}]->() RETURN count(r) AS n", { mark }),
    ).toEqual([{ n: 1 }]);
    expect(
      await ask(driver, `MATCH (b:\`${label}\`:Agent:Reviewed {id: 'a-invoice'}) RETURN b.note AS note`),
    ).toEqual([{ note: "ours" }]);
    // The agent is gone for readers; the node that the note is about is not.
    expect(await ask(driver, `MATCH (a:\`${label}\` {id: 'a-lab'}) RETURN count(a) AS n`)).toEqual([
      { n: 0 },
    ]);
    expect(
      await ask(driver, "MATCH (:Note {mark: $mark})-->(g:ForereachGone) RETURN g.id AS id", { mark }),
    ).toEqual([{ id: "a-lab" }]);
    await ask(driver, "MATCH (n:Note {mark: $mark}) DETACH DELETE n", { mark });
  });
});

describe("a connection that is cut", () => {
  let proxy: CutProxy;
  beforeAll(async () => {
    proxy = await cutProxy(Number(new URL(serverOptions().uri).port));
  });
  afterAll(() => proxy.close());
  const through = (): Neo4jOptions => ({
    ...serverOptions(),
    uri: serverOptions().uri.replace(/:\d+$/, `:${proxy.port}`),
    patience: 0,
  });

  test(`at random moments, ${CUTS} of them: an error that says so, a state that says it is not whole, and a next run that mends it`, async () => {
    const tenant = aTenant();
    const kept = await keptFolder();
    await run(small, tenant, kept);
    const start = proxy.sent();
    await run(large, tenant, kept, through());
    const bytes = proxy.sent() - start;
    let broken = 0;
    const random = randomFrom(20_260);
    for (let round = 0; round < CUTS; round++) {
      const [next, rows] = round % 2 === 0 ? [small, smallRows] : [large, largeRows];
      proxy.cutAfter(1 + random(bytes));
      const error = await run(next, tenant, kept, through()).catch((one: unknown) => one);
      proxy.cutAfter(undefined);
      if (error instanceof Error) {
        broken++;
        expect(error).toBeInstanceOf(StoreError);
        expect(error).toMatchObject({ code: "neo4j-unreachable" });
        expect(error.message.split("\n")).toHaveLength(1);
      }
      await run(next, tenant, kept);
      expect(await contents(tenant), `after a cut in round ${round}`).toEqual(rows);
    }
    expect(broken).toBeGreaterThan(CUTS * 0.7);
  }, 600_000);

  test("a reader sees that the publication is not whole", async () => {
    const tenant = aTenant();
    const kept = await keptFolder();
    await run(small, tenant, kept);
    const cut = await connectNeo4j(through());
    // After its first batch, whatever that is.
    const state = { ...large, tenant, folder: kept, batch: 20, onStage: () => proxy.cutAfter(0) };
    await expect(publish(cut, state)).rejects.toMatchObject({ code: "neo4j-unreachable" });
    await cut.close();
    proxy.cutAfter(undefined);
    const connection = await connectNeo4j(serverOptions());
    ends.push(() => connection.close());
    expect(await readPublication(connection, tenant)).toMatchObject({
      state: "publishing",
      snapshot: large.snapshot,
    });
    await run(large, tenant, kept);
    expect(await readPublication(connection, tenant)).toMatchObject({
      state: "complete",
      snapshot: large.snapshot,
    });
  });
});

describe("two publishers at once", () => {
  test("one of them publishes a whole state, and the other says what happened", async () => {
    for (let round = 0; round < 3; round++) {
      const tenant = aTenant();
      const outcomes = await Promise.allSettled([
        run(small, tenant, await keptFolder()),
        run(large, tenant, await keptFolder()),
      ]);
      const errors = outcomes.flatMap((one) => (one.status === "rejected" ? [one.reason] : []));
      expect(errors.length).toBeLessThan(2);
      for (const error of errors) expect(error).toMatchObject({ code: "neo4j-taken-over" });
      const found = JSON.stringify(await contents(tenant));
      const either = [smallRows, largeRows].map((rows) => JSON.stringify(rows));
      expect(either).toContain(found);
    }
  });
});

describe("another version of the program", () => {
  const versioned = async (version: number): Promise<{ tenant: string; kept: string }> => {
    const tenant = aTenant();
    const kept = await keptFolder();
    await run(small, tenant, kept);
    const label = tenantLabel(tenant);
    await ask(driver, "MATCH (p:Publication {tenant: $tenant}) SET p.version = $version", {
      tenant,
      version,
    });
    await ask(
      driver,
      `MATCH (a:\`${label}\`:Agent {id: 'a-invoice'}) CREATE (a)-[:REACHED_ONCE {forereach: true}]->(:Robot:\`${label}\` {forereach: 'Robot r', id: 'r'}) SET a.name = 'Old name'`,
    );
    return { tenant, kept };
  };

  test("what a newer one published is left alone", async () => {
    const { tenant, kept } = await versioned(99);
    const before = await contents(tenant);
    await expect(run(large, tenant, kept)).rejects.toMatchObject({
      code: "newer-version",
      name: "StoreError",
    });
    expect(await contents(tenant)).toEqual(before);
  });

  test("what an older one published becomes what this one publishes, with the kinds gone that it had", async () => {
    const { tenant, kept } = await versioned(0);
    expect((await run(large, tenant, kept)).how).toBe("compared");
    expect(await contents(tenant)).toEqual(largeRows);
  });
});

test("an address that asks for routing leads to the same server, and a reader sees what was published", async () => {
  const tenant = aTenant();
  const routed = { ...serverOptions(), uri: serverOptions().uri.replace(/^bolt/, "neo4j") };
  await run(small, tenant, await keptFolder(), routed);
  expect(await contents(tenant)).toEqual(smallRows);
  const connection = await connectNeo4j(routed);
  ends.push(() => connection.close());
  expect(await readPublication(connection, tenant)).toMatchObject({ state: "complete" });
});

describe("a server that refuses", () => {
  const refused = async (options: Neo4jOptions) =>
    run(small, aTenant(), await keptFolder(), options).catch((error: unknown) => error);

  test.each([
    ["a wrong password", { password: "wrong-password" }, "neo4j-password"],
    ["no such database", { database: "nosuch" }, "neo4j-database"],
    ["nobody at the port", { uri: "bolt://127.0.0.1:1" }, "neo4j-unreachable"],
  ] as const)("%s", async (_, change, code) => {
    const error = await refused({ ...serverOptions(), ...change, patience: 0 });
    expect(error).toBeInstanceOf(StoreError);
    expect(error).toMatchObject({ code });
    expect(String((error as Error).message)).not.toContain(serverOptions().password);
  });

  test("an address that is none", async () => {
    expect(await refused({ ...serverOptions(), uri: "http://127.0.0.1" })).toMatchObject({
      code: "neo4j-uri",
      name: "ConfigError",
    });
  });
});

describe("a server of one's own", () => {
  let server: Neo4jServer | undefined;
  afterEach(async () => {
    await server?.stop();
    server = undefined;
  });
  const optionsOf = (one: Neo4jServer): Neo4jOptions => ({
    uri: one.uri,
    user: one.user,
    password: one.password,
    patience: 0,
  });

  /** A certificate of one's own for loopback, as files. */
  const certificate = async (place: string): Promise<{ key: string; cert: string }> => {
    const made = await generate([{ name: "commonName", value: "localhost" }], {
      algorithm: "sha256",
      extensions: [
        { name: "basicConstraints", cA: true, critical: true },
        { name: "subjectAltName", altNames: [{ type: 7, ip: "127.0.0.1" }] },
      ],
    });
    const [key, cert] = [join(place, "key.pem"), join(place, "cert.pem")];
    await writeFile(key, made.private, { mode: 0o600 });
    await writeFile(cert, made.cert);
    return { key, cert };
  };

  test(`that is killed at random points, ${KILLS} of them, over an encrypted connection, ends with the rows of an undisturbed one; one that takes no writes says so`, async () => {
    const home = await mkdtemp(join(tmpdir(), "forereach-killed-"));
    ends.push(() => rm(home, { recursive: true, force: true }));
    const tls = await certificate(home);
    const [tenant, kept] = [randomUUID(), await keptFolder()];
    server = await startNeo4j({ home, tls, quick: true });
    expect(server.uri).toMatch(/^bolt\+ssc:/);
    const { password, port } = server;
    await run(small, tenant, kept, optionsOf(server));
    const trusted = { ...optionsOf(server), uri: `bolt+s://127.0.0.1:${port}`, ca: tls.cert };
    expect(await run(small, tenant, kept, trusted)).toMatchObject({ how: "unchanged" });
    for (const uri of [`bolt://127.0.0.1:${port}`, `bolt+s://127.0.0.1:${port}`])
      await expect(run(small, tenant, kept, { ...optionsOf(server), uri })).rejects.toMatchObject({
        code: "neo4j-unreachable",
        name: "StoreError",
      });

    const random = randomFrom(20_261);
    for (let round = 0; round < KILLS; round++) {
      const [next, rows] = round % 2 === 0 ? [large, largeRows] : [small, smallRows];
      const victim = server;
      const last = 1 + random(14);
      const wait = random(15);
      let batches = 0;
      const connection = await connectNeo4j(optionsOf(victim));
      const error = await publish(connection, {
        ...{ ...next, tenant, folder: kept, batch: 20 },
        onStage: () => {
          if (++batches === last) setTimeout(() => void victim.kill(), wait);
        },
      }).catch((one: unknown) => one);
      await connection.close();
      // It may have ended in the last moment before.
      if (error instanceof Error)
        expect(error).toMatchObject({ code: "neo4j-unreachable", name: "StoreError" });
      await victim.kill();
      server = await startNeo4j({ home, port, password, tls, quick: true });
      await run(next, tenant, kept, optionsOf(server));
      const own = plainDriver(optionsOf(server));
      expect(await contents(tenant, own), `killed at batch ${last}, ${wait} ms later`).toEqual(rows);
      await own.close();
    }
    await server.stop();

    server = await startNeo4j({
      ...{ home, port, password, tls, quick: true },
      settings: ["server.databases.default_to_read_only=true"],
    });
    const [there, other] = KILLS % 2 === 0 ? [small, large] : [large, small];
    await expect(run(other, tenant, kept, optionsOf(server))).rejects.toMatchObject({
      code: "neo4j-read-only",
      name: "StoreError",
    });
    expect(await run(there, tenant, kept, optionsOf(server))).toMatchObject({ how: "unchanged" });
  }, 3_600_000);
});
