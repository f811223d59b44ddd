/** How many items an actor reads, in the first tier that lets it: each item once, however many rows lead there (reach.md 4.4). */
import type { OracleRow } from "./evaluate.ts";
import { compareBytes, type Put, World } from "./records.ts";

/** Items that rows of one actor and tier let read and no other row counts, summed. */
export interface Counted {
  agent: string;
  mode: string;
  via: string;
  tier: string;
  items: number;
  sensitive: number;
  /** Sensitive, and without a label. */
  unlabeled: number;
}

/** The better to count by first: a label, then none that somebody looked for, then what nobody looked at. */
const SORTS: readonly unknown[] = ["None", "Unknown"];

/**
 * The one label that an item counts under: of several the most sensitive (data reference 2.1 and 2.4), those of unknown
 * priority last; of equals one that encrypts, then the smallest id.
 */
export function labelOf(world: World, item: string): string | undefined {
  const labels = world
    .live("LABELED")
    .filter(({ from }) => from.id === item)
    .map(({ to }) => {
      const { kind, priority, encrypted } = world.props("Label", to.id);
      return {
        ...{ id: to.id, sort: SORTS.indexOf(kind) },
        priority: typeof priority === "number" ? priority : Number.NEGATIVE_INFINITY,
        encrypted: encrypted === undefined ? -1 : Number(encrypted),
      };
    });
  const [first] = labels.sort(
    (a, b) =>
      a.sort - b.sort ||
      (a.priority === b.priority ? 0 : b.priority - a.priority) ||
      b.encrypted - a.encrypted ||
      compareBytes(a.id, b.id),
  );
  return first?.id;
}

/** By these rows; actors and tiers that read nothing are left out. */
export function counted(records: Iterable<Put>, time: string, rows: readonly OracleRow[]): Counted[] {
  const world = new World(records, time);
  const found = new Map<string, Counted>();
  for (const { agent, mode, via, scope, tier, read } of rows) {
    if (read !== "yes") continue;
    const key = JSON.stringify([agent, mode, via, tier]);
    const sum = found.get(key) ?? { agent, mode, via, tier, items: 0, sensitive: 0, unlabeled: 0 };
    found.set(key, sum);
    for (const { from } of world.live("PROTECTED_BY").filter(({ to }) => to.id === scope)) {
      const types = world.prop("Item", from.id, "types") ?? "";
      const unlabeled = world.prop("Label", labelOf(world, from.id) ?? "", "kind") === "None";
      sum.items += 1;
      if (types === "") continue;
      sum.sensitive += 1;
      if (unlabeled) sum.unlabeled += 1;
    }
  }
  return [...found.values()].filter(({ items }) => items > 0);
}
