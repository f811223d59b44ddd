/** Interruptions, rivals, newer files and full disks: one message, the right exit code, nothing lost. */
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startSimulator } from "../../simulator/server.ts";
import {
  metaOf,
  newFolder,
  reachCsv,
  recordsIn,
  run,
  type Started,
  serve,
  smallTenant,
  start,
} from "./cli.ts";

/** A folder that was scanned before, to copy. */
let work: string;
let scanned: string;
beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), "forereach-stops-"));
  scanned = join(work, "scanned");
  const simulator = await startSimulator({ tenant: smallTenant() });
  const { code } = await run(["scan", "--simulator", simulator.url], { folder: scanned });
  await simulator.stop();
  expect(code).toBe(0);
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

const copyOfScanned = (): string => {
  const folder = newFolder();
  cpSync(scanned, folder, { recursive: true });
  return folder;
};

const SERVER = `tenants: [{ id: 11111111-2222-3333-4444-555555555555, connectors: { entra: { credential: { kind: developer } } } }]
store: { kind: neo4j, uri: "bolt://127.0.0.1:1", password: none }
`;

/** How a scan ends that went on where one had stopped, which it says. */
const CONTINUED = {
  code: 0,
  stderr: expect.stringMatching(/^Continuing the scan of [^\n]*, which was interrupted\.\n$/),
};

test("Ctrl-C ends with 130 and one message, and a rerun goes on instead of starting over", async () => {
  const folder = newFolder();
  let interruptAt = 30;
  let scan: Started | undefined;
  const simulator = await serve({
    tenant: smallTenant(),
    onRequest(number) {
      if (number !== interruptAt) return undefined;
      scan?.child.kill("SIGINT");
      // Unanswered until it has stopped, so that how far it came does not depend on who is faster.
      return scan?.ended;
    },
  });
  const argv = ["scan", "--simulator", simulator.url];
  scan = start(argv, { folder });
  const stopped = await scan.ended;
  expect(stopped).toEqual({
    code: 130,
    stdout: "",
    stderr:
      "\nStopping: what was read is kept. Once more stops at once.\n" +
      "Interrupted. What was read is kept; run the same command again to go on.\n",
  });
  interruptAt = Number.POSITIVE_INFINITY;
  const before = simulator.stats().requests;
  expect(await run(argv, { folder })).toMatchObject(CONTINUED);
  const resumed = simulator.stats().requests - before;

  const fresh = newFolder();
  expect(await run(argv, { folder: fresh })).toMatchObject({ code: 0 });
  const whole = simulator.stats().requests - before - resumed;
  expect(resumed).toBeLessThan(whole * 0.8);
  expect(metaOf(folder).snapshot).toBe(metaOf(fresh).snapshot);
});

test("what was published before a scan is not said to be all, while it runs and once it is interrupted", async () => {
  const folder = newFolder();
  const file = recordsIn(folder, [{ put: { kind: "Agent", id: "bot", props: { name: "Bot" } } }]);
  expect(await run(["import", file], { folder })).toMatchObject({ code: 0 });
  const ask = async () => {
    const { code, stdout } = await run(["coverage", "--format", "json"], { folder });
    const rows = stdout.trimEnd().split("\n");
    return { code, steps: rows.map((row) => (JSON.parse(row) as { step: string }).step) };
  };
  let interruptAt = 30;
  let scan: Started | undefined;
  let running: unknown;
  const simulator = await serve({
    tenant: smallTenant(),
    async onRequest(number) {
      if (number !== interruptAt) return;
      running = await ask();
      scan?.child.kill("SIGINT");
      await scan?.ended;
    },
  });
  scan = start(["scan", "--simulator", simulator.url], { folder });
  expect(await scan.ended).toMatchObject({ code: 130 });
  const unread = { code: 3, steps: expect.arrayContaining(["entra.users", "azure.blobs"]) as string[] };
  expect(running).toEqual(unread);
  expect(await ask()).toEqual(unread);
  // An import builds what was read until then, and says what was not.
  expect(await run(["import", file], { folder })).toMatchObject({
    ...{ code: 0, stdout: expect.stringContaining("The graph is partial until the scan ends") as string },
  });
  expect(await ask()).toEqual({ code: 3, steps: expect.arrayContaining(["azure.blobs"]) as string[] });
  // A server, which nobody asks here, would show it as if it were whole.
  const config = join(folder, "neo4j.yaml");
  writeFileSync(config, SERVER);
  expect(await run(["--config", config, "import", file], { folder })).toMatchObject({
    ...{ code: 0, stdout: expect.stringContaining("Neo4j shows what it showed until then.") as string },
  });
  interruptAt = Number.POSITIVE_INFINITY;
  expect(await run(["scan", "--simulator", simulator.url], { folder })).toMatchObject({ code: 0 });
  expect((await run(["coverage"], { folder })).stdout).toContain("read completely");
});

test("a second scan at the same time is refused with 4, and the first is not disturbed", async () => {
  const folder = newFolder();
  let rival: Started | undefined;
  const simulator = await serve({
    tenant: smallTenant(),
    // A request of the first: its inventory is open.
    onRequest(number) {
      if (number !== 5) return undefined;
      rival = start(["scan", "--simulator", simulator.url], { folder });
      // Answered when the second has been turned away.
      return rival.ended;
    },
  });
  const first = await run(["scan", "--simulator", simulator.url], { folder });
  expect(first).toMatchObject({ code: 0, stderr: "" });
  const { code, stdout, stderr } = (await rival?.ended) ?? {};
  expect({ code, stdout }).toEqual({ code: 4, stdout: "" });
  expect(stderr).toMatch(
    /^another scan is running: the inventory is in use .*\n→ wait until it ends, or stop it\n$/,
  );
});

test("an inventory of a newer version is refused with 4 and left as it is", async () => {
  const folder = copyOfScanned();
  const file = join(folder, "inventory.duckdb");
  const instance = await DuckDBInstance.create(file);
  const connection = await instance.connect();
  await connection.run("UPDATE _meta SET version = 99");
  connection.closeSync();
  instance.closeSync();
  const before = readFileSync(file);
  const simulator = await serve({ tenant: smallTenant() });
  for (const args of [
    ["scan", "--simulator", simulator.url],
    ["coverage", "accept", "azure.blobs", "--reason", "known", "--until", "2099-12-31"],
  ]) {
    const { code, stdout, stderr } = await run(args, { folder });
    expect({ code, stdout }).toEqual({ code: 4, stdout: "" });
    expect(stderr).toMatch(
      /^the inventory was written by a newer version of forereach .*\n→ update forereach.*\n$/,
    );
  }
  expect(readFileSync(file).equals(before)).toBe(true);
});

test("a graph of an older version is refused with 4 and what to type, and the next scan derives it anew", async () => {
  const folder = copyOfScanned();
  const file = join(folder, "graph.json");
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, "utf8")), version: 1 }));
  const { code, stdout, stderr } = await run(["reach", "--all"], { folder });
  expect({ code, stdout }).toEqual({ code: 4, stdout: "" });
  expect(stderr).toMatch(
    /^the graph in .* was derived by an older version\n→ forereach --data \S+ scan .*\n$/,
  );
  const simulator = await serve({ tenant: smallTenant() });
  expect((await run(["scan", "--simulator", simulator.url], { folder })).code).toBe(0);
  expect((await run(["reach", "--all"], { folder })).code).toBe(0);
});

// With room for most of the graph the engine fails only as it brings the last pages to disk.
test.runIf(process.platform === "linux").each([
  ["little", () => 300, CONTINUED],
  // All was read by then: the next scan reads anew.
  [
    "most of the graph",
    (graph: string) => Math.floor((statSync(graph).size * 0.8) / 1_024),
    { code: 0, stderr: "" },
  ],
])(
  "a disk with room for %s ends with 4 and one message; what was known stays, and with room a scan goes through",
  async (_, limit, then) => {
    const folder = copyOfScanned();
    const fileLimit = limit(join(folder, "graph", metaOf(folder).graph));
    const before = { meta: metaOf(folder), reach: await reachCsv(folder) };
    const tenant = smallTenant();
    tenant.change(20);
    const simulator = await serve({ tenant });
    const argv = ["scan", "--full", "--simulator", simulator.url];
    const { code, stdout, stderr } = await run(argv, { folder, fileLimit });
    expect({ code, stdout, stderr }).toMatchObject({ code: 4, stdout: "" });
    expect(stderr).toMatch(/^[^\n]*(full|space)[^\n]*\n→ free some space[^\n]*\n$/);
    expect(metaOf(folder)).toEqual(before.meta);
    expect(await reachCsv(folder)).toBe(before.reach);
    expect(await run(["reach"], { folder })).toMatchObject({ code: 3 });
    expect(await run(argv, { folder })).toMatchObject(then);
    expect(metaOf(folder).snapshot).not.toBe(before.meta.snapshot);
  },
);
