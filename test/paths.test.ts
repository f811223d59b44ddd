/** Paths that explain rows: the one that a row counted, or said to be another, or not known. Never another in silence. */
import { expect, test } from "vitest";
import type { Row } from "../src/model.ts";
import type { Copy } from "../src/reach/copies.ts";
import { createDecoder, sayPath, type Witness } from "../src/reach/paths.ts";
import type { Put } from "./oracle/records.ts";
import { replays } from "./replay.ts";
import { type Beside, SideBySide } from "./side-by-side.ts";

const node = (kind: string, id: string, props = {}): Put => ({ kind, id, props });
const rel = (
  kind: string,
  from: readonly [string, string],
  to: readonly [string, string],
  props = {},
): Put => ({
  kind,
  from: { kind: from[0], id: from[1] },
  to: { kind: to[0], id: to[1] },
  props,
});
const agent = (id: string): Put[] => [
  node("Agent", id, { name: `Agent ${id}`, status: "enabled" }),
  node("Principal", id, { kind: "ServicePrincipal" }),
  rel("ACTS_AS", ["Agent", id], ["Principal", id], { mode: "app", key: "app" }),
];
const member = (who: string, group: string): Put =>
  rel("MEMBER_OF", ["Principal", who], ["Principal", group]);
const reader = (who: string, where: string): Put =>
  rel("GRANTED", ["Principal", who], ["Scope", where], {
    ...{ key: `${who}-${where}`, flow: "containment", read: true, role: "Reader" },
  });

const keyOf = ({ agent, scope, mode, via, tier }: Row): string =>
  JSON.stringify([agent, scope, mode, via, tier]);
const besides = new SideBySide();
/** The witnesses of all rows of a tenant, with the ids that it has in the graph. */
async function witnesses({ query, owns }: Beside): Promise<Witness[]> {
  const said = await query(
    `MATCH (a:Agent)-[r:CAN_REACH]->(s:Scope) RETURN a.id AS agent, r.mode AS mode, r.via AS via, r.tier AS tier, r.hops AS hops,
     r.steps AS steps, r.grant AS grant, r.regrant AS regrant, r.person AS person, s.id AS scope ORDER BY agent, scope, mode, via`,
  );
  const rows = said.filter(({ agent, scope }) => owns([agent, scope]));
  const copies = new Map<string, Copy>();
  for (const row of await query(
    `MATCH (a:Agent)-[c:READS_COPY]->(s:Scope)
     RETURN a.id AS agent, s.id AS scope, c.mode AS mode, c.via AS via, c.tier AS tier, c.copy AS place, c.embedded AS embedded`,
  ))
    copies.set(keyOf(row), { place: String(row.place), embedded: row.embedded === true });
  return rows.map((row) => ({
    ...{
      agent: String(row.agent),
      mode: String(row.mode),
      via: String(row.via ?? ""),
      tier: String(row.tier),
    },
    ...{
      hops: Number(row.hops),
      steps: Number(row.steps),
      person: String(row.person ?? ""),
      regrant: row.regrant === true,
      scope: String(row.scope),
    },
    grant: row.grant === null ? null : Number(row.grant),
    ...(copies.has(keyOf(row)) ? { copy: copies.get(keyOf(row))! } : {}),
  }));
}

const DIAMOND: readonly Put[] = [
  ...agent("a"),
  ...["g1", "g2", "top"].map((id) => node("Principal", id, { kind: "Group", name: id.toUpperCase() })),
  ...[member("a", "g1"), member("a", "g2"), member("g1", "top"), member("g2", "top")],
  node("Scope", "account", { kind: "StorageAccount", plane: "azure", name: "Account" }),
  node("Scope", "other", { kind: "StorageAccount", plane: "azure", name: "Other" }),
  reader("top", "account"),
];

const diamond = besides.add(DIAMOND);

test("a row's path is as long as the row says, and the smallest of these", async () => {
  const rows = await witnesses(diamond);
  const paths = await createDecoder(diamond.query)(rows);
  expect(paths[0]).toHaveLength(rows[0]!.steps + 1);
  expect(paths.map(sayPath)).toEqual(["Agent a → G1 → TOP → [Reader] Account"]);
});

test("where no way is as long as the row says, the path says that it is one of several", async () => {
  const [row] = await witnesses(diamond);
  const [path] = await createDecoder(diamond.query)([{ ...row!, steps: row!.steps + 1 }]);
  expect(sayPath(path!)).toBe("Agent a → G1 → TOP → (one of several ways) [Reader] Account");
  expect(path?.filter(({ doubt }) => doubt === "one-of-several")).toHaveLength(1);
});

test("where the graph shows no way to the grant, or not from it to the place, the path says so", async () => {
  const [row] = await witnesses(diamond);
  const paths = await createDecoder(diamond.query)([
    { ...row!, grant: 999 },
    { ...row!, scope: diamond.id("other") },
  ]);
  const [unknown, elsewhere] = diamond.bare(paths);
  expect(unknown).toMatchObject([{ id: "a" }, { id: "account", doubt: "not-known" }]);
  expect(elsewhere).toMatchObject([{ id: "a" }, { id: "other", doubt: "not-known" }]);
  expect(sayPath(elsewhere!)).toBe("Agent a → (way not known) Other");
});

const control = (who: string, whom: string, how: string): Put =>
  rel("CONTROLS", ["Principal", who], ["Principal", whom], { key: how, how });
const controlled = besides.add([
  ...agent("a"),
  node("Principal", "job", { kind: "ServicePrincipal", name: "Job" }),
  ...["team", "inner"].map((id) => node("Principal", id, { kind: "Group", name: id.toUpperCase() })),
  node("Scope", "account", { kind: "StorageAccount", plane: "azure", name: "Account" }),
  ...[control("a", "job", "owns-app"), control("job", "team", "group-owner"), member("team", "inner")],
  // Its owner as well, which gives nothing more to who is in it.
  control("team", "inner", "group-owner"),
  reader("inner", "account"),
]);
test("a step of control is told from a membership, with what it is made by", async () => {
  const rows = await witnesses(controlled);
  expect(rows).toMatchObject([{ tier: "latent", hops: 2 }]);
  const [path] = controlled.bare(await createDecoder(controlled.query)(rows));
  expect(sayPath(path!)).toBe("Agent a → (can become) Job → (can join) TEAM → INNER → [Reader] Account");
  expect(path).toMatchObject([
    ...[{ id: "a" }, { id: "a", via: "ACTS_AS" }, { id: "job", via: "CONTROLS", how: "owns-app" }],
    ...[
      { id: "team", via: "CONTROLS", how: "group-owner" },
      { id: "inner", via: "MEMBER_OF" },
    ],
    { id: "account", via: "GRANTED" },
  ]);
});

const lent = besides.add([
  ...["a", "b", "c", "d"].map((id) => node("Agent", id, { name: `Agent ${id}`, status: "enabled" })),
  node("McpServer", "m", { name: "Search server" }),
  ...["maker", "other"].map((id) =>
    node("Principal", id, { kind: "ServicePrincipal", name: id.toUpperCase() }),
  ),
  ...["b", "d"].map((id) => rel("INVOKES", ["Agent", "a"], ["Agent", id], { mode: "own" })),
  // A call with the caller's token lends nothing, however short the way.
  rel("INVOKES", ["Agent", "a"], ["Agent", "c"], { mode: "caller" }),
  rel("INVOKES", ["Agent", "d"], ["Agent", "b"], { mode: "own" }),
  ...["b", "c"].map((id) => rel("USES", ["Agent", id], ["McpServer", "m"])),
  rel("ACTS_AS", ["McpServer", "m"], ["Principal", "maker"], { mode: "app", key: "app" }),
  rel("ACTS_AS", ["Agent", "d"], ["Principal", "other"], { mode: "app", key: "app" }),
  node("Scope", "account", { kind: "StorageAccount", plane: "azure", name: "Account" }),
  ...[reader("maker", "account"), reader("other", "account")],
]);
test("what a server or an agent lends goes over the agents that are called, and the server", async () => {
  const rows = (await witnesses(lent)).filter(({ agent }) => agent === lent.id("a"));
  const paths = lent.bare(await createDecoder(lent.query)(rows));
  expect(paths.map(sayPath).sort()).toEqual([
    // Of these two no record says with whose rights they act.
    "Agent a → (way not known) What a opens",
    "Agent a → Agent b → Search server → MAKER → [Reader] Account",
    "Agent a → Agent b → What b opens",
    "Agent a → Agent d → OTHER → [Reader] Account",
  ]);
  expect(paths.find((path) => path.length === 5 && path.at(-1)?.id === "account")).toMatchObject([
    ...[{ id: "a" }, { id: "b", via: "INVOKES" }, { kind: "McpServer", id: "m", via: "USES" }],
    ...[
      { id: "maker", via: "ACTS_AS" },
      { id: "account", via: "GRANTED" },
    ],
  ]);
});

const administered = besides.add([
  ...agent("a"),
  node("Scope", "account", { kind: "StorageAccount", plane: "azure", name: "Account" }),
  rel("GRANTED", ["Principal", "a"], ["Scope", "account"], {
    ...{ key: "g", flow: "containment", see: true, assign: true, role: "User Access Administrator" },
  }),
]);
test("a right that the agent could give itself is told from one that it has", async () => {
  const rows = await witnesses(administered);
  const paths = await createDecoder(administered.query)(rows);
  expect(rows.map(({ tier }, index) => `${tier}: ${sayPath(paths[index]!)}`).sort()).toEqual([
    "latent: Agent a → [User Access Administrator, could give itself more] Account",
    "now: Agent a → [User Access Administrator] Account",
  ]);
});

const CHAIN = ["top", "upper", "middle", "lower", "least"];
const stacked = besides.add([
  ...[...agent("a"), ...agent("b"), ...agent("c")],
  ...CHAIN.map((id) => node("Scope", id, { kind: "Place", plane: "azure", name: id.toUpperCase() })),
  ...CHAIN.slice(1).map((id, above) => rel("WITHIN", ["Scope", id], ["Scope", CHAIN[above]!])),
  ...[reader("a", "top"), reader("b", "upper"), reader("c", "lower")],
]);
test("of several agents asked for at once each has its way, also past what another was granted", async () => {
  const rows = await witnesses(stacked);
  expect(stacked.bare(rows)).toMatchObject([{ scope: "top" }, { scope: "upper" }, { scope: "lower" }]);
  const at = (row: number, scope: string, below: number): Witness => ({
    ...rows[row]!,
    ...{ scope: stacked.id(scope), steps: rows[row]!.steps + below },
  });
  const asked = [at(0, "least", 4), at(1, "middle", 1), at(2, "least", 1), at(0, "middle", 2)];
  const together = await createDecoder(stacked.query)(asked);
  expect(together.map(sayPath)).toEqual([
    "Agent a → [Reader] TOP → UPPER → MIDDLE → LOWER → LEAST",
    "Agent b → [Reader] UPPER → MIDDLE",
    "Agent c → [Reader] LOWER → LEAST",
    "Agent a → [Reader] TOP → UPPER → MIDDLE",
  ]);
  for (const [index, one] of asked.entries())
    expect(await createDecoder(stacked.query)([one])).toEqual([together[index]]);
});

const strange = besides.add([
  ...agent("a"),
  node("McpServer", "m", { name: "Search server" }),
  rel("USES", ["Agent", "a"], ["McpServer", "m"]),
]);
test("a server of unknown identity is a path without a grant: agent, server, place", async () => {
  const rows = (await witnesses(strange)).filter(({ via }) => via === strange.id("m"));
  expect(strange.bare(rows)).toMatchObject([{ scope: "unknown:mcp:m", grant: null }]);
  const [path] = strange.bare(await createDecoder(strange.query)(rows));
  expect(path).toMatchObject([{ kind: "Agent" }, { id: "m", via: "USES" }, { id: "unknown:mcp:m" }]);
  expect(path?.some(({ doubt, grant }) => doubt !== undefined || grant !== undefined)).toBe(false);
});

const asked = (who: string, permission: string, user = "*"): Put =>
  rel("CONSENTED", ["Principal", who], ["Scope", "plane:mail"], {
    ...{ key: `${who}:${permission}`, type: "delegated", permission, user },
  });
const consented = besides.add([
  ...["a", "b", "c", "d", "e"].flatMap(agent),
  node("Blueprint", "plan", { appId: "app", enabled: true, inheritable: ["*"] }),
  node("Principal", "bp", { kind: "BlueprintPrincipal", appId: "app", name: "Blueprint" }),
  node("Blueprint", "other", { appId: "second", enabled: true, inheritable: ["*"] }),
  node("Principal", "bq", { kind: "BlueprintPrincipal", appId: "second", name: "Other" }),
  ...["b", "c"].map((id) => rel("MADE_FROM", ["Agent", id], ["Blueprint", "plan"])),
  rel("MADE_FROM", ["Agent", "d"], ["Blueprint", "other"]),
  node("Scope", "plane:mail", { kind: "Service", plane: "exchange", name: "Mail" }),
  ...[asked("a", "Mail.Send"), asked("a", "Mail.Read"), asked("c", "Mail.Read")],
  // Each is another user's: whose of them the row is about it does not say.
  ...[asked("e", "Mail.Read", "ana"), asked("e", "Mail.Send", "ben")],
  ...[asked("bp", "Mail.Read"), asked("bp", "Mail.Send"), asked("bq", "Mail.Read")],
]);
test("where nothing is granted, a row's path goes by what the application has consent for, its blueprint's as well", async () => {
  const [a] = await witnesses(consented);
  const { copy: _, ...blank } = a!;
  const rows = ["a", "b", "c", "d", "e"].map(
    (id): Witness => ({
      ...{ ...blank, agent: consented.id(id), scope: consented.id("plane:mail") },
      ...{ mode: "on-behalf-of", via: "", person: "", grant: null, regrant: false, hops: 0, steps: 0 },
    }),
  );
  const paths = consented.bare(await createDecoder(consented.query)(rows));
  expect(paths.map(sayPath)).toEqual([
    "Agent a → [delegated Mail.Read and 1 more] Mail",
    "Agent b → Blueprint → (one of several ways) [delegated Mail.Read and 1 more] Mail",
    "Agent c → [delegated Mail.Read] Mail",
    "Agent d → Other → [delegated Mail.Read] Mail",
    "Agent e → (one of several ways) [delegated Mail.Read and 1 more] Mail",
  ]);
  // Of the application itself nobody's consent decides.
  const own = await createDecoder(consented.query)([{ ...rows[0]!, mode: "app" }]);
  expect(sayPath(own[0]!)).toBe("Agent a → (way not known) Mail");
  expect(paths[3]).toMatchObject([
    ...[{ id: "d" }, { id: "d", via: "ACTS_AS" }, { id: "bq", via: "MADE_FROM" }],
    { id: "plane:mail", via: "CONSENTED", grant: { id: "bq:Mail.Read" } },
  ]);
});

const inherited = besides.add([
  ...agent("a"),
  node("Blueprint", "b", { appId: "app", enabled: true, inheritable: ["*"] }),
  node("Principal", "bp", { kind: "BlueprintPrincipal", appId: "app", name: "Blueprint" }),
  rel("MADE_FROM", ["Agent", "a"], ["Blueprint", "b"]),
  node("Scope", "plane:sharepoint", { kind: "Service", plane: "sharepoint", name: "SharePoint" }),
  rel("GRANTED", ["Principal", "bp"], ["Scope", "plane:sharepoint"], {
    ...{ key: "g", flow: "containment", read: true, role: "Sites.Read.All", source: "app-role" },
  }),
]);
test("what comes from a blueprint goes over the blueprint's principal", async () => {
  const rows = await witnesses(inherited);
  expect(rows).toHaveLength(1);
  const [path] = inherited.bare(await createDecoder(inherited.query)(rows));
  expect(sayPath(path!)).toBe("Agent a → Blueprint → [Sites.Read.All] SharePoint");
  expect(path?.[2]).toMatchObject({ id: "bp", via: "MADE_FROM" });
  expect(path?.some(({ doubt }) => doubt !== undefined)).toBe(false);
});

const COPIED: readonly Put[] = [
  ...agent("a"),
  node("Agent", "b", { name: "Agent b", status: "enabled" }),
  node("Agent", "c", { name: "Agent c", status: "enabled" }),
  rel("INVOKES", ["Agent", "a"], ["Agent", "b"], { mode: "caller" }),
  rel("INVOKES", ["Agent", "b"], ["Agent", "c"], { mode: "own" }),
  ...["service", "index", "store", "box", "site", "list", "book", "page"].map((id) =>
    node("Scope", id, { kind: "Place", plane: "azure", name: id.toUpperCase() }),
  ),
  rel("WITHIN", ["Scope", "index"], ["Scope", "service"]),
  rel("WITHIN", ["Scope", "box"], ["Scope", "store"]),
  rel("WITHIN", ["Scope", "list"], ["Scope", "site"]),
  rel("WITHIN", ["Scope", "page"], ["Scope", "book"]),
  rel("COPIED_TO", ["Scope", "site"], ["Scope", "box"]),
  rel("COPIED_TO", ["Scope", "store"], ["Scope", "index"]),
  rel("EMBEDS", ["Agent", "c"], ["Scope", "book"]),
  reader("a", "service"),
  // There, reading alone is through the copy.
  rel("GRANTED", ["Principal", "a"], ["Scope", "list"], {
    key: "w",
    flow: "acl",
    write: true,
    role: "Writer",
  }),
];

const copied = besides.add(COPIED);

test("a row that goes through copies shows them, and each step is a record", async () => {
  const rows = (await witnesses(copied)).filter(
    ({ agent, mode }) => agent === copied.id("a") && mode === "app",
  );
  const paths = copied.bare(await createDecoder(copied.query)(rows));
  const said = Object.fromEntries(
    copied.bare(rows).map(({ scope }, index) => [scope, sayPath(paths[index]!)]),
  );
  expect(said).toEqual({
    book: "Agent a → Agent b → Agent c → (embedded) BOOK",
    index: "Agent a → [Reader] SERVICE → INDEX",
    list: "Agent a → [Writer] LIST",
    service: "Agent a → [Reader] SERVICE",
    site: "Agent a → [Reader] SERVICE → INDEX → (copy of) STORE → BOX → (copy of) SITE",
    store: "Agent a → [Reader] SERVICE → INDEX → (copy of) STORE",
  });
  for (const [index, path] of paths.entries()) {
    expect(replays(path, COPIED), JSON.stringify(path)).toBe(true);
    expect(path).toHaveLength(rows[index]!.steps + 1);
  }
});
