/** `reach AGENT --people` as it is typed: a line for each mode, columns for programs, and what cannot be asked. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { run } from "./cli.ts";
import { PEOPLE } from "./people-records.ts";

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "forereach-e2e-"));
  const file = join(folder, "people.jsonl");
  writeFileSync(file, PEOPLE.map((line) => JSON.stringify(line)).join("\n"));
  const { code, stderr } = await run(["import", file], { folder });
  expect(code, stderr).toBe(0);
});

afterAll(() => rmSync(folder, { recursive: true }));

test("people read who gains and who has most; without --people, how many may use it", async () => {
  const asked = await run(["reach", "Help desk", "--people"], { folder });
  expect(asked.code, asked.stderr).toBe(0);
  expect(asked.stdout.split("\n").slice(-3)).toEqual([
    "Help desk, maker: 2 people may use it; 1 person gains what their own access does not read.",
    "Help desk, on-behalf-of: 2 people may use it; most: Clerk Amber 17 (ana), who reads 1 item through it now, 1 of them sensitive.",
    "",
  ]);
  const { stdout } = await run(["reach", "Help desk"], { folder });
  expect(stdout).toContain("Help desk, maker: 2 people may use it. Who gains, or has most: --people\n");
});

test("programs get columns, empty where nobody asked", async () => {
  const rowsOf = async (...more: string[]) =>
    (await run(["reach", "desk", "--format", "json", ...more], { folder })).stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .map(({ mode, audience_count, worst_user, gainers }) => [mode, audience_count, worst_user, gainers]);
  expect(await rowsOf("--people")).toEqual([
    ["maker", 2, "", 1],
    ["on-behalf-of", 2, "ana", 0],
  ]);
  expect(await rowsOf()).toEqual([
    ["maker", 2, "", null],
    ["on-behalf-of", 2, "", null],
  ]);
});

test.each([
  [
    ["reach", "--people"],
    /^--people asks about the people of an agent\n→ forereach --data \S+ reach AGENT --people\n$/,
  ],
  [["reach", "nobody", "--people"], /no agent is called "nobody"/],
  [["reach", "desk", "--people", "--user", "ana"], /cannot be used with option '--user <USER>'/],
])("%s is refused", async (typed, message) => {
  const { code, stderr } = await run(typed, { folder });
  expect(code).toBe(2);
  expect(stderr).toMatch(message);
});
