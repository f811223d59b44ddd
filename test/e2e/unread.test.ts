/** What was not read is never taken for what is not there: gaps above a place, groups, names that nothing bears. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newFolder, recordsIn, run } from "./cli.ts";

type Props = Readonly<Record<string, unknown>>;
type End = { kind: string; id?: string; alias?: string };
const node = (kind: string, id: string, props: Props = {}) => ({ put: { kind, id, props } });
const rel = (kind: string, from: End, to: End, props: Props = {}) => ({ put: { kind, from, to, props } });
const principal = (id: string): End => ({ kind: "Principal", id });
const place = (id: string): End => ({ kind: "Scope", id });
const agent = (id: string): End => ({ kind: "Agent", id });
const gap = (step: string, scope = "") => ({
  coverage: { step, ...(scope === "" ? {} : { scope }), state: "denied", reason: "403" },
});
const reads = (who: string, where: string, props: Props = {}) =>
  rel("GRANTED", principal(who), place(where), { key: "1", flow: "acl", read: true, see: true, ...props });

const fileOf = (lines: readonly unknown[], name = "records", where = newFolder()): string =>
  recordsIn(where, lines, name);
/** Imports into a folder of its own; resolves to what runs commands there. */
async function imported(lines: readonly unknown[], name = "records") {
  const folder = newFolder();
  const { code, stderr } = await run(["import", fileOf(lines, name)], { folder });
  expect([code, stderr]).toEqual([0, ""]);
  return (...args: string[]) => run(args, { folder });
}
const accepted = ["--reason", "known", "--until", "2999-01-01"];

describe("a gap above a place", () => {
  let folder: string;
  const ask = (...args: string[]) => run(args, { folder });
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "forereach-unread-"));
    const lines = [
      ...[node("Agent", "bot"), node("Principal", "p"), node("Scope", "other")],
      rel("ACTS_AS", agent("bot"), principal("p"), { mode: "app" }),
      reads("p", "other"),
      ...["root", "site", "library"].map((id) => node("Scope", id, { kind: "Site", plane: "sharepoint" })),
      rel("WITHIN", place("site"), place("root")),
      rel("WITHIN", place("library"), place("site")),
      gap("azure.deny-assignments", "root"),
      gap("import.hr", "site"),
    ];
    await ask("import", fileOf(lines, "records", folder));
    await ask("coverage", "accept", "import.hr", ...accepted);
    await ask("coverage", "accept", "azure.deny-assignments", ...accepted);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("no findings are none in what was read", async () => {
    expect(await ask("findings")).toEqual({ code: 0, stdout: "No findings in what was read.\n", stderr: "" });
  });

  const UNKNOWN =
    "Not read completely here: azure.deny-assignments, import.hr. Agents that are not listed are unknown, not excluded.\n";

  test.each([
    ["who", "library"],
    ["reach", "--scope", "library"],
    ["explain", "bot", "library"],
  ])("is named by %s %s, though it was accepted", async (...args) => {
    const ended = await ask(...args);
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    expect(ended.stdout).toContain(UNKNOWN);
  });

  const ANYWHERE = UNKNOWN.replace("completely here", "completely");
  test("is named where a saved query finds nothing", async () => {
    const asked = ["query", "agents-that-reach-a-place", "--param", "place=library"];
    expect(await ask(...asked)).toEqual({ code: 0, stdout: `No rows.\n${ANYWHERE}`, stderr: "" });
    expect(await ask(...asked, "--format", "json")).toEqual({ code: 0, stdout: "", stderr: ANYWHERE });
    expect(await ask("findings", "--format", "csv")).toMatchObject({ code: 0, stderr: ANYWHERE });
  });

  test("is named where a change would change nothing in what lies around it", async () => {
    const file = fileOf([node("Principal", "new")], "plan");
    expect((await ask("reach", "bot", "--with", file, "--scope", "root")).stderr).toContain(
      "Not read completely there: azure.deny-assignments, import.hr. ",
    );
  });

  test("is told to programs beside rows that they read from stdout", async () => {
    expect(await ask("reach", "--scope", "library", "--format", "json")).toEqual({
      ...{ code: 0, stdout: "", stderr: UNKNOWN },
    });
    const { stdout } = await ask("explain", "bot", "library", "--format", "json");
    expect(JSON.parse(stdout)).toMatchObject({ path: null, unread: ["azure.deny-assignments", "import.hr"] });
  });

  test("is not named where it does not lie above, and one that hides only denies hides no agent", async () => {
    expect((await ask("who", "other")).stdout).not.toContain("Not read");
    expect((await ask("who", "root")).stdout).toContain(
      "Not read completely here: azure.deny-assignments. It can only take access away: what is listed is an upper bound.\n",
    );
  });

  test("may concern any agent if it hides grants: those that it hides are not among the ones that get there", async () => {
    const out = join(newFolder(), "rows.csv");
    await ask("reach", "--scope", "library", "--out", out);
    const companion = readFileSync(out.replace(/csv$/, "coverage.csv"), "utf8");
    expect(companion).toMatch(/^import\.hr,site,.*,both,all\r?$/m);
    expect(companion).toMatch(/^azure\.deny-assignments,root,.*,denies,agents that reach root\r?$/m);
  });
});

test("an import says that what it leaves unread is so, and where it is listed", async () => {
  const ended = await run(["import", fileOf([node("Agent", "bot"), gap("import.hr")])], {
    folder: newFolder(),
  });
  expect(ended.stdout).toMatch(
    /^Imported 1 record and 1 statement of coverage; snapshot \w+\.\n1 part is not read completely, and answers say so\. forereach --data \S+ coverage lists what\.\n$/,
  );
});

test("an import names ids of which nothing is known, as what leads to them may be a slip", async () => {
  const folder = newFolder();
  const known = [node("Agent", "bot"), node("Principal", "p"), node("Scope", "site")];
  await run(["import", fileOf(known, "hr")], { folder });
  const lines = [
    rel("ACTS_AS", agent("bot"), principal("p"), { mode: "app" }),
    reads("pp", "site"),
    // A link that the file makes, and whom every tenant has.
    rel("MEMBER_OF", principal("p"), principal("between")),
    reads("between", "site"),
    reads("everyone", "site"),
  ];
  expect((await run(["import", fileOf(lines)], { folder })).stdout).toMatch(
    /; snapshot \w+\.\nimport\.records: nothing is known of Principal "pp", and no line puts it\n→ correct the id in the file, /,
  );
  // Another file may say of it what it likes.
  await run(["import", fileOf([rel("MEMBER_OF", principal("p"), principal("pp"))], "hr")], { folder });
  expect((await run(["import", fileOf(lines)], { folder })).stdout).not.toContain("nothing is known");
});

test("no rows at all is said with what was not read, even if that was accepted", async () => {
  const acts = rel("ACTS_AS", { kind: "Agent", id: "bot" }, principal("p"), { key: "app", mode: "app" });
  const ask = await imported([node("Agent", "bot"), acts, gap("import.hr")]);
  await ask("coverage", "accept", "import.hr", ...accepted);
  expect(await ask("reach", "bot")).toMatchObject({
    stdout:
      "No rows.\nNot read completely: import.hr. Agents that are not listed are unknown, not excluded.\n",
  });
});

test("what a person reaches through an agent of which no record says as whom it acts is unknown: exit code 3", async () => {
  const ask = await imported([
    ...[node("Agent", "desk"), node("Principal", "ana", { kind: "User" })],
    rel("MAY_USE", principal("ana"), { kind: "Agent", id: "desk" }),
  ]);
  expect(await ask("reach", "desk", "--user", "ana")).toMatchObject({
    code: 3,
    stderr: expect.stringContaining("unknown (no record says with whose rights it acts): desk") as string,
  });
});

describe("what is opened by whom nobody knows may be anywhere", () => {
  let folder: string;
  const ask = (...args: string[]) => run(args, { folder });
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "forereach-nowhere-"));
    const lines = [
      ...[node("Agent", "desk"), node("Agent", "bot"), node("Principal", "p"), node("McpServer", "mail")],
      ...["site", "other"].map((id) => node("Scope", id, { kind: "Site", plane: "sharepoint" })),
      rel("ACTS_AS", agent("bot"), principal("p"), { mode: "app" }),
      rel("USES", agent("bot"), { kind: "McpServer", id: "mail" }),
      reads("p", "site"),
    ];
    await ask("import", fileOf(lines, "records", folder));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const rowsOf = async (...args: string[]) =>
    (await ask(...args, "--format", "json")).stdout
      .split("\n")
      .filter(Boolean)
      .map((line) => {
        const { agent_id, scope_id, read, mode } = JSON.parse(line) as Record<string, string>;
        return [agent_id, scope_id, mode, read].join(" ");
      });
  const DESK = "desk unknown:agent:desk app unknown";
  const MAIL = "bot unknown:mcp:mail app unknown";

  test("so who asks about a place hears of them, and one that is known comes with what is not", async () => {
    expect(await rowsOf("reach", "--scope", "other")).toEqual([MAIL, DESK]);
    expect(await rowsOf("reach", "--scope", "other", "--expand")).toEqual([MAIL, DESK]);
    expect(await rowsOf("reach", "--scope", "site")).toEqual(["bot site app yes", MAIL, DESK]);
    expect(await rowsOf("reach", "bot", "--scope", "other")).toEqual([MAIL]);
    expect((await ask("who", "other")).stdout).toMatch(/^desk +agent +unknown/m);
  });

  test("so explain does not say that there is no path, and shows what is certain first", async () => {
    const unknown = await ask("explain", "desk", "other");
    expect(unknown.stdout).toContain("no record says with whose rights the agent acts");
    expect(unknown.stdout).not.toContain("No path");
    const both = (await ask("explain", "bot", "site")).stdout;
    expect(both).toMatch(/^bot can read, discover .*exact\)\nbot unknown: read/);
    expect(both).toContain("on site (Site)");
  });

  test("and who asks what one of them opens hears of that one alone", async () => {
    expect(await rowsOf("reach", "--scope", "unknown:mcp:mail")).toEqual([MAIL]);
    expect((await ask("explain", "desk", "unknown:agent:desk")).stdout.match(/desk unknown:/g)).toHaveLength(
      1,
    );
  });

  test("in any mode, if nobody knows as whom an agent acts", async () => {
    expect(await rowsOf("reach", "desk", "--mode", "on-behalf-of")).toEqual([DESK]);
    expect(await rowsOf("reach", "--all", "--mode", "key")).toEqual([DESK]);
    expect((await ask("reach", "--mode", "key")).stdout).toMatch(
      /0 can read data now, .*; of 1 more it is unknown/,
    );
  });

  test("so a plan is stopped by a gate on any place", async () => {
    const plan = fileOf([node("Agent", "plan")], "plan");
    const ended = await ask("reach", "--with", plan, "--scope", "other");
    expect(ended).toMatchObject({
      code: 1,
      stdout: expect.stringContaining("What plan opens") as string,
    });
    expect((await ask("reach", "--with", plan, "--scope", "other", "--mode", "key")).code).toBe(1);
  });

  test("so no findings are none of what is known", async () => {
    expect((await ask("findings")).stdout).toMatch(
      /^No findings\.\nOf 2 agents it is not known everything that can be read: .* query reach-that-is-not-certain\n$/,
    );
    expect((await ask("findings", "--format", "json")).stderr).toContain("Of 2 agents it is not known");
  });
});

test("a gap of the whole tenant is accepted as coverage names it, and gaps of places are not", async () => {
  const ask = await imported([node("Agent", "bot"), gap("entra.groups"), gap("entra.groups", "group-7")]);
  const [listed] = /\(.*\)/.exec((await ask("coverage")).stdout) ?? [];
  expect(await ask("coverage", "accept", "entra.groups", listed ?? "", ...accepted)).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^Accepted 1 gap /) as string,
  });
  expect((await ask("coverage", "--format", "csv")).stdout).toMatch(
    /entra\.groups,\(tenant\),[^\n]*,2999-01-01,.*entra\.groups,group-7,[^\n]*,,,/s,
  );
});

test("a part elsewhere may hide who becomes an identity that gets here, where something runs as one", async () => {
  const [hosted, bare, data] = ["/subscriptions/1", "/subscriptions/2", "/subscriptions/3"];
  const lines = [
    ...[hosted, bare, data].map((id) => node("Scope", id, { kind: "Subscription", plane: "azure" })),
    ...[node("Agent", "bot"), node("Principal", "vm-identity"), reads("vm-identity", data)],
    ...[node("Scope", `${hosted}/vm`), rel("WITHIN", place(`${hosted}/vm`), place(hosted))],
    rel("RUNS_AS", place(`${hosted}/vm`), principal("vm-identity")),
  ];
  const said = async (unread: object) => {
    const ask = await imported([...lines, unread]);
    return [(await ask("who", data)).stdout, (await ask("explain", "bot", data)).stdout];
  };
  const ELSEWHERE = (step: string) =>
    `Not read completely elsewhere: ${step}. Whoever could become an identity there may get here with it: unknown, not excluded.\n`;
  const by = (step: string) => [1, 2].map(() => expect.stringContaining(ELSEWHERE(step)) as string);
  expect(await said(gap("azure.role-assignments", hosted))).toEqual(by("azure.role-assignments"));
  expect(await said(gap("azure.hosts", bare))).toEqual(by("azure.hosts"));
  for (const other of [gap("azure.role-assignments", bare), gap("azure.deny-assignments", hosted)])
    expect((await said(other)).join("")).not.toContain("Not read");
});

test("a part that is no place of the graph may hide access to any place", async () => {
  const ask = await imported([node("Agent", "bot"), node("Scope", "site"), gap("entra.groups", "group-7")]);
  expect((await ask("who", "site")).stdout).toContain("Not read completely here: entra.groups.");
});

describe("people of a group that was not read", () => {
  const desk = [
    ...[node("Agent", "desk", { name: "desk" }), node("Principal", "ana", { kind: "User", name: "Ana" })],
    ...[node("Principal", "staff", { kind: "Group" }), node("Principal", "maker", { kind: "User" })],
    ...[node("Scope", "site"), reads("maker", "site"), reads("ana", "site")],
    rel("ACTS_AS", agent("desk"), principal("maker"), { key: "m", mode: "maker" }),
  ];
  const mayUse = (who: string) => rel("MAY_USE", principal(who), agent("desk"));
  const WHY = "who may use it was not read: entra.groups";

  test("are not counted as none, and nobody is told that they may not use the agent", async () => {
    const ask = await imported([...desk, mayUse("staff"), gap("entra.groups")]);
    expect((await ask("reach", "desk", "--people")).stdout).toContain(`desk, maker: ${WHY}.\n`);
    const rows = await ask("reach", "desk", "--people", "--format", "json");
    expect(JSON.parse(rows.stdout)).toMatchObject({
      audience_count: null,
      gainers: null,
      people_reason: WHY,
    });
    const said = `What Ana reaches through it is unknown (${WHY}): desk\n`;
    const open = await ask("reach", "desk", "--user", "ana");
    expect([open.code, open.stderr]).toEqual([3, expect.stringContaining(said)]);
    await ask("coverage", "accept", "entra.groups", ...accepted);
    expect(await ask("reach", "desk", "--user", "ana")).toMatchObject({ code: 0, stderr: said });
  });

  test("are told what was not read where an agent has nothing for them", async () => {
    const ask = await imported([...desk, mayUse("ana"), gap("import.hr", "site")]);
    await ask("coverage", "accept", "import.hr", ...accepted);
    const unread = (where: string) =>
      `No rows.\nNot read completely${where}: import.hr. Agents that are not listed are unknown, not excluded.\n`;
    expect((await ask("reach", "desk", "--user", "ana")).stdout).toBe(unread(""));
    expect((await ask("reach", "desk", "--user", "ana", "--scope", "site")).stdout).toBe(unread(" here"));
    expect((await ask("reach", "desk", "--user", "maker")).stdout).toBe("No rows.\n");
  });

  test("may be anybody, too, where no record declares the group", async () => {
    const ask = await imported([...desk, mayUse("nobody-declared-it")]);
    expect(await ask("reach", "desk", "--user", "ana")).toMatchObject({
      ...{ code: 3, stderr: "What Ana reaches through it is unknown (who may use it was not read): desk\n" },
    });
  });
});

describe("a name that nothing bears", () => {
  const alias = (kind: string, name: string): End => ({ kind, alias: name });
  const planned = [
    node("Agent", "planned", { name: "Planned bot" }),
    rel("ACTS_AS", agent("planned"), principal("planned-id"), { key: "app", mode: "app" }),
    rel("MEMBER_OF", principal("planned-id"), alias("Principal", "mail:finanse@contoso.example")),
  ];
  const WHY = 'alias "mail:finanse@contoso.example" is not resolved: no node declares it';
  const records = [
    node("Principal", "finance", { kind: "Group", aliases: ["mail:finance@contoso.example"] }),
    ...[node("Scope", "site"), reads("finance", "site")],
  ];

  test("does not approve a planned agent: it is named, and the answer is incomplete", async () => {
    const ask = await imported(records);
    const file = fileOf(planned, "plan");
    const ended = await ask("reach", "Planned bot", "--with", file);
    expect(ended.code).toBe(3);
    expect(ended.stdout).toContain("Nothing that was read would be new, change or go.");
    expect(ended.stderr).toContain(`import.plan: ${WHY}\n`);
    // In rows that there are, and in the companion of a file.
    const out = join(newFolder(), "rows.csv");
    const granted = fileOf([...planned, reads("planned-id", "site")], "plan");
    expect((await ask("reach", "Planned bot", "--with", granted, "--out", out)).code).toBe(1);
    expect(readFileSync(out, "utf8")).toContain("partial,import.plan");
    expect(readFileSync(out.replace(/csv$/, "coverage.csv"), "utf8")).toContain("import.plan,,partial,");
  });

  test("is a gap of an import, in rows and in the exit code", async () => {
    const ask = await imported([...records, ...planned, reads("planned-id", "site")], "hr");
    const ended = await ask("reach", "Planned bot", "--format", "json");
    expect(ended.code).toBe(3);
    expect(JSON.parse(ended.stdout)).toMatchObject({
      ...{ certainty: "upper-bound", completeness: "partial", gap_steps: "import.hr" },
    });
    expect((await ask("coverage")).stdout).toContain(WHY);
  });
});

describe("labels of the tenant", () => {
  const lines = [
    ...[node("Agent", "bot"), node("Principal", "p"), node("Scope", "site"), node("Item", "file")],
    rel("ACTS_AS", agent("bot"), principal("p"), { mode: "app" }),
    reads("p", "site"),
    rel("PROTECTED_BY", { kind: "Item", id: "file" }, place("site")),
  ];
  const states = (step: string, state: string) => ({ coverage: { step, state, reason: "403" } });
  const right = { read: "yes", certainty: "exact", label_unknown: 1 };
  const open = { ...right, use: "unknown", usable: null };
  const used = { ...right, use: "yes", usable: 1, completeness: "complete", gap_steps: "" };
  const by = (gap_steps: string, completeness: string) => ({ completeness, gap_steps });
  test.each([
    [
      "that were refused leave its use open",
      [states("purview.labels", "denied")],
      { ...open, ...by("purview.labels", "denied") },
    ],
    [
      "of which a part is missing do, too",
      [states("purview.labels", "partial")],
      { ...open, ...by("purview.labels", "partial") },
    ],
    ["that the configuration leaves out do not", [states("purview.labels", "skipped")], used],
    ["of which nothing was ever said do not", [], used],
    ["are not what another step reads", [states("entra.users", "denied")], used],
  ])("%s", async (_, gaps, expected) => {
    const ask = await imported([...lines, ...gaps]);
    expect(JSON.parse((await ask("reach", "bot", "--format", "json")).stdout)).toMatchObject(expected);
  });
});
