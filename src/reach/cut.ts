/** The fewest relationships whose removal parts one end of a network from the other. */

export interface Edge<T> {
  from: string;
  to: string;
  /** What removing it means; absent: it cannot be removed. Edges with the same object are removed together. */
  removal?: T;
}

/**
 * A smallest set of removals, that nearest to `target`; undefined where nothing that can be removed parts the two.
 * As many paths as removals share none of them (Menger), so paths are found one after the other and turned back where
 * a later one needs the room (Ford and Fulkerson).
 */
export function smallestCut<T extends object>(
  edges: readonly Edge<T>[],
  source: string,
  target: string,
): T[] | undefined {
  const doors = new Map<T, string>();
  /** How much still fits from one node to the next. */
  const room = new Map<string, Map<string, number>>();
  const open = (from: string, to: string, capacity: number) => {
    for (const [a, b, add] of [
      [from, to, capacity],
      [to, from, 0],
    ] as const) {
      const next = room.get(a) ?? new Map<string, number>();
      room.set(a, next.set(b, (next.get(b) ?? 0) + add));
    }
  };
  for (const { from, to, removal } of edges) {
    if (removal === undefined) {
      open(from, to, Number.POSITIVE_INFINITY);
      continue;
    }
    // A door of width 1 for all edges that go together.
    let door = doors.get(removal);
    if (door === undefined) {
      door = `door ${doors.size}`;
      doors.set(removal, door);
      open(`${door} in`, `${door} out`, 1);
    }
    open(from, `${door} in`, Number.POSITIVE_INFINITY);
    open(`${door} out`, to, Number.POSITIVE_INFINITY);
  }
  /** Where one gets from the source, and from where; undefined once the target is met. */
  const walk = (): Map<string, string> | undefined => {
    const came = new Map([[source, ""]]);
    for (const at of came.keys())
      for (const [next, left] of room.get(at) ?? []) {
        if (left <= 0 || came.has(next)) continue;
        came.set(next, at);
        if (next !== target) continue;
        let widest = Number.POSITIVE_INFINITY;
        for (let to = target; to !== source; to = came.get(to)!)
          widest = Math.min(widest, room.get(came.get(to)!)!.get(to)!);
        if (widest === Number.POSITIVE_INFINITY) return came;
        for (let to = target; to !== source; to = came.get(to)!) {
          const from = came.get(to)!;
          room.get(from)!.set(to, room.get(from)!.get(to)! - widest);
          room.get(to)!.set(from, room.get(to)!.get(from)! + widest);
        }
        return undefined;
      }
    return came;
  };
  let reached = walk();
  while (reached === undefined) reached = walk();
  if (reached.has(target)) return undefined;
  // Back from the target: what cannot get there any more lies before the cut.
  const behind = new Set([target]);
  for (const at of behind)
    for (const before of room.get(at)?.keys() ?? [])
      if ((room.get(before)?.get(at) ?? 0) > 0) behind.add(before);
  return [...doors]
    .filter(([, door]) => behind.has(`${door} out`) && !behind.has(`${door} in`))
    .map(([one]) => one);
}
