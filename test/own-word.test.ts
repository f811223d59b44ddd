/** An import speaks for itself alone: what it takes back stands where others said it, however ids are spelled. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { rootChain, rootGroupId, within } from "../connectors/azure/scopes.ts";
import { type Answers, importFile, openAnswers } from "../src/app.ts";
import { openInventory } from "../src/keep/inventory.ts";
import type { Change } from "../src/schema.ts";
import { openWhatIf } from "../src/suppose.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});
const newFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "forereach-own-word-"));
  folders.push(folder);
  return folder;
};

const BOT = "aaaaaaaa-0000-4000-8000-000000000001";
const put = (record: object): Change => ({ put: record }) as Change;
const node = (kind: string, id: string, props: object) => put({ kind, id, props });
const ends = (from: string, to: string) => ({
  from: { kind: "Principal", id: from },
  to: { kind: "Scope", id: to },
});
const AGENT = [
  node("Agent", BOT, { name: "Bot" }),
  node("Principal", BOT, { kind: "AgentIdentity" }),
  put({
    ...{ kind: "ACTS_AS", from: { kind: "Agent", id: BOT }, to: { kind: "Principal", id: BOT } },
    props: { key: "app", mode: "app" },
  }),
];
const PLACE = node("Scope", "/sub", { kind: "Subscription", plane: "azure" });
const READS = { key: "g", flow: "containment", read: true };

const fileIn = (folder: string, lines: readonly unknown[]): string => {
  const file = join(folder, "hr.jsonl");
  writeFileSync(file, lines.map((line) => JSON.stringify(line)).join("\n"));
  return file;
};
const importLines = (folder: string, lines: readonly unknown[]) =>
  importFile({ folder, file: fileIn(folder, lines) });
async function rowsOf(answers: Answers): Promise<string[]> {
  try {
    const rows: string[] = [];
    for await (const { scope_id, read, certainty } of answers.reach({}))
      rows.push(`${scope_id} ${read} ${certainty}`);
    return rows;
  } finally {
    await answers.close();
  }
}
const reach = async (folder: string): Promise<string[]> => rowsOf(await openAnswers(folder));
/** Rows as if the lines were imported. */
const supposed = async (folder: string, lines: readonly unknown[]): Promise<string[]> =>
  rowsOf(await openWhatIf({ folder, file: fileIn(folder, lines), signal: new AbortController().signal }));

test("memberships that a delta keeps stay, where an import takes back what it said of their member", async () => {
  const folder = newFolder();
  const inventory = await openInventory(join(folder, "inventory.duckdb"));
  const read = async (step: string, changes: Change[], more = {}) => {
    const pass = await inventory.begin(step, "", { mode: "full", fingerprint: "f" });
    await pass.finish({ changes, ...more });
  };
  await read("entra.agents", AGENT);
  const member = put({
    ...{ kind: "MEMBER_OF", from: { kind: "Principal", id: BOT }, to: { kind: "Principal", id: "team" } },
  });
  await read("entra.groups", [node("Principal", "team", { kind: "Group" }), member], { deltaToken: "t" });
  await read("azure.role-assignments", [
    PLACE,
    put({ kind: "GRANTED", ...ends("team", "/sub"), props: READS }),
  ]);
  await inventory.close();

  await importLines(folder, [node("Principal", BOT, { name: "as others call it" })]);
  expect(await reach(folder)).toEqual(["/sub yes exact"]);
  await importLines(folder, [{ remove: { kind: "Principal", id: BOT } }]);
  expect(await reach(folder)).toEqual(["/sub yes exact"]);
});

test.each([BOT, BOT.toUpperCase()])("whom a deny spares is known by %s", async (spared) => {
  const folder = newFolder();
  await importLines(folder, [
    ...AGENT,
    PLACE,
    node("Principal", "everyone", { kind: "Everyone" }),
    put({ kind: "GRANTED", ...ends(BOT, "/sub"), props: READS }),
    put({ kind: "DENIED", ...ends("everyone", "/sub"), props: { key: "d", read: true, excluded: [spared] } }),
  ]);
  expect(await reach(folder)).toEqual(["/sub yes exact"]);
});

test.each(["9999-12-31T23:59:59Z", "9999-12-31T23:59:59-01:00"])(
  "a grant until %s is one",
  async (expires) => {
    const folder = newFolder();
    await importLines(folder, [
      ...AGENT,
      PLACE,
      put({ kind: "GRANTED", ...ends(BOT, "/sub"), props: { ...READS, expires } }),
    ]);
    expect(await reach(folder)).toEqual(["/sub yes exact"]);
  },
);

test.each(["team", "a name that nothing has"])(
  "what was not read of %s may hide a deny anywhere",
  async (scope) => {
    const folder = newFolder();
    const lines = [
      ...AGENT,
      PLACE,
      node("Principal", "team", { kind: "Group" }),
      put({ kind: "GRANTED", ...ends(BOT, "/sub"), props: READS }),
    ];
    await importLines(folder, [
      ...lines,
      { coverage: { step: "import.hr", scope, state: "partial", reason: "401" } },
    ]);
    expect(await reach(folder)).toEqual(["/sub yes upper-bound"]);
  },
);

test("what was not read of Azure as a whole may hide a deny anywhere in it, and nowhere else", async () => {
  const folder = newFolder();
  const tenant = "bbbbbbbb-0000-4000-8000-000000000001";
  await importLines(folder, [
    ...AGENT,
    ...[...rootChain(tenant), within("/sub", rootGroupId(tenant))].map(put),
    ...[PLACE, node("Scope", "plane:teams", { kind: "Service", plane: "teams" })],
    ...["/sub", "plane:teams"].map((place) => put({ kind: "GRANTED", ...ends(BOT, place), props: READS })),
    { coverage: { step: "azure.deny-assignments", scope: "", state: "denied", reason: "403" } },
  ]);
  expect(await reach(folder)).toEqual(["/sub yes upper-bound", "plane:teams yes exact"]);
});

describe("a removal takes away what it names, as what would be says", () => {
  const id = { kind: "Principal", id: BOT };
  const [alias, other] = ["mail:Bot@example.com", "mail:bot@EXAMPLE.com"].map((name) => ({
    ...{ kind: "Principal", alias: name },
  }));
  const team = { kind: "Principal", id: "team" };
  const member = (from: object) => ({ kind: "MEMBER_OF", from, to: team });
  const known = [
    ...AGENT,
    node("Principal", BOT, { aliases: ["mail:Bot@example.com"] }),
    PLACE,
    node("Principal", "team", { kind: "Group" }),
    put({ kind: "GRANTED", ...ends("team", "/sub"), props: READS }),
  ];

  test.each([
    ["an alias, removed by id", alias, id],
    ["id, removed by an alias", id, alias],
    ["an alias, removed by it in other letters", alias, other],
  ])("what was put by %s", async (_, said, removed) => {
    const folder = newFolder();
    await importLines(folder, [...known, put(member(said!))]);
    expect(await reach(folder)).toEqual(["/sub yes exact"]);
    const removal = [{ remove: member(removed!) }];
    expect(await supposed(folder, removal)).toEqual([]);
    await importLines(folder, removal);
    expect(await reach(folder)).toEqual([]);
  });

  test("within one file, where the place is named by alias too, and what is put again stays", async () => {
    const folder = newFolder();
    const at = { kind: "Scope", alias: "url:sub" };
    const lines = [
      ...known,
      node("Scope", "/sub", { aliases: ["url:SUB"] }),
      put({ kind: "GRANTED", from: id, to: at, props: READS }),
      { remove: { kind: "GRANTED", from: alias, to: { kind: "Scope", id: "/sub" }, key: "g" } },
    ];
    await importLines(folder, lines);
    expect(await reach(folder)).toEqual([]);
    await importLines(folder, [...lines, put({ kind: "GRANTED", from: id, to: at, props: READS })]);
    expect(await reach(folder)).toEqual(["/sub yes exact"]);
  });

  test("not what stands for others, too", async () => {
    const folder = newFolder();
    const twin = node("Principal", "twin", { kind: "User", aliases: ["mail:bot@example.com"] });
    await importLines(folder, [...known, twin, put(member(alias!))]);
    await importLines(folder, [{ remove: member({ kind: "Principal", id: "twin" }) }]);
    expect(await reach(folder)).toEqual(["/sub yes exact"]);
    await importLines(folder, [
      { remove: member(id) },
      { remove: member({ kind: "Principal", id: "twin" }) },
    ]);
    expect(await reach(folder)).toEqual([]);
  });
});

describe("an import leaves unread what was said that it would", () => {
  const said = (step: string, scope: string, state: string) => ({
    coverage: { step, scope, state, ...(state === "complete" ? {} : { reason: "half" }) },
  });
  const own = (scope: string, state: string) => said("import.hr", scope, state);
  const mail = { kind: "Principal", alias: "mail:x@example.com" };
  const named = { kind: "GRANTED", from: mail, to: { kind: "Scope", id: "/sub" } };
  const bears = node("Principal", "p9", { aliases: ["mail:x@example.com"] });
  const known = [...AGENT, PLACE, put({ kind: "GRANTED", ...ends(BOT, "/sub"), props: READS })];
  const unresolved = put({ ...named, props: { ...READS, key: "9" } });

  test.each<[string, unknown[], unknown[], string[]]>([
    ["a name that resolves", [unresolved], [bears], []],
    [
      "a name that nothing bears any more",
      [unresolved, bears],
      [{ remove: { kind: "Principal", id: "p9" } }],
      ["import.hr "],
    ],
    ["a name that is taken back", [unresolved], [{ remove: { ...named, key: "9" } }], []],
    ["a name of what is replaced", [unresolved], [...known, own("", "complete")], []],
    [
      "a part of what is replaced",
      [said("azure.deny-assignments", "/sub", "denied"), own("", "complete")],
      [...known, own("", "complete")],
      [],
    ],
    ["a part that is complete then", [own("/sub", "partial")], [own("/sub", "complete")], []],
    ["all but a part", [], [own("/sub", "denied"), own("", "complete")], ["import.hr ", "import.hr /sub"]],
    [
      "what nobody speaks of",
      [said("azure.deny-assignments", "/sub", "denied")],
      [bears],
      ["azure.deny-assignments /sub"],
    ],
  ])("%s", async (_, before, changes, left) => {
    const folder = newFolder();
    await importLines(folder, [...known, ...before]);
    const file = fileIn(folder, changes);
    const plan = await openWhatIf({ folder, file, signal: new AbortController().signal });
    const planned = [unread(plan), await rowsOf(plan)];
    await importFile({ folder, file });
    const answers = await openAnswers(folder);
    expect(planned).toEqual([unread(answers), await rowsOf(answers)]);
    expect(unread(answers).map(([step, scope]) => `${step} ${scope}`)).toEqual(left);
  });
});

const unread = ({ meta }: Answers) =>
  meta.coverage
    .filter(({ state }) => state !== "complete")
    .map(({ step, scope, state, reason }) => [step, scope, state, reason]);
