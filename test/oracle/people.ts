/** What agents mean for the people who may use them: person by person, place by place. */
import { audienceOf } from "./audience.ts";
import { actorRows, type OracleRow } from "./evaluate.ts";
import { type Actor, actors } from "./identities.ts";
import { compareBytes, type World } from "./records.ts";
import type { Answer } from "./rights.ts";

/** Somebody acting with nothing but the rights of a person. */
const alone = (person: string): Actor => ({
  ...{ agent: `somebody as ${person}`, mode: "maker", via: "", acting: undefined, own: [person], lent: 0 },
});

/** What a person reads today by access of their own; unknown where that is not certain. Places that are missing: no. */
export function readsToday(world: World, person: string): Map<string, Answer> {
  const found = new Map<string, Answer>();
  for (const row of actorRows(world, alone(person))) {
    if (row.read === "no" || (row.tier !== "now" && row.tier !== "conditional")) continue;
    if (found.get(row.scope) !== "yes" || row.tier === "now")
      found.set(row.scope, row.read === "yes" && row.certainty === "exact" ? "yes" : "unknown");
  }
  return found;
}

/** How many people do not read by themselves what a row of an agent reads; null if not known. */
export function gainersOf(
  row: Pick<OracleRow, "scope" | "read">,
  audience: readonly string[],
  reads: (person: string) => ReadonlyMap<string, Answer>,
): number | null {
  if (row.read === "no" || audience.length === 0) return 0;
  const own = audience.map((person) => reads(person).get(row.scope) ?? "no");
  const others = own.filter((answer) => answer !== "yes");
  if (others.length > 0 && row.read === "unknown") return null;
  return others.includes("unknown") ? null : others.length;
}

/**
 * Who of its audience reads most through an agent now: most sensitive items, then most items, then the smallest id.
 * What is not known to be read does not count. Undefined if nobody reads any.
 */
export function worstOf(
  world: World,
  agent: string,
  itemsAt: (scope: string) => { items: number; sensitive: number },
): string | undefined {
  const actor = actors(world, agent).find(({ mode }) => mode === "on-behalf-of");
  if (actor === undefined) return undefined;
  const sums = audienceOf(world, agent).map((person) => {
    const held = actorRows(world, { ...actor, own: [person] })
      .filter((row) => row.tier === "now" && row.read === "yes")
      .map(({ scope }) => itemsAt(scope));
    return {
      person,
      items: held.reduce((sum, { items }) => sum + items, 0),
      sensitive: held.reduce((sum, { sensitive }) => sum + sensitive, 0),
    };
  });
  const [best] = sums.sort(
    (a, b) => b.sensitive - a.sensitive || b.items - a.items || compareBytes(a.person, b.person),
  );
  return best === undefined || best.items === 0 ? undefined : best.person;
}
