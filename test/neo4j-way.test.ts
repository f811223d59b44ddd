/** Whatever breaks the way to the server, there is one clear message, and the next run leads to the rows of an undisturbed one. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { tenantLabel } from "../src/graph/generate-neo4j.ts";
import { publish, readPublication } from "../src/graph/store-neo4j-publish.ts";
import { connectNeo4j, type Neo4jOptions } from "../src/graph/store-neo4j-server.ts";
import { StoreError } from "../src/model.ts";
import { type Change, type Cluster, startCluster } from "./bolt-router.ts";
import { type CutProxy, cutProxy } from "./cut-proxy.ts";
import { ask, serverOptions } from "./neo4j.ts";
import { contents, publishing, randomFrom, run } from "./neo4j-states.ts";

/** Cuts of a connection. */
const CUTS = Number(process.env.FOREREACH_CUTS ?? "4");
const stage = publishing();

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
    const tenant = stage.tenant();
    const kept = await stage.folder();
    await run(stage.small, tenant, kept);
    const start = proxy.sent();
    await run(stage.large, tenant, kept, through());
    const bytes = proxy.sent() - start;
    let broken = 0;
    const random = randomFrom(20_260);
    for (let round = 0; round < CUTS; round++) {
      const [next, rows] =
        round % 2 === 0 ? [stage.small, stage.rows.small] : [stage.large, stage.rows.large];
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
      expect(await contents(tenant, stage.driver), `after a cut in round ${round}`).toEqual(rows);
    }
    expect(broken).toBeGreaterThan(CUTS * 0.7);
  }, 600_000);

  test("while it signs in, after so many bytes: the same error", async () => {
    const start = proxy.sent();
    await (await connectNeo4j(through())).close();
    const bytes = proxy.sent() - start;
    expect(bytes).toBeGreaterThan(100);
    for (let after = 0; after < bytes; after += 7) {
      proxy.cutAfter(after);
      const opening = connectNeo4j(through());
      await expect(opening, `after ${after} bytes`).rejects.toMatchObject({ code: "neo4j-unreachable" });
    }
    proxy.cutAfter(undefined);
  });

  test("a reader sees that the publication is not whole", async () => {
    const tenant = stage.tenant();
    const kept = await stage.folder();
    await run(stage.small, tenant, kept);
    const cut = await connectNeo4j(through());
    // After its first batch, whatever that is.
    const state = { ...stage.large, tenant, folder: kept, batch: 20, onStage: () => proxy.cutAfter(0) };
    await expect(publish(cut, state)).rejects.toMatchObject({ code: "neo4j-unreachable" });
    await cut.close();
    proxy.cutAfter(undefined);
    const connection = await connectNeo4j(serverOptions());
    stage.onEnd(() => connection.close());
    expect(await readPublication(connection, tenant)).toMatchObject({
      state: "publishing",
      snapshot: stage.large.snapshot,
    });
    await run(stage.large, tenant, kept);
    expect(await readPublication(connection, tenant)).toMatchObject({
      state: "complete",
      snapshot: stage.large.snapshot,
    });
  });
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
      const tenant = stage.tenant();
      const kept = await stage.folder();
      cluster.elect(0, "refuses");
      await run(stage.small, tenant, kept, members());
      const before = cluster.writes(1);
      await run(
        stage.large,
        tenant,
        kept,
        members(),
        once(() => cluster.elect(1, change)),
      );
      expect(cluster.writes(1)).toBeGreaterThan(before);
      expect(await contents(tenant, stage.driver)).toEqual(stage.rows.large);
    },
  );

  test("says that there is none, and the next run goes on with the one that comes then", async () => {
    const tenant = stage.tenant();
    const kept = await stage.folder();
    cluster.elect(0, "refuses");
    await run(stage.small, tenant, kept, members());
    const lost = once(() => cluster.elect(undefined, "refuses"));
    const error = await run(stage.large, tenant, kept, members(1_500), lost).catch((one: unknown) => one);
    expect(error, String(error)).toMatchObject({ code: "neo4j-leader", name: "StoreError" });
    expect((error as Error).message.split("\n")).toHaveLength(1);
    cluster.elect(1, "refuses");
    await run(stage.large, tenant, kept, members());
    expect(await contents(tenant, stage.driver)).toEqual(stage.rows.large);
  });
});

describe("another transaction that holds what is to be written", () => {
  const holding = async (
    tenant: string,
    work: (run: (cypher: string) => Promise<unknown>) => Promise<void>,
  ): Promise<void> => {
    const session = stage.driver.session();
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
    const tenant = stage.tenant();
    const kept = await stage.folder();
    await run(stage.small, tenant, kept);
    await holding(tenant, async () => {
      const error = await run(stage.large, tenant, kept, { ...serverOptions(), batchTime: 1_000 }).catch(
        (one: unknown) => one,
      );
      expect(error).toMatchObject({ code: "neo4j-blocked", name: "StoreError" });
      expect((error as Error).message.split("\n")).toHaveLength(1);
    });
    await run(stage.large, tenant, kept);
    expect(await contents(tenant, stage.driver)).toEqual(stage.rows.large);
  });

  test("and waits for what the publication holds: the server ends the publication's, which is tried again", async () => {
    const tenant = stage.tenant();
    const kept = await stage.folder();
    await run(stage.small, tenant, kept);
    const blocked =
      "SHOW TRANSACTIONS YIELD currentQuery, status WHERE status STARTS WITH 'Blocked' AND currentQuery CONTAINS $label RETURN 1";
    let publishing: Promise<unknown> | undefined;
    await holding(tenant, async (holder) => {
      publishing = run(stage.large, tenant, kept, { ...serverOptions(), patience: 60_000 });
      while ((await ask(stage.driver, blocked, { label: tenantLabel(tenant) })).length === 0);
      // Its batch began with this lock. The deadlock ends the younger of the two: were it this one, this would throw.
      await holder("MATCH (p:Publication {tenant: $tenant}) SET p.held = true REMOVE p.held");
    });
    await publishing;
    expect(await contents(tenant, stage.driver)).toEqual(stage.rows.large);
  });
});

test("an address that asks for routing leads to the same server, and a reader sees what was published", async () => {
  const tenant = stage.tenant();
  const routed = { ...serverOptions(), uri: serverOptions().uri.replace(/^bolt/, "neo4j") };
  await run(stage.small, tenant, await stage.folder(), routed);
  expect(await contents(tenant, stage.driver)).toEqual(stage.rows.small);
  const connection = await connectNeo4j(routed);
  stage.onEnd(() => connection.close());
  expect(await readPublication(connection, tenant)).toMatchObject({ state: "complete" });
});

describe("a server that refuses", () => {
  const refused = async (options: Neo4jOptions) =>
    run(stage.small, stage.tenant(), await stage.folder(), options).catch((error: unknown) => error);

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
