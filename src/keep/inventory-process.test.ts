/** What only a second process can show: kills between pages, the lock, a disk that is full, a newer file. */
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { openInventory } from "./inventory.ts";

const ROOT = resolve(import.meta.dirname, "../..");
let built: string;
let path: string;
let runs = 0;

/** Node 20 runs no TypeScript, so the children run what the build makes of `src`. */
beforeAll(() => {
  built = mkdtempSync(join(tmpdir(), "inventory-process-"));
  symlinkSync(join(ROOT, "node_modules"), join(built, "node_modules"));
  writeFileSync(join(built, "package.json"), '{"type":"module"}');
  const config = {
    extends: join(ROOT, "tsconfig.build.json"),
    compilerOptions: { rootDir: ROOT, outDir: join(built, "dist"), sourceMap: false, noCheck: true },
    include: [join(ROOT, "src/keep/inventory*.ts")],
    exclude: [join(ROOT, "**/*.test.ts")],
  };
  writeFileSync(join(built, "tsconfig.json"), JSON.stringify(config));
  const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
  execFileSync(process.execPath, [tsc, "-p", join(built, "tsconfig.json")], { cwd: ROOT, stdio: "pipe" });
});
afterAll(() => rmSync(built, { recursive: true }));
beforeEach(() => {
  runs += 1;
  path = join(built, `data-${runs}`, "inventory.duckdb");
});

/** Runs `body` in a process of its own, with `openInventory` and `path`; resolves with what it printed. */
const child = (body: string, { until, limit }: { until?: string; limit?: number } = {}): Promise<string> => {
  const file = join(built, `child-${runs}-${Math.random().toString(36).slice(2)}.mjs`);
  writeFileSync(
    file,
    `import { openInventory } from ${JSON.stringify(pathToFileURL(join(built, "dist/src/keep/inventory.js")).href)};
     const path = ${JSON.stringify(path)};
     const say = (text) => new Promise((done) => process.stdout.write(text + "\\n", done));
     ${body}`,
  );
  const node = limit === undefined ? [] : ["-c", `ulimit -f ${limit}; exec "$0" "$@"`, process.execPath];
  const started = spawn(limit === undefined ? process.execPath : "bash", [...node, file]);
  return new Promise((done, fail) => {
    let output = "";
    started.stderr.on("data", (data) => {
      output += data;
    });
    started.stdout.on("data", (data) => {
      output += data;
      if (until !== undefined && output.includes(until)) started.kill("SIGKILL");
    });
    started.on("error", fail);
    started.on("close", () => done(output));
  });
};

/** A full pass of 20 pages that continues where it stopped; page 7 and 13 put the same node again. */
const CRAWL = `
  const inventory = await openInventory(path);
  const pass = await inventory.begin("entra.users", "", { mode: "full", fingerprint: "f" });
  const first = Number(pass.cursor ?? 0);
  await say("from " + first + (pass.resumed ? " resumed" : ""));
  for (let page = first; page < 20; page++) {
    const changes = [{ put: { kind: "Principal", id: "same", props: { name: "page " + page } } }];
    for (let i = 0; i < 500; i++) {
      const id = "u" + page + "-" + i;
      changes.push({ put: { kind: "Principal", id, props: { kind: "User", aliases: ["upn:" + id] } } });
      changes.push({ put: { kind: "MEMBER_OF", from: { kind: "Principal", id }, to: { kind: "Principal", id: "g" } } });
    }
    await pass.apply({ changes, cursor: String(page + 1) });
    await say("saved " + (page + 1) + ".");
  }
  await pass.finish();
  await inventory.close();
  await say("done");`;

const snapshotId = async () => {
  const inventory = await openInventory(path);
  try {
    const { id } = await inventory.snapshot();
    return { id, records: (await inventory.coverage()).map((row) => row.records) };
  } finally {
    await inventory.close();
  }
};

test("a pass killed between pages again and again ends as if nothing had happened", async () => {
  expect(await child(CRAWL)).toContain("done");
  const undisturbed = await snapshotId();
  expect(undisturbed.records).toEqual([1 + 20 * 1000]);

  path = join(built, "killed", "inventory.duckdb");
  let output = "";
  for (const page of [1, 4, 5, 12, 19]) {
    output = await child(CRAWL, { until: `saved ${page}.` });
    expect(output).not.toContain("done");
  }
  const last = await child(CRAWL);
  expect(last).toMatch(/^from (19|20) resumed/);
  expect(last).toContain("done");
  expect(await snapshotId()).toEqual(undisturbed);
});

test("what a killed process saved is read without writing, and what it had open is not seen", async () => {
  await child(CRAWL, { until: "saved 3." });
  const reader = await openInventory(path, { readOnly: true });
  expect(await reader.coverage()).toEqual([]);
  await reader.close();
});

test("a second process is refused while the first has the inventory, and let in afterwards", async () => {
  const inventory = await openInventory(path);
  const attempt = `try { await (await openInventory(path)).close(); await say("opened"); }
    catch (error) { await say([error.name, error.code, error.message, error.fix].join("|")); }`;
  expect(await child(attempt)).toMatch(/^StoreError\|busy\|another scan is running.*\|wait until it ends/);
  await expect(openInventory(path)).rejects.toMatchObject({ code: "busy" });
  await inventory.close();
  expect(await child(attempt)).toBe("opened\n");
});

test("a disk that is full refuses the page, changes nothing, and the pass goes on when there is room", async () => {
  const fill = `
    const inventory = await openInventory(path);
    const pass = await inventory.begin("azure.blobs", "", { mode: "full", fingerprint: "f" });
    try {
      for (let page = 0; page < 200; page++) {
        const changes = [];
        for (let i = 0; i < 2000; i++)
          changes.push({ put: { kind: "Item", id: page + "-" + i + Math.random(), props: { path: String(Math.random()) } } });
        await pass.apply({ changes, cursor: String(page + 1) });
        await say("saved " + (page + 1) + ".");
      }
      await say("never full");
    } catch (error) {
      await say([error.name, error.code, error.fix].join("|"));
    }
    process.exit();`;
  const output = await child(fill, { limit: 4096 });
  expect(output).toMatch(/StoreError\|disk-full\|free some space/);
  const saved = output.match(/saved (\d+)\./g)?.length ?? 0;
  expect(saved).toBeGreaterThan(0);
  const inventory = await openInventory(path);
  const pass = await inventory.begin("azure.blobs", "", { mode: "full", fingerprint: "f" });
  expect([pass.resumed, pass.cursor]).toEqual([true, String(saved)]);
  await pass.finish();
  expect((await inventory.coverage()).map((row) => row.records)).toEqual([2000 * saved]);
  await inventory.close();
});

test("a file of a newer version is left alone, with a message that says what to do", async () => {
  await (await openInventory(path)).close();
  const instance = await DuckDBInstance.create(path);
  const connection = await instance.connect();
  await connection.run("UPDATE _meta SET version = 99");
  connection.closeSync();
  instance.closeSync();
  await expect(openInventory(path)).rejects.toMatchObject({
    code: "newer-version",
    message: expect.stringContaining("newer version of forereach (its format is 99"),
    fix: expect.stringContaining("update forereach"),
  });
});

test("a file of an older schema gets the kinds and properties that it lacks", async () => {
  await (await openInventory(path)).close();
  const instance = await DuckDBInstance.create(path);
  const connection = await instance.connect();
  await connection.run('ALTER TABLE "Principal" DROP COLUMN name');
  await connection.run('DROP TABLE "OWNS"');
  connection.closeSync();
  instance.closeSync();
  const inventory = await openInventory(path);
  const pass = await inventory.begin("entra.users", "", { mode: "full", fingerprint: "f" });
  const ana = { kind: "Principal", id: "a", props: { name: "Ana", userType: "Guest" } } as const;
  await pass.apply({ changes: [{ put: ana }] });
  await pass.finish();
  for await (const record of inventory.known("Principal")) expect(record).toEqual(ana);
  await inventory.close();
});

test("a file that is no inventory is refused and left as it is", async () => {
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, "not a database");
  await expect(openInventory(path)).rejects.toMatchObject({ code: "unreadable" });
});
