/** All paths: each is real, none is missing, and without the cut none is left. */
import { beforeAll, describe, expect, test } from "vitest";
import type { PathStep } from "../src/reach/paths.ts";
import { type Ways, waysBetween } from "../src/reach/ways.ts";
import type { Put } from "./oracle/records.ts";
import { TIME } from "./oracle/tenants.ts";
import { withGraph } from "./prove/product.ts";
import { replays } from "./replay.ts";

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

describe("all ways from an agent to a place", () => {
  let ways: Ways;
  let paths: PathStep[][];
  beforeAll(async () => {
    ways = await withGraph(RECORDS, (query) => waysBetween(query, "a", "box", TIME));
    paths = [...ways.paths()];
  }, 60_000);

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
    const some = ways.paths();
    expect(ids(some.next().value as PathStep[])).toBe("a m m-id [4] box");
    expect(ids(ways.paths().next().value as PathStep[])).toBe("a m m-id [4] box");
  });

  test("end where the cut is made, and not where less than it is", async () => {
    const named = ways.cut.map(({ kind, from, to, id }) => `${kind} ${from.id} ${id ?? to.id}`);
    expect(named.sort()).toEqual(["GRANTED lent 5", "GRANTED m-id 4", "MEMBER_OF a g1", "MEMBER_OF a g2"]);
    const without = (cut: Ways["cut"]) =>
      RECORDS.filter(
        (one) =>
          !("from" in one) ||
          !cut.some(
            ({ kind, from, to, id }) =>
              one.kind === kind &&
              one.from.id === from.id &&
              one.to.id === to.id &&
              (id === undefined || one.props?.key === id),
          ),
      );
    const left = async (cut: Ways["cut"]) =>
      withGraph(without(cut), async (query) => {
        const rows = await query(
          "MATCH (a:Agent)-[r:CAN_REACH]->(s:Scope) WHERE a.id = 'a' RETURN s.id AS scope, r.read AS read, r.subtree AS subtree",
        );
        return rows.filter(
          ({ read, scope, subtree }) => read === true && (scope === "box" || subtree === true),
        ).length;
      });
    expect(await left(ways.cut)).toBe(0);
    expect(await left(ways.cut.slice(1))).toBeGreaterThan(0);
  }, 60_000);
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

test("ways through copies are real, and end where a copy or what carries it is taken away", async () => {
  const ways = await withGraph(COPIED, (query) => waysBetween(query, "a", "list", TIME));
  const paths = [...ways.paths()];
  expect(paths.map(ids)).toEqual([
    "a own list",
    "a p [1] site list",
    "a own caller site list",
    "a p [2] index box site list",
  ]);
  expect(paths.filter((path) => !replays(path, COPIED))).toEqual([]);
  expect(ways.cut.map(({ kind, from, to, id }) => `${kind} ${from.id} ${id ?? to.id}`).sort()).toEqual([
    "COPIED_TO site box",
    "EMBEDS caller site",
    "EMBEDS own list",
    "GRANTED p 1",
  ]);
}, 60_000);
