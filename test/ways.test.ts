/** All paths: each is real, none is missing, and without the cut none is left. */
import { beforeAll, describe, expect, test } from "vitest";
import type { PathStep } from "../src/reach/paths.ts";
import { type Ways, waysBetween } from "../src/reach/ways.ts";
import type { Put } from "./oracle/records.ts";
import { TIME } from "./oracle/tenants.ts";
import { replays } from "./replay.ts";
import { type Beside, rel, SideBySide } from "./side-by-side.ts";

const node = (kind: string, id: string, props = {}): Put => ({ kind, id, props });
const member = (who: string, group: string, props = {}): Put =>
  rel("MEMBER_OF", ["Principal", who], ["Principal", group], props);
const granted = (key: string, who: string, where: string, props = {}): Put =>
  rel("GRANTED", ["Principal", who], ["Scope", where], {
    ...{ key, flow: "containment", read: true, role: "Reader" },
    ...props,
  });
const PAST = "2020-01-01T00:00:00Z";

/** Two agents, groups that fork, meet and go round, a server, somebody under control, and grants of every sort. */
const RECORDS: readonly Put[] = [
  ...["a", "lent"].flatMap((id) => [
    node("Agent", id, { name: id.toUpperCase(), status: "enabled" }),
    node("Principal", id, { kind: "ServicePrincipal" }),
    rel("ACTS_AS", ["Agent", id], ["Principal", id], { mode: "app", key: "app" }),
  ]),
  ...["g1", "g2", "top", "round"].map((id) =>
    node("Principal", id, { kind: "Group", name: id.toUpperCase() }),
  ),
  ...[member("a", "g1"), member("a", "g2"), member("g1", "top"), member("g2", "top"), member("g1", "g2")],
  ...[member("top", "round"), member("round", "top"), member("a", "round", { expires: PAST })],
  node("Principal", "app", { kind: "ServicePrincipal", name: "App" }),
  rel("CONTROLS", ["Principal", "g2"], ["Principal", "app"], { key: "owner", how: "owns-app" }),
  node("McpServer", "m", { name: "Server" }),
  rel("USES", ["Agent", "a"], ["McpServer", "m"]),
  node("Principal", "m-id", { kind: "ServicePrincipal", name: "Server identity" }),
  rel("ACTS_AS", ["McpServer", "m"], ["Principal", "m-id"], { mode: "app", key: "app" }),
  rel("INVOKES", ["Agent", "a"], ["Agent", "lent"], { mode: "own" }),
  node("Scope", "sub", { kind: "Subscription", plane: "azure", name: "Subscription" }),
  node("Scope", "account", { kind: "StorageAccount", plane: "azure", name: "Account" }),
  node("Scope", "box", { kind: "Container", plane: "azure", name: "Box" }),
  rel("WITHIN", ["Scope", "account"], ["Scope", "sub"]),
  rel("WITHIN", ["Scope", "box"], ["Scope", "account"]),
  rel("INHERITS", ["Scope", "box"], ["Scope", "account"]),
  granted("1", "top", "sub"),
  granted("2", "top", "box", { flow: "acl" }),
  granted("3", "app", "account"),
  granted("4", "m-id", "box"),
  granted("5", "lent", "account", { flow: "acl" }),
  granted("6", "g1", "account", { source: "app-role" }),
  granted("7", "a", "box", { expires: PAST }),
  granted("8", "a", "account", { flow: "posix" }),
  granted("9", "a", "sub", { read: false }),
];

const ids = (path: readonly PathStep[]): string =>
  path.map(({ id, grant }) => (grant === undefined ? id : `[${grant.id}] ${id}`)).join(" ");

/** What must go so that no way is left, and how it is said. */
const CUT: readonly (readonly [said: string, kind: string, from: string, to: string, key?: string])[] = [
  ["GRANTED lent 5", "GRANTED", "lent", "account", "5"],
  ["GRANTED m-id 4", "GRANTED", "m-id", "box", "4"],
  ["MEMBER_OF a g1", "MEMBER_OF", "a", "g1"],
  ["MEMBER_OF a g2", "MEMBER_OF", "a", "g2"],
];
const without = (cut: typeof CUT): Put[] =>
  RECORDS.filter(
    (one) =>
      !("from" in one) ||
      !cut.some(
        ([, kind, from, to, key]) =>
          one.kind === kind &&
          one.from.id === from &&
          one.to.id === to &&
          (key === undefined || one.props?.key === key),
      ),
  );

const besides = new SideBySide();
const whole = besides.add(RECORDS);
const cutAll = besides.add(without(CUT));
const spared = CUT.map(
  (one) => [one[0], besides.add(without(CUT.filter((other) => other !== one)))] as const,
);

describe("all ways from an agent to a place", () => {
  let ways: Ways;
  let paths: PathStep[][];
  beforeAll(async () => {
    ways = await waysBetween(whole.query, whole.id("a"), whole.id("box"), TIME);
    paths = whole.bare([...ways.paths()]);
  });

  test("are these, the shortest first, and nobody is met twice", () => {
    expect(paths.map(ids)).toEqual([
      "a m m-id [4] box",
      "a a g1 top [2] box",
      "a a g2 top [2] box",
      "a lent lent [5] account box",
      "a a g1 g2 top [2] box",
      "a a g2 app [3] account box",
      "a a g1 g2 app [3] account box",
      "a a g1 top [1] sub account box",
      "a a g2 top [1] sub account box",
      "a a g1 g2 top [1] sub account box",
    ]);
  });

  test("are real: each step is a relationship of the records", () => {
    expect(paths.filter((path) => !replays(path, RECORDS))).toEqual([]);
  });

  test("come one at a time, as they are asked for", () => {
    const first = () => ids(whole.bare(ways.paths().next().value as PathStep[]));
    expect(first()).toBe("a m m-id [4] box");
    expect(first()).toBe("a m m-id [4] box");
  });

  const left = async (one: Beside): Promise<number> => {
    const rows = await one.rows(
      "MATCH (a:Agent)-[r:CAN_REACH]->(s:Scope) WHERE a.id = $agent RETURN a.id AS agent, s.id AS scope, r.read AS read, r.subtree AS subtree",
      { agent: one.id("a") },
    );
    return rows.filter(({ read, scope, subtree }) => read === true && (scope === "box" || subtree === true))
      .length;
  };
  test("end where the cut is made", async () => {
    const named = whole.bare(ways.cut).map(({ kind, from, to, id }) => `${kind} ${from.id} ${id ?? to.id}`);
    expect(named.sort()).toEqual(CUT.map(([said]) => said));
    expect(await left(cutAll)).toBe(0);
  });
  test.each(spared)("do not end where all of it is made but %s", async (_, one) => {
    expect(await left(one)).toBeGreaterThan(0);
  });
});

/** Beside a grant of the site: an index of it that may be read, one that may be seen, and agents that carry a part. */
const COPIED: readonly Put[] = [
  ...["a", "own", "caller"].flatMap((id) => [node("Agent", id, { status: "enabled" })]),
  node("Principal", "p", { kind: "ServicePrincipal" }),
  rel("ACTS_AS", ["Agent", "a"], ["Principal", "p"], { mode: "app", key: "app" }),
  rel("INVOKES", ["Agent", "a"], ["Agent", "own"], { mode: "own" }),
  rel("INVOKES", ["Agent", "own"], ["Agent", "caller"], { mode: "caller" }),
  ...["site", "list", "box", "index", "seen"].map((id) => node("Scope", id, { kind: "Place" })),
  rel("WITHIN", ["Scope", "list"], ["Scope", "site"]),
  rel("COPIED_TO", ["Scope", "site"], ["Scope", "box"]),
  rel("COPIED_TO", ["Scope", "box"], ["Scope", "index"]),
  rel("COPIED_TO", ["Scope", "index"], ["Scope", "box"]),
  rel("COPIED_TO", ["Scope", "site"], ["Scope", "seen"]),
  rel("EMBEDS", ["Agent", "own"], ["Scope", "list"]),
  rel("EMBEDS", ["Agent", "caller"], ["Scope", "site"]),
  granted("1", "p", "site", { read: false, write: true }),
  granted("2", "p", "index"),
  granted("3", "p", "seen", { read: false, see: true }),
];

const copied = besides.add(COPIED);
test("ways through copies are real, and end where a copy or what carries it is taken away", async () => {
  const ways = await waysBetween(copied.query, copied.id("a"), copied.id("list"), TIME);
  const paths = copied.bare([...ways.paths()]);
  expect(paths.map(ids)).toEqual([
    "a own list",
    "a p [1] site list",
    "a own caller site list",
    "a p [2] index box site list",
  ]);
  expect(paths.filter((path) => !replays(path, COPIED))).toEqual([]);
  const cut = copied.bare(ways.cut).map(({ kind, from, to, id }) => `${kind} ${from.id} ${id ?? to.id}`);
  expect(cut.sort()).toEqual(["COPIED_TO site box", "EMBEDS caller site", "EMBEDS own list", "GRANTED p 1"]);
});

/** By a condition an assignment at the account is three relationships, one of them at the box. */
const parts = besides.add([
  node("Agent", "a", { status: "enabled" }),
  node("Principal", "p", { kind: "ServicePrincipal" }),
  rel("ACTS_AS", ["Agent", "a"], ["Principal", "p"], { mode: "app", key: "app" }),
  ...["/account", "/account/box"].map((id) => node("Scope", id, { kind: "Place", plane: "azure" })),
  rel("WITHIN", ["Scope", "/account/box"], ["Scope", "/account"]),
  granted("/assigned/1#list", "p", "/account", { read: false, see: true }),
  granted("/assigned/1#read", "p", "/account/box", { tier: "conditional" }),
  granted("/assigned/1", "p", "/account", { read: false, write: true }),
  granted("same key", "p", "/account"),
  granted("same key", "p", "/account/box"),
]);
test("an assignment is one way to a place where it stands, and one thing to revoke", async () => {
  const ways = await waysBetween(parts.query, parts.id("a"), parts.id("/account/box"), TIME);
  expect(parts.bare([...ways.paths()]).map(ids)).toEqual([
    "a p [/assigned/1] /account/box",
    "a p [same key] /account/box",
    "a p [/assigned/1] /account /account/box",
    "a p [same key] /account /account/box",
  ]);
  const cut = parts.bare(ways.cut).map(({ from, to, id }) => `${id} of ${from.id} on ${to.id}`);
  expect(cut.sort()).toEqual([
    "/assigned/1 of p on /account",
    "same key of p on /account",
    "same key of p on /account/box",
  ]);
});

/** Lists that ask for two groups or leave somebody out, keys that no account takes, a place that a package confers. */
const LIMITED: readonly Put[] = [
  node("Agent", "a", { status: "enabled" }),
  node("Principal", "p", { kind: "ServicePrincipal" }),
  rel("ACTS_AS", ["Agent", "a"], ["Principal", "p"], { mode: "app", key: "app" }),
  ...["g1", "g2", "g3", "g4"].map((id) => node("Principal", id, { kind: "Group" })),
  ...[member("p", "g1"), member("p", "g2")],
  rel("ELIGIBLE_FOR", ["Principal", "p"], ["Principal", "g4"]),
  ...["closed", "open"].flatMap((id) => [
    node("Scope", id, { kind: "StorageAccount", plane: "azure", sharedKey: id === "open" }),
    node("Scope", `${id} box`, { kind: "Container", plane: "azure" }),
    rel("WITHIN", ["Scope", `${id} box`], ["Scope", id]),
    granted("keys", "p", id, { read: false, listKeys: true }),
  ]),
  granted("both", "g1", "closed box", { flow: "posix", together: ["g2"] }),
  granted("later", "g1", "closed box", { flow: "posix", together: ["g4"] }),
  granted("third", "g1", "closed box", { flow: "posix", together: ["g2", "g3"] }),
  granted("spared", "g2", "closed box", { flow: "posix", excluded: ["p"] }),
  node("AccessPackage", "bundle", { name: "Bundle" }),
  rel("CAN_REQUEST", ["Principal", "g1"], ["AccessPackage", "bundle"]),
  rel("CAN_REQUEST", ["Principal", "p"], ["AccessPackage", "bundle"]),
  rel("CONFERS", ["AccessPackage", "bundle"], ["Scope", "open box"], { read: true }),
];
const limited = besides.add(LIMITED);
describe("a grant is a way", () => {
  const to = async (place: string) => {
    const ways = await waysBetween(limited.query, limited.id("a"), limited.id(place), TIME);
    const cut = limited.bare(ways.cut).map(({ kind, from, to, id }) => `${kind} ${from.id} ${id ?? to.id}`);
    return { paths: limited.bare([...ways.paths()]).map(ids), cut };
  };

  test("if the agent is in all groups that it asks for, or may be, and not left out; a key only where an account takes it", async () => {
    expect(await to("closed box")).toEqual({
      paths: ["a p g1 [both] closed box", "a p g1 [later] closed box"],
      cut: ["MEMBER_OF p g1"],
    });
  });

  test("if a package confers it: the place is taken out of that, whoever may request it", async () => {
    const { paths, cut } = await to("open box");
    expect(paths.map((path) => path.replace(/package:\S*bundle/, "bundle"))).toEqual([
      "a p [bundle] open box",
      "a p g1 [bundle] open box",
      "a p [keys] open open box",
    ]);
    expect(cut.sort()).toEqual(["CONFERS bundle open box", "GRANTED p keys"]);
  });
});

/** It could join a group: as its member, as the group itself by nothing. */
const joined = besides.add([
  node("Agent", "a", { status: "enabled" }),
  node("Principal", "p", { kind: "ServicePrincipal" }),
  rel("ACTS_AS", ["Agent", "a"], ["Principal", "p"], { mode: "app", key: "app" }),
  node("Principal", "g", { kind: "Group" }),
  rel("CONTROLS", ["Principal", "p"], ["Principal", "g"], { key: "owner", how: "group-owner" }),
  node("Scope", "box", { kind: "Place" }),
  granted("1", "g", "box", { source: "app-role" }),
]);
test("a group hands no permission of an application on, whoever could join it", async () => {
  const ways = await waysBetween(joined.query, joined.id("a"), joined.id("box"), TIME);
  expect([...ways.paths()]).toEqual([]);
  expect(
    await joined.rows("MATCH (a:Agent)-[r:CAN_REACH]->(s:Scope) RETURN a.id AS agent, s.id AS scope"),
  ).toEqual([]);
});
