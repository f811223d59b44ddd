/** What lies inside a place that somebody asks about: an answer for the place alone says nothing of it. */
import type { GraphStore } from "../graph/store.ts";
import { eachOrAll } from "./links.ts";
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
  const rows = await eachOrAll(
    query,
    await below(query, scope),
    (is) =>
      `MATCH (a:Agent)-[r:CAN_REACH]->(s:Scope) WHERE ${is("s.id")} AND (${GIVES}) RETURN DISTINCT a.id AS id`,
  );
  return new Set(rows.map(({ id }) => String(id)));
}

/** Names of places inside this one that the agent reaches, sorted. */
export async function placesInside(query: Query, agent: string, scope: string): Promise<string[]> {
  const rows = await eachOrAll(
    query,
    await below(query, scope),
    (is) =>
      `MATCH (a:Agent)-[r:CAN_REACH]->(s:Scope) WHERE a.id = $agent AND ${is("s.id")} AND (${GIVES}) RETURN DISTINCT s.id AS id, s.name AS name`,
    { agent },
  );
  return rows.map(({ id, name }) => String(name ?? id)).sort();
}
