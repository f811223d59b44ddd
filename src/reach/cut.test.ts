import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Edge, smallestCut } from "./cut.ts";

interface Named {
  name: number;
}
/** Whether one gets from s to t where these removals are gone. */
function connected(edges: readonly Edge<Named>[], gone: ReadonlySet<Named>): boolean {
  const met = new Set(["s"]);
  for (const at of met)
    for (const { from, to, removal } of edges)
      if (from === at && !(removal !== undefined && gone.has(removal))) met.add(to);
  return met.has("t");
}
/** By trying all sets, smallest first. */
function leastOf(edges: readonly Edge<Named>[], removals: readonly Named[]): number | undefined {
  for (let size = 0; size <= removals.length; size++)
    for (let set = 0; set < 2 ** removals.length; set++) {
      const gone = new Set(removals.filter((_, i) => (set >> i) & 1));
      if (gone.size === size && !connected(edges, gone)) return size;
    }
  return undefined;
}

describe("the smallest cut", () => {
  const node = fc.constantFrom("s", "a", "b", "c", "d", "t");
  const network = fc
    .array(fc.tuple(node, node, fc.option(fc.integer({ min: 0, max: 7 }), { nil: undefined, freq: 6 })), {
      maxLength: 14,
    })
    .map((list) => {
      const removals = Array.from({ length: 8 }, (_, name): Named => ({ name }));
      const edges = list.map(
        ([from, to, of]): Edge<Named> => ({
          ...{ from, to },
          ...(of === undefined ? {} : { removal: removals[of]! }),
        }),
      );
      return { edges, removals };
    });

  it("parts the two ends, and no smaller set does", () => {
    fc.assert(
      fc.property(network, ({ edges, removals }) => {
        // Edges that go together may join parts of different paths: this is not a cut of edges any more.
        const used = edges.flatMap(({ removal }) => (removal === undefined ? [] : [removal]));
        fc.pre(new Set(used).size === used.length);
        const cut = smallestCut(edges, "s", "t");
        expect(cut?.length).toBe(leastOf(edges, removals));
        if (cut !== undefined) expect(connected(edges, new Set(cut))).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  it("is unknown where what joins them cannot be removed", () => {
    expect(smallestCut([{ from: "s", to: "t" }], "s", "t")).toBeUndefined();
  });

  it("is empty where nothing joins them", () => {
    expect(smallestCut([{ from: "s", to: "a", removal: { name: 1 } }], "s", "t")).toEqual([]);
  });
});
