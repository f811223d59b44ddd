/** Whatever breaks a publication, there is one clear message, and the next run leads to the rows of an undisturbed one. */
import { randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Driver } from "neo4j-driver";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { tenantLabel } from "../src/graph/generate-neo4j.ts";
import { publish, readPublication } from "../src/graph/store-neo4j-publish.ts";
import { connectNeo4j, type Neo4jOptions } from "../src/graph/store-neo4j-server.ts";
import { StoreError } from "../src/model.ts";
import { type Change, type Cluster, startCluster } from "./bolt-router.ts";
import { type CutProxy, cutProxy } from "./cut-proxy.ts";
import { run as cli, newFolder } from "./e2e/cli.ts";
import { LIBRARY } from "./library.ts";
import { ask, emptyTenant, plainDriver, serverOptions } from "./neo4j.ts";
import { contents, randomFrom, run, type State, twoStates } from "./neo4j-states.ts";

/** Cuts of a connection. */
const CUTS = Number(process.env.FOREREACH_CUTS ?? "4");
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

const keptFolder = async (): Promise<string> => {
  const kept = await mkdtemp(join(tmpdir(), "forereach-kept-"));
  ends.push(() => rm(kept, { recursive: true, force: true }));
  return kept;
};

/** A tenant of one test. */
const aTenant = (): string => {
  const { tenant, end } = emptyTenant(driver);
  ends.push(end);
  return tenant;
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "forereach-faults-"));
  driver = plainDriver();
  ({ small, large } = await twoStates(folder));
  const [one, two] = [emptyTenant(driver), emptyTenant(driver)];
  await run(small, one.tenant, join(folder, "one"));
  await run(large, two.tenant, join(folder, "two"));
  [smallRows, largeRows] = [await contents(one.tenant, driver), await contents(two.tenant, driver)];
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
  expect(await contents(step, driver)).toEqual(smallRows);
  expect(smallRows).not.toEqual(largeRows);
  const second = await run(large, step, kept);
  expect(second.how).toBe("difference");
  expect(second.written).toBeGreaterThan(0);
  expect(await contents(step, driver)).toEqual(largeRows);
  expect(await run(large, step, kept)).toEqual({ how: "unchanged", written: 0 });
});

test("without the files of the last state it compares with the server, and writes only what differs", async () => {
  const tenant = aTenant();
  await run(small, tenant, await keptFolder());
  const elsewhere = await run(large, tenant, await keptFolder());
  expect(elsewhere.how).toBe("compared");
  expect(await contents(tenant, driver)).toEqual(largeRows);
  expect(await run(large, tenant, await keptFolder())).toEqual({ how: "compared", written: 0 });
  // An empty text in place of nothing is the same row, which is set right and not taken away.
  await ask(
    driver,
    `MATCH (:\`${tenantLabel(tenant)}\`)-[r:CAN_REACH]->() WHERE r.via IS NULL SET r.via = ''`,
  );
  expect((await run(large, tenant, await keptFolder())).written).toBeGreaterThan(0);
  expect(await contents(tenant, driver)).toEqual(largeRows);
});

test("rows that somebody deleted come back", async () => {
  const tenant = aTenant();
  const kept = await keptFolder();
  await run(large, tenant, kept);
  const before = await contents(tenant, driver);
  const label = tenantLabel(tenant);
  await ask(driver, `MATCH (:\`${label}\`)-[r:CAN_REACH]->() WITH r LIMIT 3 DELETE r`);
  await ask(driver, `MATCH (n:\`${label}\`:Label) DETACH DELETE n`);
  expect((await run(large, tenant, kept)).how).toBe("compared");
  expect(await contents(tenant, driver)).toEqual(before);
});

describe("a shared database", () => {
  test("two tenants with the same ids stay apart", async () => {
    const [one, two] = [aTenant(), aTenant()];
    const [first, second] = [await keptFolder(), await keptFolder()];
    await run(large, one, first);
    await run(small, two, second);
    const before = await contents(one, driver);
    await run(large, two, second);
    await run(small, two, second);
    expect(await contents(one, driver)).toEqual(before);
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
      expect(await contents(tenant, driver), `after a cut in round ${round}`).toEqual(rows);
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
    for (let round = 0; round < 2; round++) {
      const tenant = aTenant();
      const outcomes = await Promise.allSettled([
        run(small, tenant, await keptFolder()),
        run(large, tenant, await keptFolder()),
      ]);
      const errors = outcomes.flatMap((one) => (one.status === "rejected" ? [one.reason] : []));
      expect(errors.length).toBeLessThan(2);
      for (const error of errors) expect(error).toMatchObject({ code: "neo4j-taken-over" });
      const found = JSON.stringify(await contents(tenant, driver));
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
    const before = await contents(tenant, driver);
    await expect(run(large, tenant, kept)).rejects.toMatchObject({
      code: "newer-version",
      name: "StoreError",
    });
    expect(await contents(tenant, driver)).toEqual(before);
    const connection = await connectNeo4j(serverOptions());
    ends.push(() => connection.close());
    await expect(readPublication(connection, tenant)).rejects.toMatchObject({ code: "newer-version" });
  });

  test("what an older one published becomes what this one publishes, with the kinds gone that it had", async () => {
    const { tenant, kept } = await versioned(0);
    expect((await run(large, tenant, kept)).how).toBe("compared");
    expect(await contents(tenant, driver)).toEqual(largeRows);
  });
});

test("a publication of a time that has not come is left alone until somebody says which clock is wrong", async () => {
  const tenant = aTenant();
  const kept = await keptFolder();
  await run(small, tenant, kept);
  await ask(driver, "MATCH (p:Publication {tenant: $tenant}) SET p.time = '2999-01-01T00:00:00Z'", {
    tenant,
  });
  for (const folder of [kept, await keptFolder()]) {
    const error = await run(large, tenant, folder).catch((one: unknown) => one);
    expect(error).toMatchObject({ code: "neo4j-clock", name: "StoreError" });
    expect((error as Error).message).toMatch(/as of 2999-01-01T00:00:00Z, but here it is \d{4}-/);
    expect(await contents(tenant, driver)).toEqual(smallRows);
  }
  const refused = (await run(large, tenant, kept).catch((one: unknown) => one)) as StoreError;
  const statement = /MATCH .*$/.exec(refused.fix ?? "")?.[0] ?? "";
  await ask(driver, statement);
  await run(large, tenant, kept);
  expect(await contents(tenant, driver)).toEqual(largeRows);
});

describe("a cluster that elects another leader in the middle of a publication", () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await startCluster(Number(new URL(serverOptions().uri).port));
  });
  afterAll(() => cluster.close());
  const members = (patience = 20_000): Neo4jOptions => ({ ...serverOptions(), uri: cluster.uri, patience });
  /** Once something is written, and before all is. */
  const once = (change: () => void): (() => void) => {
    let batches = 0;
    return () => {
      if (++batches === 3) change();
    };
  };

  test.each(["refuses", "gone", "gone after its next commit"] as const)(
    "goes on with the new one, and writes nothing twice, where the old one is: %s",
    async (change: Change) => {
      const tenant = aTenant();
      const kept = await keptFolder();
      cluster.elect(0, "refuses");
      await run(small, tenant, kept, members());
      const before = cluster.writes(1);
      await run(
        large,
        tenant,
        kept,
        members(),
        once(() => cluster.elect(1, change)),
      );
      expect(cluster.writes(1)).toBeGreaterThan(before);
      expect(await contents(tenant, driver)).toEqual(largeRows);
    },
  );

  test("says that there is none, and the next run goes on with the one that comes then", async () => {
    const tenant = aTenant();
    const kept = await keptFolder();
    cluster.elect(0, "refuses");
    await run(small, tenant, kept, members());
    const lost = once(() => cluster.elect(undefined, "refuses"));
    const error = await run(large, tenant, kept, members(1_500), lost).catch((one: unknown) => one);
    expect(error, String(error)).toMatchObject({ code: "neo4j-leader", name: "StoreError" });
    expect((error as Error).message.split("\n")).toHaveLength(1);
    cluster.elect(1, "refuses");
    await run(large, tenant, kept, members());
    expect(await contents(tenant, driver)).toEqual(largeRows);
  });
});

describe("another transaction that holds what is to be written", () => {
  const holding = async (
    tenant: string,
    work: (run: (cypher: string) => Promise<unknown>) => Promise<void>,
  ): Promise<void> => {
    const session = driver.session();
    const holder = session.beginTransaction();
    try {
      await holder.run(`MATCH (n:\`${tenantLabel(tenant)}\`) SET n.held = true`);
      await work((cypher) => holder.run(cypher, { tenant }));
      await holder.rollback();
    } finally {
      await session.close();
    }
  };

  test("for good: it says so in the end, and the next run goes on", async () => {
    const tenant = aTenant();
    const kept = await keptFolder();
    await run(small, tenant, kept);
    await holding(tenant, async () => {
      const error = await run(large, tenant, kept, { ...serverOptions(), batchTime: 1_000 }).catch(
        (one: unknown) => one,
      );
      expect(error).toMatchObject({ code: "neo4j-blocked", name: "StoreError" });
      expect((error as Error).message.split("\n")).toHaveLength(1);
    });
    await run(large, tenant, kept);
    expect(await contents(tenant, driver)).toEqual(largeRows);
  });

  test("and waits for what the publication holds: the server ends the publication's, which is tried again", async () => {
    const tenant = aTenant();
    const kept = await keptFolder();
    await run(small, tenant, kept);
    const blocked =
      "SHOW TRANSACTIONS YIELD currentQuery, status WHERE status STARTS WITH 'Blocked' AND currentQuery CONTAINS $label RETURN 1";
    let publishing: Promise<unknown> | undefined;
    await holding(tenant, async (holder) => {
      publishing = run(large, tenant, kept, { ...serverOptions(), patience: 60_000 });
      while ((await ask(driver, blocked, { label: tenantLabel(tenant) })).length === 0);
      // Its batch began with this lock. The deadlock ends the younger of the two: were it this one, this would throw.
      await holder("MATCH (p:Publication {tenant: $tenant}) SET p.held = true REMOVE p.held");
    });
    await publishing;
    expect(await contents(tenant, driver)).toEqual(largeRows);
  });
});

test("an address that asks for routing leads to the same server, and a reader sees what was published", async () => {
  const tenant = aTenant();
  const routed = { ...serverOptions(), uri: serverOptions().uri.replace(/^bolt/, "neo4j") };
  await run(small, tenant, await keptFolder(), routed);
  expect(await contents(tenant, driver)).toEqual(smallRows);
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

test("a person sees one message, what to do, and exit code 4", async () => {
  const [data, place] = [newFolder(), newFolder()];
  const [file, config] = [join(place, "records.jsonl"), join(place, "forereach.yaml")];
  // Records that no scan came before are of this tenant.
  const tenant = "import";
  const drop = () => ask(driver, "MATCH (p:Publication {tenant: $tenant}) DELETE p", { tenant });
  ends.push(drop);
  await drop();
  await ask(
    driver,
    "CREATE (:Publication:ForereachPublication {tenant: $tenant, state: 'complete', version: 1, run: 'theirs', time: '2999-01-01T00:00:00Z'})",
    { tenant },
  );
  await writeFile(file, LIBRARY.join("\n"));
  const { uri, user, password } = serverOptions();
  for (const [says, fix, given] of [
    [/refuses the user "neo4j" or its password/, /FOREREACH_NEO4J_PASSWORD/, "wrong-password"],
    [/as of 2999-01-01T00:00:00Z, but here it is/, /REMOVE p\.time/, password],
  ] as const) {
    const store = { kind: "neo4j", uri, user, password: given };
    await writeFile(config, JSON.stringify({ store, tenants: [{ id: randomUUID(), connectors: {} }] }));
    const { code, stderr } = await cli(["import", file, "--config", config, "--quiet"], { folder: data });
    const [message = "", todo = "", ...more] = stderr.trim().split("\n");
    expect(message).toMatch(says);
    expect(todo).toMatch(/^→ /);
    expect(todo).toMatch(fix);
    expect(more).toEqual([]);
    expect(stderr).not.toContain(given);
    expect(code).toBe(4);
  }
  expect(
    await ask(driver, "MATCH (p:Publication {tenant: $tenant}) RETURN p.run AS run", { tenant }),
  ).toEqual([{ run: "theirs" }]);
});
