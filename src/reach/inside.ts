/** What lies inside a place that somebody asks about: an answer for the place alone says nothing of it. */
import type { GraphStore } from "../graph/store.ts";
import { treeBelow } from "./tree.ts";

type Query = GraphStore["query"];

/** A row that gives something, or may. */
const GIVES = ["discover", "read", "write", "manage"]
  .map((right) => `coalesce(r.${right}, true)`)
  .join(" OR ");

const below = async (query: Query, scope: string): Promise<readonly string[]> =>
  (await treeBelow(query, [scope])).below(scope);

/** Agents with reach at places inside this one. */
export async function agentsInside(query: Query, scope: string): Promise<ReadonlySet<string>> {
  // One by one: the engine joins them, and goes through the whole list for each row where it only has to be in it.
  const rows = await query(
    `UNWIND $ids AS id MATCH (s:Scope) WHERE s.id = id
     MATCH (a:Agent)-[r:CAN_REACH]->(s) WHERE ${GIVES} RETURN DISTINCT a.id AS id`,
    { ids: [...(await below(query, scope))] },
  );
  return new Set(rows.map(({ id }) => String(id)));
}

/** Names of places inside this one that the agent reaches, sorted. */
export async function placesInside(query: Query, agent: string, scope: string): Promise<string[]> {
  const inside = new Set(await below(query, scope));
  const rows = await query(
    `MATCH (a:Agent)-[r:CAN_REACH]->(s:Scope) WHERE a.id = $agent AND (${GIVES}) RETURN DISTINCT s.id AS id, s.name AS name`,
    { agent },
  );
  return rows.flatMap(({ id, name }) => (inside.has(String(id)) ? [String(name ?? id)] : [])).sort();
}
