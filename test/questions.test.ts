/** Saved questions say what rows say. */
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
const granted = (who: string, where: string, props: object, key = "1"): Put =>
  rel("GRANTED", ["Principal", `${who}-id`], ["Scope", where], { key, flow: "containment", ...props });
const PLACES: readonly Put[] = [
  ...["top", "box"].map((id) => node("Scope", id, { kind: "Subscription", plane: "azure" })),
  rel("WITHIN", ["Scope", "box"], ["Scope", "top"]),
];

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
      "MATCH (a:Agent)-[r:CAN_REACH]->(s:Scope) RETURN a.id AS agent, s.id AS scope, r.grant AS code, r.absorbed AS absorbed",
    );
    let found = 0;
    for (const [grant_id, codes] of keys) {
      const said = await runQuery(query, what, { grant_id });
      const hang = rows.filter(({ code, absorbed }) => absorbed === false && codes.includes(String(code)));
      const named = (row: Row): string => `${row.agent} ${row.scope}`;
      expect(said.map(named).sort()).toEqual(hang.map(named).sort());
      found += said.length;
    }
    expect(found).toBeGreaterThan(keys.size);
  });
});
