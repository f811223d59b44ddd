/** What lies inside a place that somebody asks about: an answer for the place alone says nothing of it. */
import type { GraphStore } from "../graph/store.ts";
import { bytewise } from "./answers.ts";
import { treeBelow } from "./tree.ts";

type Query = GraphStore["query"];

/** Which rows count; absent: all. */
export interface Asked {
  agents?: readonly string[];
  tiers?: readonly string[];
  modes?: readonly string[];
}

/** A row that gives something, or may. */
const GIVES = ["discover", "read", "write", "manage"]
  .map((right) => `coalesce(r.${right}, true)`)
  .join(" OR ");

/** Places inside this one. */
export const insideOf = async (query: Query, scope: string): Promise<readonly string[]> =>
  (await treeBelow(query, [scope])).below(scope);

/** Agents with reach at places inside this one. */
export async function agentsInside(
  query: Query,
  scope: string,
  { agents, tiers, modes }: Asked = {},
): Promise<ReadonlySet<string>> {
  const lists = { tier: tiers, mode: modes };
  const wants = Object.entries(lists).flatMap(([name, list]) =>
    list === undefined ? [] : ([[name, list]] as const),
  );
  // One by one: the engine joins them, and goes through the whole list for each row where it only has to be in it.
  const rows = await query(
    `UNWIND $ids AS id MATCH (s:Scope) WHERE s.id = id
     MATCH (a:Agent)-[r:CAN_REACH]->(s) WHERE ${[`(${GIVES})`, ...wants.map(([name]) => `r.${name} IN $${name}`)].join(" AND ")}
     RETURN DISTINCT a.id AS id`,
    {
      ...Object.fromEntries(wants.map(([name, list]) => [name, [...list]])),
      ids: [...(await insideOf(query, scope))],
    },
  );
  const found = rows.map(({ id }) => String(id));
  return new Set(agents === undefined ? found : found.filter((id) => agents.includes(id)));
}

/** Names of places inside this one that the agent reaches: most items first, then by name. */
export async function placesInside(query: Query, agent: string, scope: string): Promise<string[]> {
  const inside = new Set(await insideOf(query, scope));
  const rows = await query(
    `MATCH (a:Agent)-[r:CAN_REACH]->(s:Scope) WHERE a.id = $agent AND (${GIVES})
     WITH DISTINCT s OPTIONAL MATCH (s)-[t:TALLY]->(:Scope)
     RETURN s.id AS id, s.name AS name, max(coalesce(t.items, 0)) AS items`,
    { agent },
  );
  return rows
    .filter(({ id }) => inside.has(String(id)))
    .map(({ id, name, items }) => ({ name: String(name ?? id), items: Number(items) }))
    .sort((a, b) => b.items - a.items || bytewise(a.name, b.name))
    .map(({ name }) => name);
}
