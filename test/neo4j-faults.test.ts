/** What stands on the server decides what is written, and what is not; the next run always ends with the rows of a first one. */
import { randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { tenantLabel } from "../src/graph/generate-neo4j.ts";
import { readPublication } from "../src/graph/store-neo4j-publish.ts";
import { connectNeo4j } from "../src/graph/store-neo4j-server.ts";
import type { StoreError } from "../src/model.ts";
import { run as cli, newFolder } from "./e2e/cli.ts";
import { LIBRARY } from "./library.ts";
import { ask, serverOptions } from "./neo4j.ts";
import { contents, publishing, run } from "./neo4j-states.ts";

const stage = publishing();

test("a difference leads to what a first publication writes, and nothing is written twice", async () => {
  const step = stage.tenant();
  const kept = await stage.folder();
  expect(await run(stage.small, step, kept)).toMatchObject({ how: "difference" });
  expect(await contents(step, stage.driver)).toEqual(stage.rows.small);
  expect(stage.rows.small).not.toEqual(stage.rows.large);
  const second = await run(stage.large, step, kept);
  expect(second.how).toBe("difference");
  expect(second.written).toBeGreaterThan(0);
  expect(await contents(step, stage.driver)).toEqual(stage.rows.large);
  expect(await run(stage.large, step, kept)).toEqual({ how: "unchanged", written: 0 });
});

test("without the files of the last state it compares with the server, and writes only what differs", async () => {
  const tenant = stage.tenant();
  await run(stage.small, tenant, await stage.folder());
  const elsewhere = await run(stage.large, tenant, await stage.folder());
  expect(elsewhere.how).toBe("compared");
  expect(await contents(tenant, stage.driver)).toEqual(stage.rows.large);
  expect(await run(stage.large, tenant, await stage.folder())).toEqual({ how: "compared", written: 0 });
  // An empty text in place of nothing is the same row, which is set right and not taken away.
  await ask(
    stage.driver,
    `MATCH (:\`${tenantLabel(tenant)}\`)-[r:CAN_REACH]->() WHERE r.via IS NULL SET r.via = ''`,
  );
  expect((await run(stage.large, tenant, await stage.folder())).written).toBeGreaterThan(0);
  expect(await contents(tenant, stage.driver)).toEqual(stage.rows.large);
});

test("rows that somebody deleted come back", async () => {
  const tenant = stage.tenant();
  const kept = await stage.folder();
  await run(stage.large, tenant, kept);
  const before = await contents(tenant, stage.driver);
  const label = tenantLabel(tenant);
  await ask(stage.driver, `MATCH (:\`${label}\`)-[r:CAN_REACH]->() WITH r LIMIT 3 DELETE r`);
  await ask(stage.driver, `MATCH (n:\`${label}\`:Label) DETACH DELETE n`);
  expect((await run(stage.large, tenant, kept)).how).toBe("compared");
  expect(await contents(tenant, stage.driver)).toEqual(before);
});

describe("a shared database", () => {
  test("two tenants with the same ids stay apart", async () => {
    const [one, two] = [stage.tenant(), stage.tenant()];
    const [first, second] = [await stage.folder(), await stage.folder()];
    await run(stage.large, one, first);
    await run(stage.small, two, second);
    const before = await contents(one, stage.driver);
    await run(stage.large, two, second);
    await run(stage.small, two, second);
    expect(await contents(one, stage.driver)).toEqual(before);
  });

  test("nothing that others wrote is touched, not even what hangs on a node that goes", async () => {
    const tenant = stage.tenant();
    const kept = await stage.folder();
    const label = tenantLabel(tenant);
    await run(stage.large, tenant, kept);
    const mark = randomUUID();
    await ask(
      stage.driver,
      `MATCH (a:\`${label}\`:Agent {id: 'a-lab'}), (b:\`${label}\`:Agent {id: 'a-invoice'}), (s:\`${label}\`:Scope {id: '/'})
CREATE (note:Note:Agent {mark: $mark, id: 'a-lab'})-[:ABOUT {mark: $mark}]->(a), (note)-[:ABOUT]->(b), (b)-[:CAN_REACH {mark: $mark}]->(s)
SET b.note = 'ours', b:Reviewed`,
      { mark },
    );
    await run(stage.small, tenant, kept);
    const [kept1] = await ask(
      stage.driver,
      "MATCH (n:Note {mark: $mark})-[r:ABOUT]->(x) RETURN count(r) AS n",
      {
        mark,
      },
    );
    expect(kept1).toEqual({ n: 2 });
    expect(
      await ask(stage.driver, "MATCH ()-[r:CAN_REACH {mark: $mark}]->() RETURN count(r) AS n", { mark }),
    ).toEqual([{ n: 1 }]);
    expect(
      await ask(
        stage.driver,
        `MATCH (b:\`${label}\`:Agent:Reviewed {id: 'a-invoice'}) RETURN b.note AS note`,
      ),
    ).toEqual([{ note: "ours" }]);
    // The agent is gone for readers; the node that the note is about is not.
    expect(await ask(stage.driver, `MATCH (a:\`${label}\` {id: 'a-lab'}) RETURN count(a) AS n`)).toEqual([
      { n: 0 },
    ]);
    expect(
      await ask(stage.driver, "MATCH (:Note {mark: $mark})-->(g:ForereachGone) RETURN g.id AS id", { mark }),
    ).toEqual([{ id: "a-lab" }]);
    await ask(stage.driver, "MATCH (n:Note {mark: $mark}) DETACH DELETE n", { mark });
  });
});

describe("two publishers at once", () => {
  test("one of them publishes a whole state, and the other says what happened", async () => {
    for (let round = 0; round < 2; round++) {
      const tenant = stage.tenant();
      const outcomes = await Promise.allSettled([
        run(stage.small, tenant, await stage.folder()),
        run(stage.large, tenant, await stage.folder()),
      ]);
      const errors = outcomes.flatMap((one) => (one.status === "rejected" ? [one.reason] : []));
      expect(errors.length).toBeLessThan(2);
      for (const error of errors) expect(error).toMatchObject({ code: "neo4j-taken-over" });
      const found = JSON.stringify(await contents(tenant, stage.driver));
      const either = [stage.rows.small, stage.rows.large].map((rows) => JSON.stringify(rows));
      expect(either).toContain(found);
    }
  });
});

describe("another version of the program", () => {
  const versioned = async (version: number): Promise<{ tenant: string; kept: string }> => {
    const tenant = stage.tenant();
    const kept = await stage.folder();
    await run(stage.small, tenant, kept);
    const label = tenantLabel(tenant);
    await ask(stage.driver, "MATCH (p:Publication {tenant: $tenant}) SET p.version = $version", {
      tenant,
      version,
    });
    await ask(
      stage.driver,
      `MATCH (a:\`${label}\`:Agent {id: 'a-invoice'}) CREATE (a)-[:REACHED_ONCE {forereach: true}]->(:Robot:\`${label}\` {forereach: 'Robot r', id: 'r'}) SET a.name = 'Old name'`,
    );
    return { tenant, kept };
  };

  test("what a newer one published is left alone", async () => {
    const { tenant, kept } = await versioned(99);
    const before = await contents(tenant, stage.driver);
    await expect(run(stage.large, tenant, kept)).rejects.toMatchObject({
      code: "newer-version",
      name: "StoreError",
    });
    expect(await contents(tenant, stage.driver)).toEqual(before);
    const connection = await connectNeo4j(serverOptions());
    stage.onEnd(() => connection.close());
    await expect(readPublication(connection, tenant)).rejects.toMatchObject({ code: "newer-version" });
  });

  test("what an older one published becomes what this one publishes, with the kinds gone that it had", async () => {
    const { tenant, kept } = await versioned(0);
    expect((await run(stage.large, tenant, kept)).how).toBe("compared");
    expect(await contents(tenant, stage.driver)).toEqual(stage.rows.large);
  });
});

test("a publication of a time that has not come is left alone until somebody says which clock is wrong", async () => {
  const tenant = stage.tenant();
  const kept = await stage.folder();
  await run(stage.small, tenant, kept);
  await ask(stage.driver, "MATCH (p:Publication {tenant: $tenant}) SET p.time = '2999-01-01T00:00:00Z'", {
    tenant,
  });
  for (const folder of [kept, await stage.folder()]) {
    const error = await run(stage.large, tenant, folder).catch((one: unknown) => one);
    expect(error).toMatchObject({ code: "neo4j-clock", name: "StoreError" });
    expect((error as Error).message).toMatch(/as of 2999-01-01T00:00:00Z, but here it is \d{4}-/);
    expect(await contents(tenant, stage.driver)).toEqual(stage.rows.small);
  }
  const refused = (await run(stage.large, tenant, kept).catch((one: unknown) => one)) as StoreError;
  const statement = /MATCH .*$/.exec(refused.fix ?? "")?.[0] ?? "";
  await ask(stage.driver, statement);
  await run(stage.large, tenant, kept);
  expect(await contents(tenant, stage.driver)).toEqual(stage.rows.large);
});

test("a person sees one message, what to do, and exit code 4", async () => {
  const [data, place] = [newFolder(), newFolder()];
  const [file, config] = [join(place, "records.jsonl"), join(place, "forereach.yaml")];
  // Records that no scan came before are of this tenant.
  const tenant = "import";
  const drop = () => ask(stage.driver, "MATCH (p:Publication {tenant: $tenant}) DELETE p", { tenant });
  stage.onEnd(drop);
  await drop();
  await ask(
    stage.driver,
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
    await ask(stage.driver, "MATCH (p:Publication {tenant: $tenant}) RETURN p.run AS run", { tenant }),
  ).toEqual([{ run: "theirs" }]);
});
