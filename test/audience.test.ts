/** How many people may use an agent: what `audience_count` says, and where it says nothing. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type Answers, brings, importFile, openAnswers } from "../src/app.ts";
import { createAudience, findPerson, mayUse } from "../src/reach/audience.ts";

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

type Props = Readonly<Record<string, unknown>>;
const node = (kind: string, id: string, props: Props = {}) => ({ put: { kind, id, props } });
const rel = (
  kind: string,
  from: string,
  to: string,
  props: Props = {},
  ends = ["Principal", "Principal"],
) => ({
  put: { kind, from: { kind: ends[0], id: from }, to: { kind: ends[1], id: to }, props },
});
const member = (who: string, group: string, props: Props = {}) => rel("MEMBER_OF", who, group, props);
const group = (id: string, props: Props = {}) => node("Principal", id, { kind: "Group", ...props });
/** An agent with a stored connection, or another identity, that reads the box; and who may use it. */
const agent = (id: string, users: readonly string[], mode = "maker") => [
  node("Agent", id),
  rel("ACTS_AS", id, "maker", { key: mode, mode }, ["Agent", "Principal"]),
  ...users.map((user) => rel("MAY_USE", user, id, {}, ["Principal", "Agent"])),
];

const RECORDS = [
  node("Principal", "ana", {
    kind: "User",
    name: "Clerk Amber",
    aliases: ["upn:clerk.amber@contoso.example", "mail:al@contoso.example"],
  }),
  node("Principal", "ben", { kind: "User", name: "Ben" }),
  node("Principal", "cem", { kind: "User", name: "Ben" }),
  node("Principal", "eve", { kind: "Guest" }),
  node("Principal", "gus", { kind: "User", userType: "Guest" }),
  node("Principal", "off", { kind: "User", enabled: false }),
  node("Principal", "app", { kind: "ServicePrincipal" }),
  node("Principal", "maker", { kind: "User" }),
  group("outer"),
  group("inner"),
  group("closed", { enabled: false }),
  group("empty"),
  node("Principal", "everyone", { kind: "Everyone" }),
  node("Principal", "everyone-except-external", { kind: "EveryoneExceptExternal" }),
  member("inner", "outer"),
  // Groups that contain each other end.
  member("outer", "inner"),
  ...["ana", "off", "app"].map((id) => member(id, "inner")),
  member("ben", "inner", { expires: "2020-01-01T00:00:00Z" }),
  member("cem", "inner", { tier: "potential" }),
  member("ben", "outer"),
  member("closed", "outer"),
  member("eve", "closed"),
  ...agent("nested", ["outer", "ana"]),
  ...agent("shut", ["closed"]),
  ...agent("empty", ["empty"]),
  // Everyone is in groups as well, as SharePoint has it: today, or not yet.
  ...["site", "visitors", "guests-too", "not-yet", "by-now-not"].map((id) => group(id)),
  member("visitors", "site"),
  member("everyone-except-external", "visitors"),
  member("everyone", "guests-too"),
  member("everyone", "not-yet", { tier: "potential" }),
  member("everyone", "by-now-not", { expires: "2020-01-01T00:00:00Z" }),
  // Classes of which no membership says who is in them.
  node("Principal", "signed-in", { kind: "AuthenticatedUsers" }),
  node("Principal", "agents", { kind: "AllAgentIdentities" }),
  node("Principal", "contoso.example", { kind: "MailDomain" }),
  ...agent("for-all-who-sign-in", ["signed-in"]),
  ...agent("for-agents", ["agents"]),
  ...agent("for-a-domain", ["contoso.example", "ana"]),
  ...agent("in-a-group", ["visitors"]),
  ...agent("in-a-nested-group", ["site"]),
  ...agent("guests-in-a-group", ["guests-too"]),
  ...agent("eligible", ["not-yet"]),
  ...agent("expired", ["by-now-not"]),
  ...agent("all", ["everyone"]),
  ...agent("members", ["everyone-except-external"]),
  ...agent("members-and-one", ["everyone-except-external", "eve"]),
  ...agent("unread", []),
  ...agent("unread-group", ["ana", "never-read"]),
  ...agent("keyed", ["ana"], "key"),
  ...agent("own", ["ana"], "app"),
  // What a server lends everybody gets who may use the agent.
  node("Agent", "lent"),
  node("McpServer", "server"),
  rel("USES", "lent", "server", {}, ["Agent", "McpServer"]),
  rel("ACTS_AS", "server", "maker", { key: "app", mode: "app" }, ["McpServer", "Principal"]),
  rel("MAY_USE", "ana", "lent", {}, ["Principal", "Agent"]),
  node("Scope", "box", { kind: "Container", plane: "azure" }),
  rel("GRANTED", "maker", "box", { key: "g", flow: "containment", see: true, read: true }, [
    "Principal",
    "Scope",
  ]),
];

let folder: string;
let answers: Answers;
const counts = new Map<string, number | null>();
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "audience-"));
  const file = join(folder, "lines.jsonl");
  writeFileSync(file, RECORDS.map((line) => JSON.stringify(line)).join("\n"));
  await importFile({ folder, file });
  answers = await openAnswers(folder);
  for await (const row of answers.reach({})) counts.set(row.agent_id, row.audience_count);
});
afterAll(async () => {
  await answers?.close();
  rmSync(folder, { recursive: true });
});

test.each([
  [
    "nested",
    2,
    "people of nested groups, each once: not disabled, not expired, not only eligible, no application",
  ],
  ["empty", 0, "a group that was read and is empty"],
  ["all", 6, "everyone, guests too, who is not disabled"],
  ["members", 4, "everyone but guests, whichever of the two ways they are told"],
  ["members-and-one", 5, "and one guest by name"],
  ["in-a-group", 4, "a group that everyone but guests is in means these people"],
  ["in-a-nested-group", 4, "so does one that this group is in"],
  ["guests-in-a-group", 6, "a group that everyone is in means guests, too"],
  ["for-all-who-sign-in", 6, "all who sign in are users and guests"],
  ["for-agents", 0, "all agent identities are no people"],
  ["for-a-domain", null, "who has an address of a mail domain no record says"],
  ["eligible", 0, "a group that everyone could be in is not for everyone yet"],
  ["expired", 0, "nor is one that everyone was in"],
  ["shut", 0, "a disabled group lets nobody in"],
  ["unread", null, "no record says who may: that is not nobody"],
  ["unread-group", null, "a group of which nothing but its id is known may be of any size"],
  ["keyed", 1, "a key is for everyone who may use it"],
  ["lent", 1, "so is what a server lends"],
  ["own", null, "its own identity does not depend on who asks"],
])("%s: %s (%s)", (id, count, _) => {
  expect(counts.has(id)).toBe(true);
  expect(counts.get(id)).toBe(count);
});

test.each([
  ["keyed", "a person by name, where memberships were not read", "entra.groups", "", 1],
  ["nested", "nested groups, where a place was not read", "import.hr", "box", 2],
  ["nested", "nested groups, where another group hides its members", "entra.groups", "closed", 2],
  ["nested", "nested groups, where only denies were not read", "azure.deny-assignments", "", 2],
  ["nested", "nested groups, one of which hides its members", "entra.groups", "inner", null],
  ["nested", "nested groups, where memberships were not read", "entra.groups", "", null],
  ["empty", "an empty group, where anything may be missing", "import.hr", "", null],
  ["all", "everyone, where memberships were not read", "entra.groups", "", 6],
  ["all", "everyone, where people were not read", "entra.users", "", null],
  [
    "keyed",
    "a person by name, where it was not read who may use agents",
    "entra.app-role-assignments",
    "",
    null,
  ],
])("%s: %s (%s %s)", async (agent, _, step, scope, count) => {
  const hides = step === "azure.deny-assignments" ? "denies" : "both";
  const gap = { step, scope, state: "denied", hides, records: 0, accepted: undefined } as const;
  const meta = { ...answers.meta, coverage: [{ ...gap, observedFrom: undefined, observedTo: undefined }] };
  const found = await createAudience({ query: answers.ask, meta, brings })(agent);
  expect("people" in found ? found.people.size : null).toBe(count);
  if (count === null) expect(found).toEqual({ unread: `who may use it was not read: ${step}`, gap: true });
});

test.each([
  "ana",
  "ANA",
  "clerk amber",
  "Clerk*",
  "clerk.amber@contoso.example",
  "AL@contoso.example",
  "*.amber@*",
  "?na",
])("a person goes by %s", async (wanted) => {
  expect(await findPerson(answers.ask, wanted)).toMatchObject({ id: "ana" });
});

test.each([
  ["Ben", "a name that two bear, though it is the id of one", "ben"],
  ["B*", "a glob that fits an id", "ben"],
])("%s: an id comes before names (%s)", async (wanted, _, id) => {
  expect(await findPerson(answers.ask, wanted)).toMatchObject({ id });
});

test.each([
  ["?e?", /fits 2 users:\n {2}ben {2}Ben\n {2}cem {2}Ben$/, "ambiguous"],
  ["outer", /no user is called "outer"/, "not-found"],
  ["clerk", /no user is called "clerk"; did you mean.*:\n {2}.*Clerk/i, "not-found"],
  ["app", /no user is called "app"/, "not-found"],
])("%s is refused: only one person will do", async (wanted, message, code) => {
  await expect(findPerson(answers.ask, wanted)).rejects.toMatchObject({
    code,
    message: expect.stringMatching(message) as string,
  });
});

test.each([
  ["ben", "in-a-nested-group", "yes", "one of everyone but guests, in the group of a group"],
  ["eve", "in-a-nested-group", "no", "a guest is none of them"],
  ["gus", "in-a-group", "no", "nor one that is told by the type of user"],
  ["gus", "guests-in-a-group", "yes", "guests are of everyone"],
  ["eve", "for-all-who-sign-in", "yes", "a guest signs in"],
  ["ben", "eligible", "no", "not yet"],
  ["ben", "expired", "no", "no more"],
] as const)("whether %s may use %s: %s (%s)", async (id, agent, may, _) => {
  const source = { query: answers.ask, meta: answers.meta, brings };
  expect(await mayUse(source, await findPerson(answers.ask, id), agent)).toBe(may);
});
