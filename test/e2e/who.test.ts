/** `who`: people whose grant comes down to the place, and places by an item that lies there. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { jsonLines, recordsIn, run } from "./cli.ts";

type Props = Readonly<Record<string, unknown>>;
const node = (kind: string, id: string, props: Props = {}) => ({ put: { kind, id, props } });
const rel = (kind: string, from: string, to: string, ends: readonly [string, string], props: Props = {}) => ({
  put: { kind, from: { kind: ends[0], id: from }, to: { kind: ends[1], id: to }, props },
});
const places = ["Scope", "Scope"] as const;
const grant = (who: string, where: string, flow: string) =>
  rel("GRANTED", who, where, ["Principal", "Scope"], {
    key: who,
    flow,
    read: true,
    see: true,
    role: "Reader",
  });
const item = (id: string, props: Props, ...protectedBy: string[]) => [
  node("Item", id, props),
  ...protectedBy.map((place) => rel("PROTECTED_BY", id, place, ["Item", "Scope"])),
];

const RECORDS = [
  ...["list", "within", "posix", "here"].map((id) =>
    node("Principal", id, { kind: "User", name: `by ${id}` }),
  ),
  ...["site", "library", "folder"].map((id) => node("Scope", id, { kind: "Site", name: `The ${id}` })),
  rel("WITHIN", "library", "site", places),
  rel("INHERITS", "library", "site", places),
  rel("WITHIN", "folder", "library", places),
  grant("list", "site", "acl"),
  grant("within", "site", "containment"),
  grant("posix", "site", "posix"),
  grant("here", "library", "posix"),
  ...["now", "eligible", "ended", "off"].map((id) =>
    node("Principal", id, { kind: "User", name: `who is ${id}`, enabled: id !== "off" }),
  ),
  ...["team", "elders"].map((id) => node("Principal", id, { kind: "Group" })),
  node("Scope", "vault", { kind: "Site", name: "The vault" }),
  grant("team", "vault", "acl"),
  rel("MEMBER_OF", "now", "team", ["Principal", "Principal"]),
  rel("MEMBER_OF", "off", "team", ["Principal", "Principal"]),
  rel("MEMBER_OF", "eligible", "team", ["Principal", "Principal"], { tier: "potential" }),
  rel("MEMBER_OF", "ended", "team", ["Principal", "Principal"], { expires: "2020-01-01T00:00:00Z" }),
  // Eligible at once, and a member by a longer way.
  rel("MEMBER_OF", "elders", "team", ["Principal", "Principal"]),
  rel("MEMBER_OF", "within", "team", ["Principal", "Principal"], { tier: "potential" }),
  rel("MEMBER_OF", "within", "elders", ["Principal", "Principal"]),
  ...["bot", "cart", "mole"].flatMap((id) => [
    node("Agent", id, { name: `The ${id}`, status: "enabled" }),
    node("Principal", id, { kind: "AgentIdentity" }),
    rel("ACTS_AS", id, id, ["Agent", "Principal"], { key: "app", mode: "app" }),
  ]),
  rel("GRANTED", "cart", "bank", ["Principal", "Scope"], {
    ...{ key: "3", flow: "containment", see: true, write: true, role: "Writer" },
  }),
  ...["bank", "safe", "street", "house", "yard"].map((id) =>
    node("Scope", id, { kind: "Place", plane: "azure", name: `The ${id}` }),
  ),
  rel("WITHIN", "safe", "bank", places),
  ...["house", "yard"].flatMap((place) => [
    rel("WITHIN", place, "street", places),
    rel("GRANTED", "mole", place, ["Principal", "Scope"], {
      ...{ key: place, flow: "containment", read: true, role: "Reader" },
    }),
  ]),
  ...item("i4", { name: "plan.pdf", path: "plan.pdf" }, "yard"),
  rel("GRANTED", "bot", "bank", ["Principal", "Scope"], {
    key: "1",
    flow: "containment",
    see: true,
    role: "Lister",
  }),
  rel("GRANTED", "bot", "safe", ["Principal", "Scope"], {
    key: "2",
    flow: "containment",
    read: true,
    role: "Reader",
  }),
  ...["hall", "index"].map((id) => node("Scope", id, { kind: "Place", plane: "azure", name: `The ${id}` })),
  rel("COPIED_TO", "hall", "index", places),
  ...["reader", "writer", "idler", "singer"].map((id) => node("Principal", id, { kind: "User" })),
  node("Principal", "app", { kind: "ServicePrincipal" }),
  node("Principal", "choir", { kind: "Group" }),
  rel("MEMBER_OF", "singer", "choir", ["Principal", "Principal"]),
  ...(
    [
      ["reader", "index", { read: true }],
      ["writer", "index", { write: true }],
      ["idler", "hall", { see: false }],
      ["app", "hall", { read: true, source: "app-role" }],
      ["choir", "hall", { read: true, source: "app-role" }],
    ] as const
  ).map(([who, where, props]) =>
    rel("GRANTED", who, where, ["Principal", "Scope"], { key: who, flow: "containment", ...props }),
  ),
  node("Scope", "gate", { kind: "Site", name: "The gate" }),
  ...["guards", "scouts"].map((id) => node("Principal", id, { kind: "Group" })),
  grant("guards", "gate", "acl"),
  ...["reserve", "veteran", "asker"].map((id) => node("Principal", id, { kind: "User" })),
  node("AccessPackage", "pass"),
  rel("MEMBER_OF", "reserve", "scouts", ["Principal", "Principal"]),
  rel("ELIGIBLE_FOR", "scouts", "guards", ["Principal", "Principal"]),
  rel("ELIGIBLE_FOR", "veteran", "guards", ["Principal", "Principal"], { expires: "2020-01-01T00:00:00Z" }),
  rel("CAN_REQUEST", "asker", "pass", ["Principal", "AccessPackage"]),
  rel("CONFERS", "pass", "guards", ["AccessPackage", "Principal"]),
  node("Scope", "shelf", { kind: "AccessList", plane: "azure", name: "The shelf" }),
  ...["hands", "eyes"].map((id) => node("Principal", id, { kind: "Group" })),
  ...["both", "one", "barred"].flatMap((id) => [
    node("Principal", id, { kind: "User" }),
    rel("MEMBER_OF", id, "hands", ["Principal", "Principal"]),
  ]),
  ...["both", "barred"].map((id) => rel("MEMBER_OF", id, "eyes", ["Principal", "Principal"])),
  rel("GRANTED", "hands", "shelf", ["Principal", "Scope"], {
    ...{ key: "list", flow: "posix", read: true, together: ["eyes"], excluded: ["barred"] },
  }),
  ...(
    [
      ["closed", "till", false],
      ["open", "drawer", true],
    ] as const
  ).flatMap(([account, box, sharedKey]) => [
    node("Scope", account, { kind: "StorageAccount", plane: "azure", sharedKey }),
    node("Scope", box, { kind: "Container", plane: "azure" }),
    rel("WITHIN", box, account, places),
    ...[account, box].map((where) =>
      rel("GRANTED", `keys of ${where}`, where, ["Principal", "Scope"], {
        ...{ key: "1", flow: "containment", listKeys: true },
      }),
    ),
  ]),
  ...item("i1", { name: "Salary.xlsx", path: "hr/salary.xlsx" }, "library"),
  ...item("i2", { name: "notes.txt", path: "hr/notes.txt" }, "folder"),
  ...item("i3", { name: "notes.txt", path: "notes.txt" }, "site"),
];

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "forereach-who-"));
  const file = recordsIn(folder, RECORDS, "records");
  expect(await run(["import", file], { folder })).toMatchObject({ code: 0 });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const who = async (wanted: string) => {
  const { stdout, stderr } = await run(["who", wanted, "--format", "json"], { folder });
  return { ids: jsonLines<{ id: string }>(stdout).map(({ id }) => id), stderr };
};

test.each([
  ["site", ["list", "posix", "within"], "all grants that stand there"],
  ["library", ["here", "list", "within"], "lists that are inherited, not lists of ADLS from above"],
  ["folder", ["within"], "where inheritance is broken, what holds for all that lies below"],
])("people at %s: %s (%s)", async (place, ids) => {
  expect(await who(place)).toEqual({ ids, stderr: "" });
});

test.each(["i1", "salary.xlsx", "HR/Salary.xlsx"])(
  "an item stands for the place that protects it: %s",
  async (wanted) => {
    const said = "Salary.xlsx (i1) is protected by The library (library).\n";
    expect(await who(wanted)).toEqual({ ids: ["here", "list", "within"], stderr: `${said}\n` });
  },
);

test("people are there in the tier of their grants and memberships; who has left or may not act is not", async () => {
  const { stdout } = await run(["who", "vault", "--format", "json"], { folder });
  const rows = jsonLines<{ id: string; tier: string }>(stdout);
  expect(rows.map(({ id, tier }) => [id, tier])).toEqual([
    ["elders", "now"],
    ["eligible", "potential"],
    ["now", "now"],
    ["team", "now"],
    ["within", "now"],
  ]);
});

test.each([
  ["hall", ["app now", "reader now"], "no group by a permission of an application, and no writer of a copy"],
  ["gate", ["asker potential", "guards now", "reserve potential", "scouts potential"], "whoever may join"],
  ["till", [], "nobody by keys of an account that takes none"],
  ["drawer", ["keys of open now"], "by keys of the account, and by none of a place in it"],
  ["shelf", ["both now"], "of a list only those who are in all of its groups, and are not left out"],
])("who holds something at %s as an agent would: %s (%s)", async (wanted, people) => {
  const { stdout } = await run(["who", wanted, "--format", "json"], { folder });
  const rows = jsonLines<{ id: string; tier: string }>(stdout);
  expect(rows.map(({ id, tier }) => `${id} ${tier}`)).toEqual(people);
});

test("an agent stands there once, with what it may there, though rows above say less", async () => {
  const { stdout } = await run(["who", "safe", "--format", "json"], { folder });
  const rows = jsonLines<Props>(stdout).filter(({ kind }) => kind === "agent");
  expect(rows).toMatchObject([
    { ...{ id: "bot", scope_id: "safe", read: "yes", write: "no" }, by: "The bot → [Reader] The safe" },
    {
      ...{ id: "cart", scope_id: "safe", read: "no", write: "yes" },
      by: "The cart → [Writer] The bank → The safe",
    },
  ]);
});

test.each([
  [["who", "the street"]],
  [["reach", "--scope", "the street"]],
  [["reach", "--scope", "the street", "--tier", "now", "--mode", "app"]],
  [["reach", "the mole", "--scope", "the street", "--format", "csv"]],
])("agents that reach only places inside it are counted, with what lists them: %j", async (asked) => {
  const { code, stderr } = await run(asked, { folder });
  expect(code).toBe(0);
  const [, typed] = /^1 more agent reaches places inside the street: forereach (.*)\n$/.exec(stderr) ?? [];
  const listed = await run([...(typed ?? "").split(" "), "--format", "json"]);
  expect(jsonLines(listed.stdout)).toMatchObject([
    { agent: "mole", at: "house", read: true },
    { agent: "mole", at: "yard", read: true },
  ]);
});

test.each([[["--mode", "maker"]], [["--tier", "latent"]], [["The bot"]]])(
  "of what lies inside only what was asked about is counted: %j",
  async (more) => {
    const [agent = "", ...flags] = more[0]!.startsWith("--") ? ["*", ...more] : more;
    expect((await run(["reach", agent, "--scope", "street", ...flags], { folder })).stderr).toBe("");
  },
);

test("explain names places inside it that the agent reaches, most items first", async () => {
  expect((await run(["explain", "mole", "street"], { folder })).stdout).toBe(
    "No path was read from this agent to this place.\nIt reaches 2 places inside it: The yard, The house\n",
  );
});

test("explain says of an item why an agent gets to the place that protects it", async () => {
  const { stdout } = await run(["explain", "mole", "i1"], { folder });
  expect(stdout).toMatch(
    /^Salary\.xlsx \(i1\) is protected by The library \(library\)\.\n\nNo path was read/,
  );
});

test("what protects an item is said above the table", async () => {
  const { stdout } = await run(["who", "i1"], { folder });
  expect(stdout).toMatch(/^Salary\.xlsx \(i1\) is protected by The library \(library\)\.\n\nwho/);
});

test("a name of several items lists them, and one of none is no place", async () => {
  expect(await run(["who", "Notes.TXT"], { folder })).toMatchObject({
    code: 2,
    stderr: expect.stringContaining(
      '"Notes.TXT" fits 2 items:\n  i2  hr/notes.txt (in The folder)\n  i3  notes.txt (in The site)\n',
    ) as string,
  });
  expect(await run(["who", "nothing.txt"], { folder })).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('no scope is called "nothing.txt"') as string,
  });
});
