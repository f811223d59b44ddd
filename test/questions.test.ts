/** Saved questions say what rows say: of those above one another the nearest, and one that gives nothing is no reach. */
import { describe, expect, test } from "vitest";
import { loadQueries, runQuery } from "../src/ask/query.ts";
import type { Row } from "../src/model.ts";
import type { Put } from "./oracle/records.ts";
import { tenants } from "./oracle/tenants.ts";
import { withGraph } from "./prove/product.ts";
import { type Beside, rel, SideBySide } from "./side-by-side.ts";

const saved = await loadQueries();
const besides = new SideBySide();
const ask = async (one: Beside, id: string, params = {}): Promise<Row[]> => {
  const rows = await runQuery(one.query, saved.find((query) => query.id === id)!, params);
  return one.bare(rows.filter((row) => one.owns(row)));
};

const node = (kind: string, id: string, props = {}): Put => ({ kind, id, props });
/** Somebody that acts as a principal of its own. */
const acting = (kind: string, id: string, props = {}): readonly Put[] => [
  node(kind, id, { name: id, ...props }),
  node("Principal", `${id}-id`, { kind: "ServicePrincipal" }),
  rel("ACTS_AS", [kind, id], ["Principal", `${id}-id`], { mode: "app", key: "app" }),
];
const ALL = { see: true, read: true, write: true };
const granted = (who: string, where: string, props: object, key = "1"): Put =>
  rel("GRANTED", ["Principal", `${who}-id`], ["Scope", where], { key, flow: "containment", ...props });
const denied = (who: string, where: string): Put =>
  rel("DENIED", ["Principal", `${who}-id`], ["Scope", where], { key: "1", ...ALL });
const PLACES: readonly Put[] = [
  ...["top", "box"].map((id) => node("Scope", id, { kind: "Subscription", plane: "azure" })),
  rel("WITHIN", ["Scope", "box"], ["Scope", "top"]),
];

describe("an agent that may do everything but at one place, where logs saw it", () => {
  const one = besides.add([
    ...PLACES,
    ...["bot", "twin"].flatMap((id) => acting("Agent", id, { estate: "shadow" })),
    granted("bot", "top", ALL),
    denied("bot", "box"),
    granted("twin", "box", { see: true }),
    ...["bot", "twin"].map((id) => rel("OBSERVED", ["Agent", id], ["Scope", "box"])),
    rel("SPONSORS", ["Principal", "ana"], ["Agent", "bot"]),
    node("Blueprint", "print", { appId: "print" }),
    rel("MADE_FROM", ["Agent", "bot"], ["Blueprint", "print"]),
  ]);
  const place = one.id("box");

  test("has a row there that gives nothing", async () => {
    const rows = await one.rows(
      `MATCH (a:Agent)-[r:CAN_REACH]->(s:Scope) WHERE a.id = $bot AND r.tier = 'now'
       RETURN s.id AS place, r.discover AS discover, r.read AS read, r.subtree AS subtree ORDER BY place`,
      { bot: one.id("bot") },
    );
    expect(rows).toEqual([
      { place: "box", discover: false, read: false, subtree: true },
      { place: "top", discover: true, read: true, subtree: true },
    ]);
  });

  test("does not reach the place, by what it has above", async () => {
    const rows = await ask(one, "agents-that-reach-a-place", { place });
    expect(rows).toEqual([
      {
        ...{ agent: "twin", agent_name: "twin", tier: "now", mode: "app", at: "box" },
        ...{ read: false, write: false, manage: false },
      },
    ]);
    const above = await ask(one, "agents-that-reach-a-place", { place: one.id("top") });
    expect(above).toMatchObject([{ agent: "bot", at: "top", read: true, write: true, manage: false }]);
  });

  test("is not explained by what it has above: its use there is nobody's", async () => {
    expect(await ask(one, "use-that-nothing-explains")).toMatchObject([{ agent: "bot", scope: "box" }]);
  });

  const stands = (agent: string, more: object) => expect.objectContaining({ agent, ...more }) as Row;
  test.each<[string, readonly object[]]>([
    ["agents-by-number-of-places", [stands("bot", { places: 1 }), stands("twin", { places: 1 })]],
    ["agents-with-wide-reach", [stands("bot", { scope: "top" }), stands("twin", { scope: "box" })]],
    ["shadow-agents-with-reach", [stands("bot", { scope: "top" }), stands("twin", { scope: "box" })]],
    ["agents-without-sponsor", [stands("twin", { places: 1 })]],
    ["reach-nobody-uses", []],
    ["sponsors-by-reach", [expect.objectContaining({ sponsor: "ana", places: 1 })]],
    ["blueprints-by-reach", [expect.objectContaining({ blueprint: "print", places: 1 })]],
    ["places-most-agents-reach", [1, 1].map((agents) => expect.objectContaining({ agents }) as object)],
  ])("does not stand there: %s", async (id, rows) => {
    expect(await ask(one, id)).toEqual(rows);
  });

  test("has nothing there that would go with a grant", async () => {
    const rows = await ask(one, "what-hangs-on-a-grant", { grant_id: "1" });
    expect(rows).toMatchObject([
      { agent: "bot", scope: "top", other_rows: 0 },
      { agent: "twin", scope: "box", other_rows: 0 },
    ]);
    expect(await ask(one, "longest-paths", { steps: 1, most: 1_000 })).toMatchObject([
      { agent: "bot", scope: "top" },
      { agent: "twin", scope: "box" },
    ]);
    expect((await ask(one, "widest-grants")).map(({ scope, rows }) => [scope, rows])).toEqual([
      ["top", 1],
      ["box", 1],
    ]);
  });

  test("shares no place with who stands there", async () => {
    expect(await ask(one, "who-else-reaches-what-an-agent-reaches", { agent: one.id("bot") })).toEqual([]);
    expect(await ask(one, "who-else-reaches-what-an-agent-reaches", { agent: one.id("twin") })).toEqual([]);
  });
});

describe("an agent that could have everything but at one place, of which denies were not all read", () => {
  const one = besides.add(
    [
      ...PLACES,
      ...acting("Agent", "bot"),
      ...["conditional", "potential", "latent"].map((tier, index) =>
        granted("bot", "top", { [["see", "read", "write"][index]!]: true, tier }, tier),
      ),
      denied("bot", "box"),
    ],
    [{ step: "azure.deny-assignments", scope: "box", state: "denied", hides: "denies" }],
  );
  test.each<[string, readonly object[]]>([
    ["reach-under-a-condition", [{ agent: "bot", scope: "top" }]],
    ["reach-one-click-away", [{ agent: "bot", scope: "top" }]],
    ["agents-that-can-enlarge-themselves", [{ agent: "bot", places: 1 }]],
    [
      "reach-that-is-not-certain",
      ["conditional", "latent", "potential"].map((tier) => ({ scope: "top", tier })),
    ],
    [
      "places-nobody-looked-at",
      [
        { scope: "top", agents: 1 },
        { scope: "box", agents: 0 },
      ],
    ],
  ])("has nothing there in any tier: %s", async (id, rows) => {
    expect(await ask(one, id)).toMatchObject(rows);
  });
});

describe("an agent that a server would lend less than it has", () => {
  const one = besides.add([
    ...PLACES,
    ...acting("Agent", "bot"),
    ...acting("McpServer", "tool"),
    rel("USES", ["Agent", "bot"], ["McpServer", "tool"]),
    granted("bot", "top", { read: true }),
    granted("tool", "top", ALL),
    denied("tool", "box"),
    node("Label", "secret", { kind: "Sensitivity" }),
    node("Item", "file"),
    rel("PROTECTED_BY", ["Item", "file"], ["Scope", "box"]),
    rel("LABELED", ["Item", "file"], ["Label", "secret"]),
  ]);
  test("reads a label by what it has itself", async () => {
    expect(await ask(one, "agents-that-reach-a-label", { label: one.id("secret") })).toMatchObject([
      { agent: "bot", can_read: 1, may_read: 0 },
    ]);
  });
  test("reaches a place by what it has itself", async () => {
    expect(await ask(one, "agents-that-reach-a-place", { place: one.id("box") })).toMatchObject([
      { agent: "bot", at: "top", read: true, write: false },
    ]);
  });
});

describe("agents that are lent alike by a server", () => {
  const one = besides.add([
    ...PLACES,
    ...["bot", "twin", "more"].flatMap((id) => [
      ...acting("Agent", id),
      granted(id, "top", { read: true }),
      granted(id, "box", { read: true }),
      rel("USES", ["Agent", id], ["McpServer", "tool"]),
    ]),
    ...acting("McpServer", "tool"),
    granted("tool", "top", { read: true }),
    granted("more", "box", { write: true }, "2"),
  ]);
  test("are twins where they reach the same, however often", async () => {
    expect(await ask(one, "agents-with-the-same-reach")).toMatchObject([
      { agent: "bot", twin: "twin", rows: 2 },
    ]);
  });
});

describe("a grant of which conditions made two parts", () => {
  const one = besides.add([
    ...PLACES,
    ...["bot", "twin"].flatMap((id) => acting("Agent", id)),
    granted("bot", "top", { see: true }, "/assigned/1#see"),
    granted("bot", "box", { read: true, tier: "conditional", residual: "at work" }, "/assigned/1#read"),
    granted("twin", "top", { read: true }, "/assigned/12"),
  ]);
  test("is known by the id that rows have, with all that hangs on it, once", async () => {
    const rows = await ask(one, "what-hangs-on-a-grant", { grant_id: "/assigned/1" });
    expect(rows).toMatchObject([
      { agent: "bot", scope: "box", tier: "conditional", read: true, other_rows: 0 },
      { agent: "bot", scope: "top", tier: "now", read: false, other_rows: 0 },
    ]);
    expect(await ask(one, "what-hangs-on-a-grant", { grant_id: "/assigned/1#see" })).toHaveLength(1);
  });
});

test("of each grant of random tenants all rows are said to hang on it", async () => {
  const what = saved.find(({ id }) => id === "what-hangs-on-a-grant")!;
  await withGraph(tenants(6, 11, 16).flat(), async (query) => {
    const keys = new Map<string, string[]>();
    for (const { key, code } of await query("MATCH ()-[g:GRANTED]->() RETURN g.key AS key, g.code AS code"))
      keys.set(String(key), [...(keys.get(String(key)) ?? []), String(code)]);
    const rows = await query(
      "MATCH (a:Agent)-[r:CAN_REACH]->(s:Scope) RETURN a.id AS agent, s.id AS scope, r.grant AS code, r.absorbed AS absorbed, r.discover = false AND r.read = false AND r.write = false AND r.manage = false AS nothing",
    );
    let found = 0;
    for (const [grant_id, codes] of keys) {
      const said = await runQuery(query, what, { grant_id });
      const hang = rows.filter(
        ({ code, absorbed, nothing }) => absorbed === false && !nothing && codes.includes(String(code)),
      );
      const named = (row: Row): string => `${row.agent} ${row.scope}`;
      expect(said.map(named).sort()).toEqual(hang.map(named).sort());
      found += said.length;
    }
    expect(found).toBeGreaterThan(keys.size);
  });
});
