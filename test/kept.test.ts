/** What several answers needed is kept as a whole: the same rows, with fewer questions; of a server's graph nothing is. */
import { expect, test } from "vitest";
import type { GraphStore } from "../src/graph/store.ts";
import type { GraphMeta } from "../src/keep/meta.ts";
import { reachRows } from "../src/reach/answers.ts";
import { keepWholes } from "../src/reach/kept.ts";
import { createDecoder } from "../src/reach/paths.ts";
import type { ReachRow } from "../src/reach/reach-row.ts";
import type { Put } from "./oracle/records.ts";
import { TIME } from "./oracle/tenants.ts";
import { withGraph } from "./prove/product.ts";

const node = (kind: string, id: string, props = {}): Put => ({ kind, id, props });
const rel = (kind: string, from: [string, string], to: [string, string], props = {}): Put => ({
  ...{ kind, props },
  from: { kind: from[0], id: from[1] },
  to: { kind: to[0], id: to[1] },
});
const PLACES = 30;
const numbers = [...Array(PLACES).keys()];

/** Two agents in a group that reads sites, from which lists inherit, and in one of these reads containers; both with items. */
const RECORDS: readonly Put[] = [
  ...["a", "b"].flatMap((id) => [
    node("Agent", id, { name: `Agent ${id}`, status: "enabled" }),
    node("Principal", id, { kind: "ServicePrincipal" }),
    rel("ACTS_AS", ["Agent", id], ["Principal", id], { mode: "app", key: "app" }),
    rel("MEMBER_OF", ["Principal", id], ["Principal", "g"]),
  ]),
  node("Principal", "g", { kind: "Group", name: "Group" }),
  node("Label", "l", { kind: "Sensitivity", name: "Secret", priority: 1 }),
  ...numbers.flatMap((i) => [
    node("Scope", `site${i}`, { kind: "Site", plane: "sharepoint", name: `Site ${i}` }),
    node("Scope", `list${i}`, { kind: "List", plane: "sharepoint" }),
    rel("WITHIN", ["Scope", `list${i}`], ["Scope", `site${i}`]),
    rel("INHERITS", ["Scope", `list${i}`], ["Scope", `site${i}`]),
    rel("GRANTED", ["Principal", "g"], ["Scope", `site${i}`], { key: `s${i}`, flow: "acl", read: true }),
    node("Scope", `box${i}`, { kind: "Container", plane: "azure" }),
    rel("GRANTED", ["Principal", "a"], ["Scope", `box${i}`], {
      ...{ key: `b${i}`, flow: "containment", read: true, write: i % 2 === 0, role: `Role ${i}` },
    }),
    ...["list", "box"].flatMap((place) => [
      node("Item", `${place}${i}-item`, { size: 1 }),
      rel("PROTECTED_BY", ["Item", `${place}${i}-item`], ["Scope", `${place}${i}`]),
      ...(i % 3 === 0 ? [rel("LABELED", ["Item", `${place}${i}-item`], ["Label", "l"])] : []),
    ]),
  ]),
];
const META: GraphMeta = {
  ...{
    version: 3,
    tenant: "t",
    tenantName: "T",
    snapshot: "s",
    graph: "graph.db",
    time: TIME,
    observedFrom: TIME,
    observedTo: TIME,
  },
  ...{ coverage: [], findings: [], configHash: "" },
};

const asker = (query: GraphStore["query"]) => {
  const texts: string[] = [];
  const ask: GraphStore["query"] = (cypher, params) => {
    texts.push(cypher);
    return query(cypher, params);
  };
  const decoder = createDecoder(ask);
  const reach = async (agent: string, scope?: string): Promise<ReachRow[]> => {
    texts.length = 0;
    const rows: ReachRow[] = [];
    for await (const row of reachRows(ask, META, decoder, {
      agents: [agent],
      ...(scope === undefined ? {} : { scope, expand: true }),
    }))
      rows.push(row);
    return rows;
  };
  return { ask, reach, texts };
};

test("answers are the same rows however many were given before, and ask less later", async () => {
  await withGraph(RECORDS, async (query) => {
    const plain = asker(query);
    const keeping = asker(query);
    keepWholes(keeping.ask);
    const expected = { a: await plain.reach("a"), b: await plain.reach("b") };
    expect(expected.a).toHaveLength(3 * PLACES);
    expect(expected.b).toHaveLength(2 * PLACES);
    expect(expected.a.find(({ scope_id }) => scope_id === "list6")).toMatchObject({
      total_items: 1,
      path: "Agent a → Group → [grant] Site 6 → list6",
    });
    const asked: number[] = [];
    for (let i = 0; i < 6; i++)
      for (const agent of ["a", "b"] as const) {
        expect(await keeping.reach(agent)).toEqual(expected[agent]);
        asked.push(keeping.texts.length);
      }
    expect(asked.at(-1)).toBeLessThan(asked[0]!);
    const ofAll = /TALLY|INHERITS|GRANTED/;
    expect(keeping.texts.filter((text) => ofAll.test(text))).toEqual([]);
    // A graph on a server may change meanwhile: it is asked each time.
    for (let i = 0; i < 6; i++) await plain.reach("a");
    expect(plain.texts.filter((text) => ofAll.test(text))).toHaveLength(3);
    for (const scope of ["list7", "site7", "box7"])
      expect(await keeping.reach("a", scope)).toEqual(await plain.reach("a", scope));
  });
});
