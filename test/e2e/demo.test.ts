/** What a newcomer runs first, and what must never leak from any scan. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { newFolder, run, scan, serve, smallTenant } from "./cli.ts";

test("the demo says who reaches most and what was not read, and writes a page that loads nothing", async () => {
  const folder = newFolder();
  const page = join(folder, "demo.html");
  const { code, stdout, stderr } = await run(["demo", "--page", page], { folder });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(/^520 agents; \d+ can read data now, \d+ of them sensitive data/m);
  const table = stdout.slice(stdout.indexOf("Agents that can read most sensitive items now:")).split("\n");
  expect(table[1]).toMatch(/agent +owner +sensitive +unlabeled sensitive +items +coverage +by which path/);
  expect(table.slice(3, 23).every((line) => line.includes(" → "))).toBe(true);
  expect(stdout).toMatch(/^Not read completely .*: 1 part, 1 of them accepted/m);
  expect(stdout).toMatch(/^ +denied +azure\.blobs: /m);

  // What it says to type next finds the demo's data.
  const [, ...next] = /^ {2}forereach (--data \S+) explain "([^"]+)" "([^"]+)"$/m.exec(stdout) ?? [];
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
