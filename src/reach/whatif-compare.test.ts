/** Two answers side by side, given as rows: what is said to be new, changed, gone, and gained. */
import { describe, expect, test } from "vitest";
import type { ReachRow } from "./reach-row.ts";
import { changesOf, type Side } from "./whatif-compare.ts";

/** `tier rights covers`, rights as letters (`r?` is an unknown right), such as `now dr subtree`. */
const row = (scope: string, said: string, agent = "a", use: ReachRow["use"] = "yes"): ReachRow => {
  const [tier = "now", letters = "", covers = "subtree", certainty = "exact"] = said.split(" ");
  const right = (letter: string) =>
    letters.includes(`${letter}?`) ? "unknown" : letters.includes(letter) ? "yes" : "no";
  return {
    ...{ agent_id: agent, mode: "app", via: "", scope_id: scope, tier, covers, certainty, use },
    ...{ discover: right("d"), read: right("r"), write: right("w"), manage: right("m") },
  } as ReachRow;
};
/** Places are paths: `/x` contains `/x/y`. */
const above = async (scope: string): Promise<string[]> => {
  const parts = scope.split("/").slice(1);
  return parts.map((_, i) => `/${parts.slice(0, parts.length - i).join("/")}`);
};
/** `at`: where places lie that lie elsewhere than their path says. */
const sideWhere = (at: Readonly<Record<string, string>>, ...rows: readonly ReachRow[]): Side => {
  const chain = async (scope: string): Promise<string[]> =>
    at[scope] === undefined ? above(scope) : [scope, ...(await chain(at[scope]))];
  const within = async (scope: string, place: string) =>
    place !== scope && (await chain(place)).includes(scope);
  return {
    above: chain,
    async inside(scope) {
      const places = [...new Set([...rows.map((each) => each.scope_id), ...Object.keys(at)])];
      const held = await Promise.all(places.map((place) => within(scope, place)));
      return places.filter((_, i) => held[i]);
    },
    async *reach({ scope, inside, expand }) {
      const places = scope === undefined ? [] : await chain(scope);
      for (const each of rows)
        if (scope === undefined || inside?.has(each.scope_id) === true) yield each;
        else if (places.includes(each.scope_id))
          // Asked about one place alone, the row above answers for it, as the product does.
          yield expand === true ? { ...each, scope_id: scope, covers: "scope" } : each;
    },
  };
};
const side = (...rows: readonly ReachRow[]): Side => sideWhere({}, ...rows);
async function compared(
  before: Side,
  after: Side,
  moved: readonly string[] = [],
  asked: { tiers?: readonly string[]; scope?: string } = {},
) {
  const lines: string[] = [];
  for await (const one of changesOf(before, after, { moved, ...asked })) {
    const letters = (of: (right: "discover" | "read" | "write" | "manage") => string) =>
      (["discover", "read", "write", "manage"] as const)
        .map((right) => ({ yes: right[0], unknown: `${right[0]}?` })[of(right)] ?? "")
        .join("");
    const was = letters((right) => one[`before_${right}`]);
    const is = one.change === "gone" ? "" : `${one.tier} ${letters((right) => one[right])}`;
    lines.push(
      `${one.agent_id} ${one.scope_id} ${one.change}: ${one.before_tier} ${was} > ${is}${one.gained === "yes" ? " gained" : ""}`,
    );
  }
  return lines;
}

describe("rows that differ", () => {
  test("nothing differs: nothing is said", async () => {
    const same = () => side(row("/x", "now dr"), row("/x/y", "potential w scope"));
    expect(await compared(same(), same())).toEqual([]);
  });

  test("a row that comes is new and gained, one that goes is gone", async () => {
    expect(await compared(side(row("/x", "now dr")), side(row("/z", "now d")))).toEqual([
      "a /x gone: now dr > ",
      "a /z new:   > now d gained",
    ]);
  });

  test("agents and places come in the order of their key, whichever side has them", async () => {
    expect(
      await compared(side(row("/b", "now d", "a"), row("/a", "now d", "c")), side(row("/a", "now d", "b"))),
    ).toEqual(["a /b gone: now d > ", "b /a new:   > now d gained", "c /a gone: now d > "]);
  });

  test("a right more is a change and gained, a right less is a change and not", async () => {
    expect(await compared(side(row("/x", "now dr")), side(row("/x", "now drw")))).toEqual([
      "a /x changed: now dr > now drw gained",
    ]);
    expect(await compared(side(row("/x", "now drw")), side(row("/x", "now dr")))).toEqual([
      "a /x changed: now drw > now dr",
    ]);
  });

  test("an unknown right is gained where there was none, and a known one where it was unknown", async () => {
    expect(await compared(side(row("/x", "now d")), side(row("/x", "now dr?")))).toEqual([
      "a /x changed: now d > now dr? gained",
    ]);
    expect(await compared(side(row("/x", "now dr?")), side(row("/x", "now dr")))).toEqual([
      "a /x changed: now dr? > now dr gained",
    ]);
  });

  test("another certainty is a change, and nothing is gained by it", async () => {
    expect(
      await compared(side(row("/x", "now dr subtree upper-bound")), side(row("/x", "now dr subtree exact"))),
    ).toEqual(["a /x changed: now dr > now dr"]);
  });

  test("what moves to an earlier tier is one change and gained, to a later one not", async () => {
    expect(await compared(side(row("/x", "potential dr")), side(row("/x", "now dr")))).toEqual([
      "a /x changed: potential dr > now dr gained",
    ]);
    expect(await compared(side(row("/x", "now dr")), side(row("/x", "latent dr")))).toEqual([
      "a /x changed: now dr > latent dr",
    ]);
  });

  test("a right that was there and comes later now is no gain of the later tier", async () => {
    expect(
      await compared(
        side(row("/x", "latent r"), row("/x", "now dw")),
        side(row("/x", "latent rw"), row("/x", "now d")),
      ),
    ).toEqual(["a /x changed: latent r > latent rw", "a /x changed: now dw > now d"]);
  });

  test("the same rights that include what is below, and did not, are gained", async () => {
    expect(await compared(side(row("/x", "now dr scope")), side(row("/x", "now dr subtree")))).toEqual([
      "a /x changed: now dr > now dr gained",
    ]);
  });

  test("rights that stay unknown are not gained where they would include what is below", async () => {
    const [scope, subtree] = [row("/x", "now r?w? scope"), row("/x", "now r?w? subtree")];
    expect(await compared(side(scope), side(subtree))).toEqual(["a /x changed: now r?w? > now r?w?"]);
    const known = [row("/x", "now dr? scope"), row("/x", "now dr? subtree")] as const;
    expect(await compared(side(known[0]), side(known[1]))).toEqual([
      "a /x changed: now dr? > now dr? gained",
    ]);
  });

  test("content that can be used, and could not, is gained", async () => {
    const [cited, used] = [row("/x", "now dr", "a", "cite-only"), row("/x", "now dr", "a", "yes")];
    expect(await compared(side(cited), side(used))).toEqual(["a /x changed: now dr > now dr gained"]);
    expect(await compared(side(used), side(cited))).toEqual(["a /x changed: now dr > now dr"]);
  });

  test("tiers that are not asked about are not said", async () => {
    const [before, after] = [side(), side(row("/x", "latent m"), row("/x", "now d"))];
    expect(await compared(before, after, [], { tiers: ["now"] })).toEqual(["a /x new:   > now d gained"]);
  });
});

describe("rows above one another", () => {
  test("a row that goes because one above says as much is no loss", async () => {
    expect(await compared(side(row("/x/y", "now dr")), side(row("/x", "now drw")))).toEqual([
      "a /x new:   > now drw gained",
    ]);
  });

  test("a row that goes where less is in the way than at the row above is gained there, since the row above stays", async () => {
    const before = side(row("/x", "now dm"), row("/x/y", "now -"), row("/x/y", "conditional dm"));
    expect(await compared(before, side(row("/x", "now dm")))).toEqual([
      "a /x/y changed: conditional dm > now dm gained",
    ]);
    // New above as well: it is said there.
    const later = side(row("/x", "conditional dm"), row("/x/y", "potential dm"));
    expect(await compared(later, side(row("/x", "now dm")))).toEqual([
      "a /x changed: conditional dm > now dm gained",
    ]);
    // Of two rights one is new above, and the other here alone.
    const partly = side(row("/x", "now d"), row("/x/y", "now -"), row("/x/y", "conditional dr"));
    expect(await compared(partly, side(row("/x", "now dr")))).toEqual([
      "a /x changed: now d > now dr gained",
      "a /x/y changed: conditional dr > now dr gained",
    ]);
  });

  test("what is left of a row above is no gain below it", async () => {
    expect(await compared(side(row("/x", "now dr")), side(row("/x/y", "now dr")))).toEqual([
      "a /x gone: now dr > ",
    ]);
    expect(await compared(side(row("/x", "now drw")), side(row("/x/y", "now dr")))).toEqual([
      "a /x gone: now drw > ",
      "a /x/y changed: now drw > now dr",
    ]);
  });

  test("what a row above does not make up for is lost, and said of the place", async () => {
    expect(await compared(side(row("/x/y", "now drm")), side(row("/x", "now dr")))).toEqual([
      "a /x new:   > now dr gained",
      "a /x/y changed: now drm > now dr",
    ]);
  });

  test("what a row above says less surely is a change of the place, and no gain", async () => {
    expect(
      await compared(
        side(row("/x", "now dr subtree upper-bound"), row("/x/y", "now dr")),
        side(row("/x", "now dr subtree upper-bound")),
      ),
    ).toEqual(["a /x/y changed: now dr > now dr"]);
  });

  test("a row above that holds for itself alone says nothing of what is below", async () => {
    expect(await compared(side(row("/x/y", "now dr")), side(row("/x", "now dr scope")))).toEqual([
      "a /x new:   > now dr gained",
      "a /x/y gone: now dr > ",
    ]);
  });

  test("a place that moves below a row is gained, though no row differs", async () => {
    const before = { ...side(row("/x", "now dr")), above: async (scope: string) => [scope] };
    expect(await compared(before, side(row("/x", "now dr")), ["/x/y"])).toEqual([
      "a /x/y new:   > now dr gained",
    ]);
    expect(await compared(side(row("/x", "now dr")), before, ["/x/y"])).toEqual(["a /x/y gone: now dr > "]);
  });
});

describe("of one place", () => {
  const within = { scope: "/x" };

  test("what is gained inside it is said, as what covers it from above is, and nothing else", async () => {
    const after = side(
      row("/x", "now d"),
      row("/x/y/z", "now dr"),
      row("/x/v", "now dw"),
      row("/x/y", "latent m", "b"),
    );
    expect(await compared(side(), after, [], { scope: "/x/y" })).toEqual([
      "a /x new:   > now d gained",
      "a /x/y/z new:   > now dr gained",
      "b /x/y new:   > latent m gained",
    ]);
  });

  test("what a row above gives already is no gain inside it", async () => {
    const above = row("/x", "now dr");
    expect(await compared(side(above), side(above, row("/x/y", "now dr")), [], within)).toEqual([]);
  });

  test("a place that comes from elsewhere brings what held there: that is no gain, and no change of that place", async () => {
    const old = [row("/w", "now dr")];
    const [before, after] = [
      sideWhere({ "/c": "/w" }, ...old),
      sideWhere({ "/c": "/x" }, row("/x", "now dr"), row("/w", "now drw")),
    ];
    expect(await compared(before, after, ["/c"], within)).toEqual(["a /x new:   > now dr gained"]);
    const more = sideWhere({ "/c": "/x" }, row("/x", "now drw"), ...old);
    expect(await compared(before, more, ["/c"], within)).toEqual([
      "a /c changed: now dr > now drw gained",
      "a /x new:   > now drw gained",
    ]);
  });
});
