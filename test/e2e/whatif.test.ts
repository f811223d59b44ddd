/** `reach --with` and `reach --user`, as a person types them. */
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { jsonLines, newFolder, run, start } from "./cli.ts";

type Props = Readonly<Record<string, unknown>>;
const ref = (kind: string, id: string) => ({ kind, id });
const node = (kind: string, id: string, props: Props = {}) => ({ put: { kind, id, props } });
const rel = (kind: string, from: object, to: object, props: Props = {}) => ({
  put: { kind, from, to, props },
});
const principal = (id: string) => ref("Principal", id);
const grant = (who: string, where: string, key: string, props: Props) =>
  rel("GRANTED", principal(who), ref("Scope", where), { key, flow: "containment", see: true, ...props });
const actsAs = (agent: string, who: string) =>
  rel("ACTS_AS", ref("Agent", agent), principal(who), { key: "app", mode: "app" });
const inGroup = (who: string, group: string, props: Props = {}) =>
  rel("MEMBER_OF", principal(who), principal(group), props);
const mayUse = (who: string, agent: string) => rel("MAY_USE", principal(who), ref("Agent", agent));
const removed = (kind: string, from: object, to: object, key?: string) => ({
  remove: { kind, from, to, key },
});

/** A bot that reads a box; a help desk that acts for whoever asks; a group that reads the account of the box. */
const RECORDS = [
  node("Agent", "bot", { name: "Bot" }),
  node("Principal", "bot", { kind: "AgentIdentity", enabled: true }),
  actsAs("bot", "bot"),
  node("Agent", "desk", { name: "Help desk" }),
  node("Principal", "client", { kind: "ServicePrincipal" }),
  actsAs("desk", "client"),
  rel("CONSENTED", principal("client"), ref("Scope", "account"), {
    ...{ key: "c", type: "delegated", permission: "user_impersonation" },
  }),
  node("Principal", "finance", { kind: "Group", name: "Finance" }),
  node("Principal", "inner", { kind: "Group", name: "Inner" }),
  node("Principal", "ana", { kind: "User", name: "Ana", aliases: ["upn:ana@contoso.example"] }),
  node("Principal", "ben", { kind: "User", name: "Ben" }),
  node("Principal", "eve", { kind: "Guest", name: "Eve" }),
  node("Principal", "off", { kind: "User", name: "Off", enabled: false }),
  inGroup("inner", "finance"),
  inGroup("ana", "inner"),
  inGroup("off", "inner"),
  inGroup("eve", "inner", { tier: "potential" }),
  mayUse("finance", "desk"),
  mayUse("eve", "desk"),
  node("Scope", "account", { kind: "StorageAccount", name: "account", plane: "azure" }),
  node("Scope", "box", { kind: "Container", name: "box", plane: "azure" }),
  rel("WITHIN", ref("Scope", "box"), ref("Scope", "account")),
  grant("finance", "account", "g-finance", { read: true, role: "Reader" }),
  grant("bot", "box", "g-bot", { read: true, role: "Reader" }),
  grant("eve", "box", "g-eve", { read: true, write: true, role: "Writer" }),
  node("Label", "secret", { kind: "Sensitivity", name: "Secret", priority: 9 }),
  node("Item", "i", { types: "IBAN" }),
  rel("PROTECTED_BY", ref("Item", "i"), ref("Scope", "box")),
  rel("LABELED", ref("Item", "i"), ref("Label", "secret")),
];
/** A planned agent is three lines. */
const PLANNED = [
  node("Agent", "new", { name: "Planned" }),
  actsAs("new", "new-id"),
  inGroup("new-id", "finance"),
];

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "forereach-whatif-"));
  expect(await run(["import", fileOf(RECORDS, folder)], { folder })).toMatchObject({ code: 0 });
  rmSync(join(folder, "lines.jsonl"));
  untouched = digests();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let untouched: readonly string[];
/** Every file of the data folder, by name and content. */
const digests = (): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((file) => `${file} ${createHash("sha256").update(readFileSync(file)).digest("hex")}`);
// Whatever was asked, and however it ended, the data stays as it is and nothing is left beside it.
afterEach(() => expect(digests()).toEqual(untouched));

function fileOf(lines: readonly unknown[], where = newFolder()): string {
  const file = join(where, "lines.jsonl");
  writeFileSync(
    file,
    lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line))).join("\n"),
  );
  return file;
}
const withFile = (lines: readonly unknown[], ...more: string[]) =>
  run(["reach", ...more, "--with", fileOf(lines)], { folder });
const rowsOf = (stdout: string) => jsonLines<Props>(stdout);

describe("what if", () => {
  test("a planned agent is three lines: its rows are new, and the exit code says that something is gained", async () => {
    const ended = await withFile(PLANNED, "--format", "json");
    expect(ended).toMatchObject({ code: 1, stderr: "" });
    expect(rowsOf(ended.stdout)).toMatchObject([
      {
        ...{ agent_id: "new", agent_name: "Planned", scope_id: "account", covers: "subtree" },
        ...{
          read: "yes",
          write: "no",
          tier: "now",
          grant_id: "g-finance",
          total_items: 1,
          top_label: "Secret",
        },
        ...{ change: "new", gained: "yes", before_read: "no", before_tier: "" },
        path: "Planned → new-id → Finance → [Reader] account",
      },
    ]);
    expect(rowsOf(ended.stdout)[0]?.snapshot).toMatch(/^[0-9a-f]{32}\+[0-9a-f]{8}$/);
  });

  test("people see what changes, place by place, and how much by label", async () => {
    const { code, stdout } = await withFile([
      grant("bot", "box", "g-more", { write: true, role: "Writer" }),
      removed("MEMBER_OF", principal("inner"), principal("finance")),
    ]);
    expect(code).toBe(1);
    expect(stdout).toContain("nothing was changed");
    expect(stdout).toMatch(/changed +Bot +box .* no → yes/);
    expect(stdout).toMatch(/gone +Help desk +account/);
    expect(stdout).toMatch(/changed +Secret +1 +1 +1\n/);
    // Eve still reads what lies there, in a row of its own.
    expect(stdout).toMatch(/gone +Secret +1 +0 +0\n/);
  });

  test("what only takes away gains nothing: exit code 0", async () => {
    const ended = await withFile([removed("GRANTED", principal("bot"), ref("Scope", "box"), "g-bot")], "Bot");
    expect(ended.code).toBe(0);
    expect(ended.stdout).toMatch(/gone +Bot +box/);
    expect(ended.stdout).toContain("No agent would gain");
  });

  test("what changes nothing says so, and a gap that it would leave makes the answer incomplete", async () => {
    const nothing = await withFile([node("Principal", "ben", { name: "Benedict" })]);
    expect(nothing).toMatchObject({ code: 0, stderr: "" });
    expect(nothing.stdout).toContain("Nothing would be new, change or go.");
    const gap = await withFile([{ coverage: { step: "azure.blobs", scope: "box", state: "denied" } }]);
    expect(gap.code).toBe(3);
    expect(gap.stderr).toContain("1 part was not read completely");
  });

  test("an id of which nothing is known is no clean answer: it may be a slip", async () => {
    const ended = await withFile([...PLANNED.slice(0, 2), inGroup("new-id", "finanse")], "--scope", "box");
    expect(ended).toMatchObject({ code: 3 });
    expect(ended.stderr).toContain(
      'import.lines: nothing is known of Principal "finanse", and no line puts it\n→ correct the id in the file',
    );
  });

  test("such an id is found wherever it stands: who gets something, where, what goes, whom a deny spares", async () => {
    const { stderr } = await withFile([
      ...PLANNED,
      grant("bott", "box", "g", { write: true }),
      grant("new-id", "bax", "g", { read: true }),
      { remove: ref("Principal", "finanse") },
      removed("MEMBER_OF", principal("innr"), principal("finance")),
      rel("DENIED", principal("finance"), ref("Scope", "box"), { key: "d", write: true, excluded: ["anna"] }),
    ]);
    for (const id of ["bott", "bax", "finanse", "innr", "anna"]) expect(stderr).toContain(`"${id}"`);
    expect(stderr).toContain("and no line puts them");
  });

  test("ids that lines lead to and away from, or that every tenant has, need no record", async () => {
    const link = [inGroup("ben", "between"), inGroup("between", "finance")];
    expect(await withFile(link)).toMatchObject({ code: 0, stderr: "" });
    const everyone = [rel("DENIED", principal("everyone"), ref("Scope", "box"), { key: "d", write: true })];
    expect(await withFile(everyone)).toMatchObject({ stderr: "" });
  });

  test("it is narrowed like any other answer, by each of the options", async () => {
    const lines = [
      ...PLANNED,
      grant("bot", "account", "g-late", { assign: true, tier: "potential" }),
      // Each of these would be a row, too, if one of the options were not heeded.
      grant("new-id", "account", "g-other-agent", { assign: true, tier: "potential" }),
      grant("bot", "account", "g-now", { write: true, tier: "conditional" }),
      rel("ACTS_AS", ref("Agent", "bot"), principal("made"), { key: "maker", mode: "maker" }),
      node("Principal", "made", { kind: "User" }),
      grant("made", "account", "g-other-mode", { assign: true, tier: "potential" }),
      node("Scope", "far", { kind: "StorageAccount", name: "far", plane: "azure" }),
      grant("bot", "far", "g-far", { assign: true, tier: "potential" }),
    ];
    const rows = async (...more: string[]) =>
      rowsOf((await withFile(lines, "--format", "json", ...more)).stdout).map(
        (row) => `${row.agent_id} ${row.mode} ${row.scope_id} ${row.tier}`,
      );
    expect(await rows("B*", "--tier", "potential", "--mode", "app", "--scope", "box")).toEqual([
      "bot app account potential",
    ]);
    const all = await rows();
    for (const other of [
      "new app account potential",
      "bot app account conditional",
      "bot maker account potential",
      "bot app far potential",
    ])
      expect(all).toContain(other);
    expect(await rows("new", "--tier", "now", "--expand")).toEqual([
      "new app account now",
      "new app box now",
    ]);
  });

  const container = (id: string, account: string) => [
    node("Scope", id, { kind: "Container", name: id, plane: "azure" }),
    rel("WITHIN", ref("Scope", id), ref("Scope", account)),
  ];
  const far = node("Scope", "far", { kind: "StorageAccount", name: "far", plane: "azure" });
  const planned = [node("Agent", "new", { name: "Planned" }), actsAs("new", "new-id")];

  test.each<[string, unknown[], string[], string[]]>([
    ["a part of it", [grant("new-id", "box", "g", { read: true })], [], ["new box new"]],
    [
      "a part of it, place by place",
      [grant("new-id", "box", "g", { read: true })],
      ["--expand"],
      ["new box new"],
    ],
    [
      "a part that comes with it",
      [...container("crate", "account"), grant("new-id", "crate", "g", { read: true })],
      [],
      ["new crate new"],
    ],
    [
      "a part that is named by an alias",
      [
        node("Scope", "crate", { name: "crate", plane: "azure", aliases: ["path:crate"] }),
        rel("WITHIN", { kind: "Scope", alias: "path:crate" }, ref("Scope", "account")),
        grant("new-id", "crate", "g", { read: true }),
      ],
      [],
      ["new crate new"],
    ],
    [
      "another account alone",
      [far, ...container("crate", "far"), grant("new-id", "crate", "g", { read: true })],
      [],
      [],
    ],
  ])("who would get to %s is found by the question about an account", async (_, lines, more, rows) => {
    const asked = ["Planned", "--tier", "now", "--scope", "account", "--format", "json", ...more];
    const ended = await withFile([...planned, ...lines], ...asked);
    expect(rowsOf(ended.stdout).map((row) => `${row.agent_id} ${row.scope_id} ${row.change}`)).toEqual(rows);
    expect(ended.code).toBe(rows.length === 0 ? 0 : 1);
  });

  test("a file of it comes with its coverage and a manifest, and columns that say what was", async () => {
    const to = newFolder();
    const ended = await withFile(PLANNED, "--out", join(to, "plan.csv"));
    expect(ended.code).toBe(1);
    expect(ended.stdout).toContain("Wrote 1 rows");
    expect(readdirSync(to).sort()).toEqual(["plan.coverage.csv", "plan.csv", "plan.manifest.json"]);
    const [head, line] = readFileSync(join(to, "plan.csv"), "utf8").split("\r\n");
    expect(head).toMatch(
      /,change,gained,before_covers,before_discover,before_read,before_write,before_manage,before_use,before_tier,before_certainty$/,
    );
    expect(line).toMatch(/,new,yes,,no,no,no,no,no,,$/);
  });

  test.each([
    [
      "a line that does not fit",
      [...PLANNED, '{"put":{"kind":"Agnt","id":"x"}}'],
      [],
      /line 4: .*did you mean "Agent"/,
    ],
    ["a line that is no JSON", ["{"], [], /line 1: not valid JSON/],
    ["an agent that nobody knows", PLANNED, ["Nobody"], /no agent is called "Nobody"/],
    ["a place that nobody knows", PLANNED, ["--scope", "nowhere"], /no scope is called "nowhere"/],
    ["a page", PLANNED, ["--out", "page.html"], /has no page/],
    ["a user besides", PLANNED, ["Bot", "--user", "Ana"], /cannot be used with/],
  ])("%s is refused with one error", async (_, lines, more, why) => {
    const ended = await withFile(lines, ...more);
    expect(ended.code).toBe(2);
    expect(ended.stderr).toMatch(why);
  });

  test("a file that is not there is refused", async () => {
    const ended = await run(["reach", "--with", "nowhere.jsonl"], { folder });
    expect(ended).toMatchObject({ code: 2, stdout: "" });
    expect(ended.stderr).toContain("cannot read nowhere.jsonl");
  });

  test("an interruption leaves nothing behind, and neither does a process that was killed, in the end", async () => {
    const people = Array.from({ length: 60_000 }, (_, i) => node("Principal", `p${i}`, { kind: "User" }));
    const file = fileOf(people);
    const [stopped, killed] = [
      start(["reach", "--with", file], { folder }),
      start(["reach", "--with", file], { folder }),
    ];
    const begun = (pid: number | undefined) =>
      readdirSync(folder).some((name) => name.startsWith(`whatif-${pid}-`));
    while (!begun(stopped.child.pid) || !begun(killed.child.pid))
      await new Promise((done) => setTimeout(done, 20));
    stopped.child.kill("SIGINT");
    killed.child.kill("SIGKILL");
    expect((await stopped.ended).code).toBe(130);
    await killed.ended;
    expect(begun(stopped.child.pid)).toBe(false);
    expect(begun(killed.child.pid)).toBe(true);
    expect((await withFile([])).code).toBe(0);
    expect(begun(killed.child.pid)).toBe(false);
  });

  test("an answer of facts that are not in the graph yet is not compared", async () => {
    const own = newFolder();
    expect(await run(["import", fileOf(RECORDS)], { folder: own })).toMatchObject({ code: 0 });
    const graph = JSON.parse(readFileSync(join(own, "graph.json"), "utf8")) as Props;
    for (const [stale, why] of [
      [{ ...graph, snapshot: "0".repeat(32) }, /does not show what the inventory holds/],
      [{ ...graph, rules: undefined }, /derived by another version/],
    ] as const) {
      writeFileSync(join(own, "graph.json"), JSON.stringify(stale));
      const ended = await run(["reach", "--with", fileOf(PLANNED)], { folder: own });
      expect(ended.code).toBe(4);
      expect(ended.stderr).toMatch(why);
    }
    expect(readdirSync(own).some((name) => name.startsWith("whatif-"))).toBe(false);
  });
});

describe("for a user", () => {
  const forUser = (user: string, ...more: string[]) =>
    run(["reach", "desk", "--user", user, "--format", "json", ...more], { folder });

  test.each(["ANA@contoso.example", "a?a"])(
    "%s: what this person reaches through the agent, and what others reach is not theirs",
    async (user) => {
      const ended = await forUser(user);
      expect(ended).toMatchObject({ code: 0, stderr: "" });
      expect(rowsOf(ended.stdout)).toMatchObject([
        {
          ...{
            agent_id: "desk",
            mode: "on-behalf-of",
            scope_id: "account",
            read: "yes",
            write: "no",
            tier: "now",
          },
          ...{ principal_id: "ana", audience_count: 2 },
        },
      ]);
    },
  );

  test("another person reaches something else, and everybody together reach both", async () => {
    const eve = rowsOf((await forUser("Eve", "--tier", "now")).stdout);
    expect(eve).toMatchObject([{ scope_id: "box", write: "yes", principal_id: "eve" }]);
    const all = await run(["reach", "desk", "--mode", "on-behalf-of", "--format", "json"], { folder });
    expect(rowsOf(all.stdout)).toMatchObject([
      { scope_id: "account", audience_count: 2 },
      { scope_id: "box", audience_count: 2 },
    ]);
  });

  test.each([
    ["Ben", "who is in no group that may"],
    ["Off", "whose account is disabled"],
  ])("%s, %s, has no rows, and it is said why", async (user) => {
    const ended = await forUser(user);
    expect(ended).toMatchObject({ code: 0, stdout: "" });
    expect(ended.stderr).toContain(`${user} may not use: desk`);
  });

  test("where nobody read who may use an agent, the answer is unknown, not empty", async () => {
    const ended = await run(["reach", "bot", "--user", "Ana", "--format", "json"], { folder });
    expect(ended).toMatchObject({ code: 3, stdout: "" });
    expect(ended.stderr).toContain("was not read");
  });

  test.each([
    [["desk", "--user", "*n*"], /fits 2 users:\n {2}ana {2}Ana {2}ana@contoso\.example\n {2}ben/],
    [["desk", "--user", "Zoe"], /no user is called "Zoe"/],
    [["desk", "--user", "Finance"], /no user is called "Finance"/],
    [["--user", "Ana"], /one agent/],
    [["desk", "--user", "Ana", "--mode", "app"], /cannot be used with/],
  ])("%j is refused", async (args, why) => {
    const ended = await run(["reach", ...args], { folder });
    expect(ended.code).toBe(2);
    expect(ended.stderr).toMatch(why);
  });
});
