/** Where answers go: the same options for every command that prints rows. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { asLines, tenants } from "../oracle/tenants.ts";
import { CLI, jsonLines, metaOf, newFolder, recordsIn, run } from "./cli.ts";

const ref = (kind: string, id: string) => ({ kind, id });
const records = [
  { put: { ...ref("Agent", "a1"), props: { name: "Bot" } } },
  { put: { ...ref("Principal", "a1"), props: { kind: "AgentIdentity", enabled: true } } },
  { put: { ...ref("Principal", "u1"), props: { kind: "User", name: "Ana" } } },
  {
    put: {
      kind: "ACTS_AS",
      from: ref("Agent", "a1"),
      to: ref("Principal", "a1"),
      props: { key: "app", mode: "app" },
    },
  },
  { put: { ...ref("Scope", "box"), props: { kind: "Container", name: "box", plane: "azure" } } },
  ...["a1", "u1"].map((id) => ({
    put: {
      ...{ kind: "GRANTED", from: ref("Principal", id), to: ref("Scope", "box") },
      props: { key: `g-${id}`, flow: "containment", read: true, see: true, role: "Reader" },
    },
  })),
  ...Array.from({ length: 2_500 }, (_, i) => ({
    put: { ...ref("Item", `i${String(i).padStart(4, "0")}`), props: {} },
  })),
  { coverage: { step: "azure.blobs", scope: "box", state: "denied", reason: "403" } },
];

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "forereach-output-"));
  const file = recordsIn(folder, records, "own");
  expect(await run(["import", file], { folder })).toMatchObject({ code: 0 });
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const manifestOf = (path: string) => JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;

test.each([
  ["who", ["who", "box"], 3],
  ["reach", ["reach", "--all"], 1],
  ["query", ["query", "MATCH (p:Principal) RETURN p.id AS id ORDER BY id"], 2],
  ["findings", ["findings"], 0],
  ["coverage", ["coverage"], 1],
])("%s writes a file with its coverage and a manifest that fits it", async (_, args, rows) => {
  const to = newFolder();
  const out = join(to, "rows.csv");
  const ended = await run([...args, "--out", out], { folder });
  expect(ended.code).toBe(3);
  expect(readdirSync(to).sort()).toEqual(["rows.coverage.csv", "rows.csv", "rows.manifest.json"]);
  const text = readFileSync(out);
  expect(text.toString().trimEnd().split("\r\n")).toHaveLength(rows + 1);
  expect(manifestOf(join(to, "rows.manifest.json"))).toMatchObject({
    ...{ rows, sha256: createHash("sha256").update(text).digest("hex") },
    command: expect.stringContaining(args[0]!) as string,
  });
  expect(readFileSync(join(to, "rows.coverage.csv"), "utf8")).toContain("azure.blobs,box,denied,403");
});

test("who says the same in every format: agents with their rights, people with what they hold", async () => {
  const { stdout } = await run(["who", "box", "--format", "json"], { folder });
  const rows = jsonLines<Record<string, unknown>>(stdout);
  expect(rows).toMatchObject([
    { who: "Bot", kind: "agent", read: "yes", write: "no", tier: "now", grant_id: "g-a1" },
    { who: "a1", kind: "AgentIdentity", read: null },
    { who: "Ana", kind: "User", read: null, by: "Reader at box" },
  ]);
  const out = join(newFolder(), "who.parquet");
  expect((await run(["who", "box", "--out", out], { folder })).stdout).toContain("Wrote 3 rows");
  expect(readFileSync(out).subarray(0, 4).toString()).toBe("PAR1");
});

test("explain writes what it would print", async () => {
  const to = newFolder();
  const shown = await run(["explain", "Bot", "box"], { folder });
  await run(["explain", "Bot", "box", "--out", join(to, "why.txt")], { folder });
  expect(readFileSync(join(to, "why.txt"), "utf8")).toBe(shown.stdout);
  expect(shown.stdout).toContain("to revoke: g-a1");
  await run(["explain", "Bot", "box", "--out", join(to, "why.json")], { folder });
  expect(manifestOf(join(to, "why.json"))).toMatchObject({
    agent: "a1",
    scope: "box",
    rows: [{ read: "yes" }],
  });
});

test.each([
  [["who", "box", "--out", "rows.txt"], /not clear from its name/],
  [["who", "box", "--out", "rows.html"], /not clear from its name/],
  [["reach", "--all", "--out", "rows.csv", "--format", "table"], /for the terminal/],
  [["reach", "--all", "--format", "parquet"], /goes to a file/],
  [["reach", "--all", "--format", "csv", "--out", "-"], /--out takes a file/],
  [["reach", "--all", "--excel", "--format", "json"], /about CSV/],
])("%j is refused before anything is written", async (args, why) => {
  const cwd = newFolder();
  const ended = await run(args, { folder, cwd });
  expect(ended).toMatchObject({ code: 2, stdout: "" });
  expect(ended.stderr).toMatch(why);
  expect(readdirSync(cwd)).toEqual([]);
});

test("rows of an ad hoc query come as they are found, in order, and none is lost between two groups", async () => {
  const { stdout, code } = await run(
    ["query", "MATCH (i:Item) RETURN i.id AS id ORDER BY id", "--format", "csv"],
    { folder },
  );
  expect(code).toBe(3);
  const ids = stdout.trimEnd().split("\r\n").slice(1);
  expect(ids).toEqual(Array.from({ length: 2_500 }, (_, i) => `i${String(i).padStart(4, "0")}`));
});

test("an ad hoc query finds rows that the optimizer of the engine would lose, in any way to write it", async () => {
  const tenant = newFolder();
  const file = join(newFolder(), "tenants.jsonl");
  writeFileSync(file, `${asLines(tenants(6, 11, 16).flat()).join("\n")}\n`);
  expect(await run(["import", file], { folder: tenant })).toMatchObject({ code: 0 });
  const asked = async (end: string) => {
    const query = `MATCH (:Principal)-[g:GRANTED]->(:Scope) WHERE g.key = 'b0' WITH DISTINCT g.code AS witness
      MATCH (a:Agent)-[r:CAN_REACH]->(s:Scope) ${end} RETURN a.id AS agent, s.id AS scope ORDER BY agent, scope`;
    return jsonLines((await run(["query", query, "--format", "json"], { folder: tenant })).stdout);
  };
  const rows = await asked("WITH a, r, s, witness WHERE r.grant = witness AND r.absorbed = false");
  expect(rows.length).toBeGreaterThan(0);
  expect(await asked("WHERE r.grant = witness AND r.absorbed = false")).toEqual(rows);
});

test("an ad hoc query holds two groups of rows at most, and ends when nobody reads on or a limit is passed", async () => {
  const { runIsolated, QUERY_LIMITS } = (await import(
    new URL("../../dist/src/ask/isolated.js", import.meta.url).href
  )) as typeof import("../../src/ask/isolated.ts");
  const graph = join(folder, "graph", metaOf(folder).graph);
  const cypher = "MATCH (i:Item) RETURN i.id AS id";
  for await (const row of runIsolated(graph, cypher, {})) {
    expect(row.id).toMatch(/^i/);
    break;
  }
  let seen = 0;
  const tooMany = async () => {
    for await (const _ of runIsolated(graph, cypher, {}, { ...QUERY_LIMITS, rows: 1_500 })) seen++;
  };
  await expect(tooMany()).rejects.toMatchObject({ code: "query-too-large", name: "StoreError" });
  expect(seen).toBe(1_000);
  const wrong = async () => {
    for await (const _ of runIsolated(graph, "MATCH (x:Nothing) RETURN x", {}));
  };
  await expect(wrong()).rejects.toMatchObject({ code: "query-failed" });
  const late = async () => {
    for await (const _ of runIsolated(graph, cypher, {}, { ...QUERY_LIMITS, time: 0 }));
  };
  await expect(late()).rejects.toMatchObject({ code: "query-too-long", name: "StoreError" });
  const pairs = "MATCH (i:Item), (j:Item) WITH i.id + ' beside ' + j.id AS pair, count(*) AS n RETURN sum(n)";
  const large = async () => {
    for await (const _ of runIsolated(graph, pairs, {}, { ...QUERY_LIMITS, memory: 64 * 1024 ** 2 }));
  };
  await expect(large()).rejects.toMatchObject({
    ...{ code: "query-too-large", name: "StoreError" },
    ...{
      message: expect.stringContaining("64 MB") as string,
      fix: expect.stringMatching(/^narrow it/) as string,
    },
  });
});

test("a query that fails half way leaves no file", async () => {
  const out = join(newFolder(), "rows.csv");
  const ended = await run(["query", "MATCH (x:Nothing) RETURN x", "--out", out], { folder });
  expect(ended.code).toBe(2);
  expect(existsSync(out)).toBe(false);
});

test.each(["=", "<>"])(
  "a parameter that was not given is refused where a condition has %s it",
  async (is) => {
    const cypher = `MATCH (p:Principal) WHERE p.id ${is} $who RETURN p.id AS id`;
    const refused = await run(["query", cypher], { folder });
    expect(refused).toMatchObject({ code: 2, stdout: "" });
    expect(refused.stderr).toContain("$who");
    expect(refused.stderr).toContain("--param who=VALUE");
    const answered = await run(["query", cypher, "--param", "who=u1", "--format", "csv"], { folder });
    expect(answered.stdout).toBe(`id\r\n${is === "=" ? "u1" : "a1"}\r\n`);
  },
);

test.each([
  [
    "of one's own",
    ["query", "MATCH (p:Principal) WHERE p.name = 'Nobody' RETURN p.id AS id, p.name"],
    "id,p.name",
  ],
  ["that is saved", ["query", "agents-with-the-same-reach"], "agent,agent_name,twin,twin_name,rows"],
])("an answer without rows to a query %s has its columns", async (_, args, columns) => {
  const csv = await run([...args, "--format", "csv"], { folder });
  expect(csv).toMatchObject({ code: 3, stdout: `${columns}\r\n` });
  const to = newFolder();
  const written = await run([...args, "--out", join(to, "none.parquet")], { folder });
  expect(written).toMatchObject({ code: 3, stdout: expect.stringMatching(/^Wrote 0 rows: /) as string });
  expect(readFileSync(join(to, "none.parquet")).subarray(0, 4).toString()).toBe("PAR1");
  expect(manifestOf(join(to, "none.parquet.manifest.json"))).toMatchObject({ rows: 0 });
  expect((await run(args, { folder })).stdout).toBe(
    "No rows.\nNot read completely: azure.blobs. Agents that are not listed are unknown, not excluded.\n",
  );
});

test("explain --all writes every path, how many there are, and the fewest grants to take away", async () => {
  const { stdout, code } = await run(["explain", "Bot", "box", "--all"], { folder });
  expect(code).toBe(3);
  expect(stdout).toContain("     1  Bot → [Reader] box\n1 path in all.\n");
  expect(stdout).toContain("revoke Reader of a1 on box: g-a1");
  const json = await run(["explain", "Bot", "box", "--all", "--format", "json"], { folder });
  expect(JSON.parse(json.stdout)).toMatchObject({
    rows: [{ read: "yes" }],
    paths: [[{ id: "a1" }, { via: "ACTS_AS" }, { id: "box", grant: { id: "g-a1" } }]],
    ...{ total: 1, cut: [{ kind: "GRANTED", id: "g-a1" }] },
  });
});

test.skipIf(!existsSync("/dev/full"))("an answer that nobody can take is one message and exit code 4", () => {
  const piped = (to: string) =>
    spawnSync(
      "bash",
      ["-c", `"$0" "$@" ${to}`, process.execPath, CLI, "--data", folder, "reach", "--all", "--format", "csv"],
      { encoding: "utf8" },
    );
  const full = piped("> /dev/full");
  expect(full.status).toBe(4);
  expect(full.stderr).toMatch(/^ENOSPC[^\n]*\n→ [^\n]*\n$/);
  expect(piped("| true").stderr).toMatch(/^(Incomplete[^\n]*\n)?$/);
});

test("a Parquet file on a full disk is one message and exit code 4, and nothing is left of it", async () => {
  const to = newFolder();
  const ended = await run(["reach", "--all", "--out", join(to, "rows.parquet")], { folder, fileLimit: 4 });
  expect(ended).toMatchObject({ code: 4, stdout: "" });
  expect(ended.stderr).toMatch(/^The disk is full: [^\n]*rows\.parquet was not written\.\n→ [^\n]*\n$/);
  expect(readdirSync(to)).toEqual([]);
});

test("names neither steer the terminal nor the shell, and the command of a manifest can be run", async () => {
  const own = newFolder();
  const file = join(own, "names.jsonl");
  const steering = "\u001b[31mred\nNext: forged";
  const renamed = [
    { put: { ...ref("Agent", "a1"), props: { name: `Bot ${steering}` } } },
    { put: { ...ref("Agent", "a2"), props: { name: "Bot $(touch x)" } } },
    {
      put: { ...ref("Scope", "box"), props: { kind: "Container", name: `box ${steering}`, plane: "azure" } },
    },
    {
      put: { kind: "ACTS_AS", from: ref("Agent", "a2"), to: ref("Principal", "a2"), props: { mode: "app" } },
    },
  ];
  const kept = records.filter((line) => !JSON.stringify(line).includes('"Item"'));
  writeFileSync(file, [...kept, ...renamed].map((line) => JSON.stringify(line)).join("\n"));
  expect(await run(["import", file], { folder: own })).toMatchObject({ code: 0 });
  const top = await run(["reach"], { folder: own });
  // Whoever types it asks the same folder.
  expect(top.stdout).toContain(
    `\nNext:\n  forereach --data ${own} reach a1\n  forereach --data ${own} explain a1 box\n`,
  );
  const why = await run(["explain", "a1", "box", "--all"], { folder: own });
  for (const { stdout } of [top, why]) {
    expect(stdout).not.toContain("\u001b");
    expect(stdout).not.toContain("\nNext: forged");
  }
  const out = join(own, "a file.csv");
  await run(["reach", "Bot $(touch x)", "--out", out], { folder: own });
  expect(manifestOf(join(own, "a file.manifest.json")).command).toBe(
    `forereach --data ${own} reach 'Bot $(touch x)' --out "${out}"`,
  );
});

test.each([
  ["of several agents", ["Twin", "Twin"]],
  ["like a flag", ["--all"]],
  ["like a glob", ["Bot *", "Bot 7"]],
  ["that is the id of another", ["second", "Bot"]],
])("what to type next has the id instead of a name %s", async (_, names) => {
  const own = newFolder();
  const agents = names.map((name, i) => ({
    put: { ...ref("Agent", i === 0 ? "a1" : "second"), props: { name } },
  }));
  const kept = records.filter((line) => !JSON.stringify(line).includes('"Item"'));
  expect((await run(["import", recordsIn(own, [...kept, ...agents])], { folder: own })).code).toBe(0);
  expect((await run(["reach"], { folder: own })).stdout).toContain(
    `\nNext:\n  forereach --data ${own} reach a1\n  forereach --data ${own} explain a1 box\n`,
  );
});

test("how many rows a table leaves out is said with what writes them, of findings too", async () => {
  const own = newFolder();
  const meta = { ...metaOf(folder), findings: [] as unknown[] };
  for (let i = 0; i < 1_001; i++)
    meta.findings.push({ severity: "low", status: "new", title: `Finding ${i}`, row: {} });
  writeFileSync(join(own, "graph.json"), JSON.stringify(meta));
  cpSync(join(folder, "graph"), join(own, "graph"), { recursive: true });
  const out = join(own, "found.csv");
  const { stdout } = await run(["findings"], { folder: own });
  const [, typed] = /^… and 1 more rows: (.*) writes them all\.$/m.exec(stdout) ?? [];
  const flags = (typed ?? "").replace("FILE", out).split(" ");
  expect((await run(["findings", ...flags], { folder: own })).stdout).toContain("Wrote 1,001 rows");
});

test("help offers a page where one is written, and nowhere else", async () => {
  for (const [command, offered] of [
    ["reach", true],
    ["who", false],
    ["query", false],
  ] as const)
    expect((await run([command, "--help"])).stdout.includes(".html"), command).toBe(offered);
});
