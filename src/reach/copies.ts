/** What leads from a copy, or from an agent that carries content, to the place that is read through it. */
import type { GraphStore } from "../graph/store.ts";
import { eachOrAll, type Link, named } from "./links.ts";

/** The copy through which a row goes, or the place whose content the agent carries in itself. */
export interface Copy {
  place: string;
  embedded: boolean;
}

/** From the place that is read to the one that is read through it, first step first; empty if they are the same. */
export type ChainOf = (copy: Copy, scope: string) => readonly Link[] | undefined;

type Query = GraphStore["query"];
const bytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** Asks what these places lie in and what they were copied to, and so on. */
export async function copyChains(query: Query, places: readonly string[]): Promise<ChainOf> {
  const up = new Map<string, Link[]>();
  const seen = new Set(places);
  for (let frontier = [...seen]; frontier.length > 0; ) {
    const next: string[] = [];
    for (const via of ["WITHIN", "COPIED_TO"] as const)
      for (const row of await eachOrAll(
        query,
        frontier,
        (is) => `MATCH (s:Scope)-[:${via}]->(p:Scope) WHERE ${is("s.id")}
         RETURN DISTINCT s.id AS child, p.id AS id, p.name AS name, p.kind AS kind`,
      )) {
        const child = String(row.child);
        const parent = named(row, String(row.id));
        up.set(child, [...(up.get(child) ?? []), { parent, child, via }]);
        if (!seen.has(parent.id)) next.push(parent.id);
        seen.add(parent.id);
      }
    frontier = next;
  }
  // Of chains of one length the same one on every engine.
  for (const links of up.values())
    links.sort((a, b) => bytes(a.parent.id, b.parent.id) || bytes(a.via, b.via));
  return ({ place, embedded }, scope) => {
    const came = new Map<string, Link | undefined>([[scope, undefined]]);
    /** What leads down from here to the scope, first step first. */
    const down = (from: Link | undefined): Link[] => {
      const links: Link[] = [];
      for (let link = from; link !== undefined; link = came.get(link.child)) links.push(link);
      return links;
    };
    for (const [at, way] of came) {
      if (embedded && at === place) return down(way);
      for (const link of up.get(at) ?? []) {
        // What merely lies in a copy is not read with it: the first step is out of the copy.
        if (!embedded && link.via === "COPIED_TO" && link.parent.id === place) return down(link);
        if (!came.has(link.parent.id)) came.set(link.parent.id, link);
      }
    }
    return undefined;
  };
}

/** Places at which content of a scope is, as a copy, or as a copy of a copy. */
export async function heldAt(query: Query, scope: string): Promise<string[]> {
  const copies = new Set<string>();
  const met = new Set([scope]);
  for (const id of met)
    for (const via of ["WITHIN", "COPIED_TO"] as const)
      for (const row of await query(
        `MATCH (s:Scope)-[:${via}]->(p:Scope) WHERE s.id = $id RETURN p.id AS id`,
        {
          id,
        },
      )) {
        met.add(String(row.id));
        if (via === "COPIED_TO") copies.add(String(row.id));
      }
  copies.delete(scope);
  return [...copies];
}
