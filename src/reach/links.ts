/** What stands between a granted scope and the place of a row, and how questions about many ids are put. */
import type { GraphStore } from "../graph/store.ts";
import type { Params, Row } from "../model.ts";
import { keptRows } from "./kept.ts";

export interface Named {
  id: string;
  name: string;
  kind: string;
}

export const named = (row: Row, id: string): Named => ({
  id,
  name: textOf(row.name),
  kind: textOf(row.kind),
});

export const textOf = (value: unknown): string =>
  value === null || value === undefined ? "" : String(value);
/** So many agents, scopes or grants are asked for one by one: the engine looks up an id, and reads through all for a list. */
export const LOOKED_UP = 12;

/** The same question for each id where there are few, and once for all of them otherwise. */
export async function eachOrAll(
  query: GraphStore["query"],
  ids: readonly string[],
  ask: (condition: (of: string) => string) => string,
  more: Params = {},
): Promise<Row[]> {
  if (ids.length === 0) return [];
  if (ids.length > LOOKED_UP)
    return query(
      ask((of) => `${of} IN $ids`),
      { ...more, ids: [...ids] },
    );
  const text = ask((of) => `${of} = $id`);
  return (await Promise.all(ids.map((id) => query(text, { ...more, id })))).flat();
}

/**
 * Agents with rows `r` at these places, of which there may be very many. One by one: the engine joins them, and goes through
 * the whole list for each row where a place only has to be in it.
 */
export async function agentsAtPlaces(
  query: GraphStore["query"],
  places: Iterable<string>,
  condition = "true",
  more: Params = {},
): Promise<string[]> {
  const ids = [...places];
  if (ids.length === 0) return [];
  const rows = await query(
    `UNWIND $ids AS id MATCH (s:Scope) WHERE s.id = id
     MATCH (a:Agent)-[r:CAN_REACH]->(s) WHERE ${condition} RETURN DISTINCT a.id AS id`,
    { ...more, ids },
  );
  return rows.map(({ id }) => String(id));
}

export interface Link {
  parent: Named;
  child: string;
  via: "WITHIN" | "INHERITS" | "COPIED_TO";
}
/** How grants come down. */
export type Down = "WITHIN" | "INHERITS";

/** What lies between granted scopes and the scopes of rows: up from the rows, level by level. */
export async function linksUp(
  query: GraphStore["query"],
  agents: readonly string[],
  open: readonly { from: string; scope: string; down: Down }[],
): Promise<ReadonlyMap<string, readonly Link[]>> {
  const up = new Map<string, Link[]>();
  for (const via of ["WITHIN", "INHERITS"] as const) {
    // Granted scopes that are looked for above each place: a place may be one itself, and lie on the way to another.
    const sought = new Map<string, Set<string>>();
    for (const { from, scope } of open.filter(({ down }) => down === via))
      sought.set(scope, (sought.get(scope) ?? new Set()).add(from));
    const asked = new Set<string>();
    for (let frontier = [...sought.keys()]; frontier.length > 0; ) {
      const rows = await parentsOf(query, via, frontier, asked.size === 0 ? agents : []);
      for (const id of frontier) asked.add(id);
      for (const row of rows) {
        const child = String(row.of);
        up.set(child, [...(up.get(child) ?? []), { parent: named(row, String(row.id)), child, via }]);
      }
      frontier = passOn(up, via, sought, frontier).filter((id) => !asked.has(id));
    }
  }
  return up;
}

/** Hands what is sought above these places on to what they lie in; returns where there is more to seek now. */
function passOn(
  up: ReadonlyMap<string, readonly Link[]>,
  by: Down,
  sought: Map<string, Set<string>>,
  places: readonly string[],
): string[] {
  const reached = new Set(places);
  for (const place of reached)
    for (const { parent } of (up.get(place) ?? []).filter(({ via }) => via === by)) {
      const above = sought.get(parent.id) ?? new Set();
      const before = above.size;
      for (const from of sought.get(place) ?? []) if (from !== parent.id) above.add(from);
      if (above.size === before) continue;
      sought.set(parent.id, above);
      // Looked at again where it was: what is new goes on from there.
      reached.delete(parent.id);
      reached.add(parent.id);
    }
  return [...reached];
}

/** What these places lie in, or inherit from. `reaching`: agents all of whose places these are. */
async function parentsOf(
  query: GraphStore["query"],
  via: Down,
  places: readonly string[],
  reaching: readonly string[],
): Promise<Row[]> {
  const match = `MATCH (s:Scope)-[:${via}]->(p:Scope)`;
  const columns = "p.id AS id, p.name AS name, p.kind AS kind";
  const lookUp = (ids: readonly string[]) =>
    eachOrAll(query, ids, (is) => `${match} WHERE ${is("s.id")} RETURN DISTINCT s.id AS of, ${columns}`);
  if (places.length <= LOOKED_UP) return lookUp(places);
  const kept = await keptRows(query, { match, by: "s.id", columns }, places);
  if (kept !== undefined) return kept;
  if (reaching.length !== 1) return lookUp(places);
  // What one agent reaches is at hand where its rows are; so many places one by one are not.
  const wanted = new Set(places);
  const near = await query(
    `MATCH (a:Agent)-[:CAN_REACH]->(s:Scope)-[:${via}]->(p:Scope) WHERE a.id = $agent RETURN DISTINCT s.id AS of, ${columns}`,
    { agent: reaching[0]! },
  );
  const found = new Set(near.map((row) => String(row.of)));
  // Of rows that say nothing of their parents nobody knows whether they have any: those are looked up.
  return [
    ...near.filter((row) => wanted.has(String(row.of))),
    ...(await lookUp(places.filter((id) => !found.has(id)))),
  ];
}

/** Breadth first from a scope to one above it: the links, lowest first; undefined where it does not lead there. */
export function shortest(
  up: ReadonlyMap<string, readonly Link[]>,
  by: Down,
  start: string,
  end: string,
): Link[] | undefined {
  const came = new Map<string, Link | undefined>([[start, undefined]]);
  for (const at of came.keys()) {
    if (at === end) break;
    for (const link of up.get(at) ?? [])
      if (link.via === by && !came.has(link.parent.id)) came.set(link.parent.id, link);
  }
  if (!came.has(end)) return undefined;
  const links: Link[] = [];
  for (let link = came.get(end); link !== undefined; link = came.get(link.child)) links.unshift(link);
  return links;
}
