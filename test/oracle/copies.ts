/** Copies that left their permissions behind: reach.md 3, `EMBEDS` and `COPIED_TO`. Who reaches the copy reaches the content. */
import { called } from "./identities.ts";
import type { World } from "./records.ts";

/** Of what these places are copies. */
const sourcesOf = (world: World, place: string): string[] =>
  world
    .live("COPIED_TO")
    .filter((rel) => rel.to.id === place)
    .map((rel) => rel.from.id);

/**
 * What is read along with content of these places, by the fewest relationships: all that lies in them, what that is a
 * copy of, and so on. Places themselves come at 0.
 */
function readWith(world: World, places: readonly string[]): Map<string, number> {
  const found = new Map(places.map((place) => [place, 0]));
  for (const [place, steps] of found) {
    const inside = world.rels.filter((rel) => rel.kind === "WITHIN" && rel.to.id === place);
    for (const next of [...inside.map((rel) => rel.from.id), ...sourcesOf(world, place)])
      if (!found.has(next)) found.set(next, steps + 1);
  }
  return found;
}

/** What whoever reads one place reads through copies there, by relationships; what lies in the place is another matter. */
export const readThrough = (world: World, place: string): [string, number][] =>
  [...readWith(world, sourcesOf(world, place))].map(([scope, steps]) => [scope, steps + 1]);

/** Content that an agent, or one that it asks, carries in itself. */
export interface Carried {
  /** The agent that carries it; empty if it is the one that reads. */
  via: string;
  /** The place that was embedded. */
  from: string;
  scope: string;
  steps: number;
}

/** Everything that an agent reads because it is embedded; whoever asks an agent gets it, with whatever rights. */
export const carriedBy = (world: World, agent: string): Carried[] =>
  [...called(world, agent, () => true)].flatMap(([one, calls]) =>
    world
      .live("EMBEDS")
      .filter((rel) => rel.from.id === one)
      .flatMap(({ to }) =>
        [...readWith(world, [to.id])].map(([scope, steps]) => ({
          via: one === agent ? "" : one,
          ...{ from: to.id, scope, steps: calls + 1 + steps },
        })),
      ),
  );
