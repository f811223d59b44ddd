/** What a newcomer runs first, and what must never leak from any scan. */
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { packageRoot } from "../../src/root.ts";
import { CLI, type Ended, newFolder, run, scan, serve, smallTenant } from "./cli.ts";

/** Where somebody types the commands of the README, with the data in `.forereach`. */
let work: string;
let folder: string;
let page: string;
let demo: Ended;
beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), "forereach-demo-"));
  folder = join(work, ".forereach");
  page = join(work, "demo.html");
  demo = await run(["demo", "--page", page], { folder });
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

test("the demo says who reaches most and what was not read, and writes a page that loads nothing", async () => {
  const { code, stdout, stderr } = demo;
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(/^520 agents; \d+ can read data now, \d+ of them sensitive data/m);
  const table = stdout.slice(stdout.indexOf("Agents that can read most sensitive items now:")).split("\n");
  expect(table[1]).toMatch(/agent +owner +sensitive +unlabeled sensitive +items +coverage +by which path/);
  expect(table.slice(3, 23).every((line) => line.includes(" → "))).toBe(true);
  expect(stdout).toMatch(/^Not read completely .*: 1 part, 1 of them accepted/m);
  expect(stdout).toMatch(/^ +denied +azure\.blobs: /m);

  // What it says to type next finds the demo's data.
  const [, ...next] =
    /^ {2}forereach (--data \S+) explain ("[^"]+"|\S+) ("[^"]+"|\S+)$/m
      .exec(stdout)
      ?.map((word) => word.replaceAll('"', "")) ?? [];
  expect(next[0]).toBe(`--data ${join(folder, "demo")}`);
  expect(await run(["explain", next[1]!, next[2]!], { folder: join(folder, "demo") })).toMatchObject({
    ...{ code: 0, stdout: expect.stringContaining("to revoke: ") as string },
  });

  const html = readFileSync(page, "utf8");
  expect(html).toContain("azure.blobs");
  expect(html).not.toMatch(/(src|href|action|data|poster)\s*=\s*["']?\s*(https?:)?\/\//i);
  expect(html).not.toMatch(/@import|url\(\s*["']?\s*(https?:)?\/\/|fetch\(|XMLHttpRequest|import\(/i);

  const counted = async (cypher: string) => {
    const { stdout } = await run(["query", cypher, "--format", "json"], { folder: join(folder, "demo") });
    return Number((JSON.parse(stdout) as { n: number }).n);
  };
  expect(await counted("MATCH (a:Agent) RETURN count(*) AS n")).toBeGreaterThanOrEqual(500);
  // The refused container keeps its files to itself.
  expect(await counted("MATCH (i:Item) RETURN count(*) AS n")).toBeGreaterThanOrEqual(49_000);
});

test("every command that the README gives for the demo answers as written, with rows", {
  timeout: 600_000,
}, async () => {
  const readme = readFileSync(join(packageRoot, "README.md"), "utf8");
  const section = /^## First steps on the demo's data$([\s\S]*?)^## /m.exec(readme)?.[1] ?? "";
  const blocks = [...section.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block]) => block);
  const typed = blocks.join("").match(/^forereach /gm)?.length ?? 0;
  expect(typed).toBeGreaterThanOrEqual(10);
  // The exit code of each, and what was typed, go into a file of their own.
  const forereach = `forereach() { "${process.execPath}" "${CLI}" "$@"; echo "$? $*" >>codes.txt; }`;
  const shell = { cwd: work, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 } as const;
  const ended = await promisify(execFile)("bash", ["-c", [forereach, ...blocks].join("\n")], shell);
  const codes = readFileSync(join(work, "codes.txt"), "utf8").trimEnd().split("\n");
  expect(codes).toHaveLength(typed);
  // A planned agent that would gain something is exit code 1.
  for (const line of codes) expect(line).toMatch(line.includes(" --with ") ? /^1 / : /^0 /);
  expect(ended.stdout).not.toMatch(/No rows|No path/);
  expect(ended.stdout).toContain("Planned bot");
});

test("no token, signature or key is in the inventory, the graph, the recording, the log or the answers", async () => {
  const folder = newFolder();
  const record = join(folder, "recorded.jsonl");
  const simulator = await serve({ tenant: smallTenant() });
  const { code, stdout, stderr } = await scan(simulator, folder, ["--record", record, "--json-log"]);
  expect(code).toBe(0);
  const lines = stderr.trimEnd().split("\n");
  expect(lines.map((line) => typeof JSON.parse(line))).toEqual(lines.map(() => "object"));
  expect(readFileSync(record, "utf8").trimEnd().split("\n").length).toBeGreaterThan(40);

  const texts = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry): [string, string] => [
      entry.name,
      readFileSync(join(entry.parentPath, entry.name), "latin1"),
    ]);
  for (const [name, text] of [...texts, ["stdout", stdout], ["stderr", stderr]] as const) {
    expect(text.includes("token-for-the-simulator"), `${name} holds the token`).toBe(false);
    expect(/bearer [\w.~-]{8,}/i.exec(text)?.[0], `${name} holds a bearer token`).toBeUndefined();
    expect(/[?&]sig=/i.exec(text)?.[0], `${name} holds a signature`).toBeUndefined();
    expect(
      /AccountKey=|"secretText":"(?!<removed>)[^"]/i.exec(text)?.[0],
      `${name} holds a key`,
    ).toBeUndefined();
  }
});
