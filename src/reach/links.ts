/** What stands between a granted scope and the place of a row, and how questions about many ids are put. */
import type { GraphStore } from "../graph/store.ts";
import type { Params, Row } from "../model.ts";

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
  const rows: Row[] = [];
  for (const id of ids)
    rows.push(
      ...(await query(
        ask((of) => `${of} = $id`),
        { ...more, id },
      )),
    );
  return rows;
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
    const these = open.filter(({ down }) => down === via);
    const stop = new Set(these.map(({ from }) => from));
    const seen = new Set(these.map(({ scope }) => scope));
    const asked = (from: string, condition: string) =>
      `MATCH ${from}-[:${via}]->(p:Scope) WHERE ${condition}
       RETURN DISTINCT s.id AS child, p.id AS id, p.name AS name, p.kind AS kind`;
    // What one agent reaches is at hand where its rows are; so many places one by one are not.
    const around = seen.size > LOOKED_UP && agents.length === 1;
    let near = around
      ? await query(asked("(a:Agent)-[:CAN_REACH]->(s:Scope)", "a.id = $agent"), { agent: agents[0]! })
      : [];
    const found = new Set(near.map((row) => String(row.child)));
    // Of rows that say nothing of their parents nobody knows whether they have any: those are looked up.
    for (let frontier = [...seen]; frontier.length > 0; near = []) {
      const rest = frontier.filter((id) => !found.has(id));
      const rows = [
        ...near.filter((row) => seen.has(String(row.child))),
        ...(await eachOrAll(query, rest, (is) => asked("(s:Scope)", is("s.id")))),
      ];
      frontier = [];
      for (const row of rows) {
        const child = String(row.child);
        const parent = named(row, String(row.id));
        up.set(child, [...(up.get(child) ?? []), { parent, child, via }]);
        if (seen.has(parent.id) || stop.has(parent.id)) continue;
        seen.add(parent.id);
        frontier.push(parent.id);
      }
    }
  }
  return up;
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
