/** Rows that cover what lies below them, as a row a place. */
import type { GraphStore } from "../graph/store.ts";
import { type Row, TIERS } from "../model.ts";
import { textOf } from "./links.ts";
import { type ScopeTree, treeBelow } from "./tree.ts";

type Query = GraphStore["query"];

/**
 * One row a place: the nearest row at or above it speaks for it, in each tier; a later tier says only what the
 * earlier ones do not. `chain`: only the first of these places, which lie above one another.
 */
export async function expanded(
  query: Query,
  rows: readonly Row[],
  chain: readonly string[] | undefined,
  forest: ScopeTree | undefined,
): Promise<Generator<Row>> {
  const wide = rows.filter((row) => row.subtree === true).map((row) => String(row.scope_id));
  const tree: ScopeTree =
    chain === undefined
      ? (forest ?? (await treeBelow(query, wide)))
      : { size: chain.length, chain: (scope) => (scope === chain[0] ? chain : [scope]), below: () => [] };
  return eachPlace(rows, tree, chain?.[0]);
}

function* eachPlace(rows: readonly Row[], tree: ScopeTree, only: string | undefined): Generator<Row> {
  const byActor = new Map<string, Row[]>();
  for (const row of rows) {
    const key = `${row.agent_id}\n${row.mode}\n${textOf(row.via)}`;
    const same = byActor.get(key);
    if (same === undefined) byActor.set(key, [row]);
    else same.push(row);
  }
  for (const own of byActor.values()) {
    const places = new Map<string, Map<string, Row>>();
    for (const row of own) {
      const tiers = places.get(String(row.scope_id)) ?? new Map<string, Row>();
      tiers.set(String(row.tier), row);
      places.set(String(row.scope_id), tiers);
    }
    const reached = new Set<string>(only === undefined ? places.keys() : [only]);
    if (only === undefined)
      for (const row of own)
        if (row.subtree === true) for (const below of tree.below(String(row.scope_id))) reached.add(below);
    for (const place of reached) yield* rowsAt(place, places, tree);
  }
}

const RIGHTS = ["discover", "read", "write", "manage"] as const;

function* rowsAt(
  place: string,
  places: ReadonlyMap<string, ReadonlyMap<string, Row>>,
  tree: ScopeTree,
): Generator<Row> {
  const said = new Map<string, boolean | null>();
  for (const tier of TIERS) {
    // The nearest row has seen everything above it: its rights and its witness hold for the places below.
    const found = tree
      .chain(place)
      .map((scope, distance) => ({ row: places.get(scope)?.get(tier), distance }))
      .find(({ row, distance }) => row !== undefined && (distance === 0 || row.subtree === true));
    if (found?.row === undefined) continue;
    const { row: nearest, distance } = found;
    // A right that an earlier tier gives is not said again, nor is one that it leaves as unknown as this one does.
    const right = Object.fromEntries(
      RIGHTS.map((name) => {
        const value = nearest[name] ?? null;
        const before = said.get(name);
        return [name, before === true || (before === null && value === null) ? false : value];
      }),
    );
    for (const name of RIGHTS)
      if (right[name] !== false && said.get(name) !== true) said.set(name, right[name] as boolean | null);
    if (RIGHTS.every((name) => right[name] === false)) continue;
    const at = String(nearest.scope_id) === place;
    yield {
      ...nearest,
      ...(at ? {} : { ...NOT_COUNTED, scope_id: place, inherits: true }),
      ...right,
      subtree: false,
      absorbed: false,
      top: true,
      steps: Number(nearest.steps) + distance,
    };
  }
}

/** Counts of a row above are not those of a place below it. */
const NOT_COUNTED = {
  items: null,
  labeled: null,
  unlabeled: null,
  label_unknown: null,
  label_unclear: null,
  sensitive: null,
  unlabeled_sensitive: null,
  not_inspected: null,
  top_label: null,
} as const;
