/** What lies inside a place that somebody asks about: an answer for the place alone says nothing of it. */
import type { GraphStore } from "../graph/store.ts";
import type { Params } from "../model.ts";
import { bytewise } from "./answers.ts";
import { agentsAtPlaces } from "./links.ts";
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
  const wants = [`(${GIVES})`];
  const params: Params = {};
  for (const [name, list] of Object.entries({ tier: tiers, mode: modes })) {
    if (list === undefined) continue;
    wants.push(`r.${name} IN $${name}`);
    params[name] = [...list];
  }
  const found = await agentsAtPlaces(query, await insideOf(query, scope), wants.join(" AND "), params);
  const asked = agents && new Set(agents);
  return new Set(found.filter((id) => asked?.has(id) !== false));
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
