/** What the graph says of reach: its rows, and what is counted and unread at their places. */
import type { GraphStore } from "../graph/store.ts";
import type { Params, Row } from "../model.ts";
import { eachOrAll, LOOKED_UP } from "./links.ts";
import { COUNTS } from "./tree.ts";

type Query = GraphStore["query"];

/** Rows of these agents; with a chain, only those at its places. */
export async function rowsOf(
  query: Query,
  agents: readonly string[],
  chain: readonly string[] | undefined,
): Promise<Row[]> {
  const all = (more: string, params: Params = {}) =>
    eachOrAll(query, agents, (is) => `${AT} WHERE ${is("a.id")} ${more} RETURN ${COLUMNS}`, params);
  if (chain === undefined) return all("");
  // One agent's rows are read through faster than many places are looked up; many agents' are not.
  if (agents.length === 1 && chain.length > 3) return all("AND s.id IN $places", { places: [...chain] });
  const rows: Row[] = [];
  for (const place of chain) rows.push(...(await all("AND s.id = $place", { place })));
  return rows;
}

/** Whether there is anything of a sort at all. */
export interface Any {
  gaps: () => Promise<boolean>;
  /** Rows whose witness goes through a copy. */
  copies: () => Promise<boolean>;
}

/**
 * What is counted and what is unread at the places of these rows, and the copies that they go through, added to them. In
 * questions of their own: beside the rows the engine would read through all places for it.
 */
export async function withCounts(
  query: Query,
  agents: readonly string[],
  rows: readonly Row[],
  { gaps, copies }: Any,
): Promise<Row[]> {
  const places = [...new Set(rows.map((row) => String(row.scope_id)))];
  const ask = (kind: "TALLY" | "BLIND", columns: string): Promise<Row[]> =>
    places.length <= LOOKED_UP
      ? eachOrAll(
          query,
          places,
          (is) => `MATCH (s:Scope)-[t:${kind}]->(:Scope) WHERE ${is("s.id")} RETURN ${columns}`,
        )
      : eachOrAll(query, agents, (is) => `${AT}-[t:${kind}]->(:Scope) WHERE ${is("a.id")} RETURN ${columns}`);
  const tallies = new Map<string, Row>();
  // Of the place alone, of it and all below it, or the same for both.
  for (const row of await ask("TALLY", `s.id AS scope_id, t.below AS below, ${COUNTS}`))
    for (const subtree of [true, false])
      if (row.below !== (subtree ? 0 : 1)) tallies.set(`${subtree} ${row.scope_id}`, row);
  const blind = new Map<string, Row>();
  if (await gaps())
    for (const row of await ask("BLIND", "s.id AS scope_id, t.rank AS gap_rank, t.steps AS gap_steps"))
      blind.set(String(row.scope_id), row);
  const through = (await copies()) ? await copiesOf(query, agents) : undefined;
  return rows.map((row) => ({
    ...row,
    ...through?.get(keyOf(row)),
    ...tallies.get(`${row.subtree === true} ${row.scope_id}`),
    ...blind.get(String(row.scope_id)),
  }));
}

const keyOf = ({ agent_id, mode, via, scope_id, tier }: Row): string =>
  [agent_id, mode, via ?? "", scope_id, tier].join("\n");

/** Of rows that go through a copy: which, and what is unread there, since that may take the copy away. */
async function copiesOf(query: Query, agents: readonly string[]): Promise<ReadonlyMap<string, Row>> {
  const found = new Map<string, Row>();
  for (const row of await eachOrAll(
    query,
    agents,
    (is) => `MATCH (a:Agent)-[c:READS_COPY]->(s:Scope) WHERE ${is("a.id")}
     RETURN a.id AS agent_id, c.mode AS mode, c.via AS via, s.id AS scope_id, c.tier AS tier, c.copy AS copy, c.embedded AS embedded`,
  ))
    found.set(keyOf(row), { copy: row.copy ?? null, embedded: row.embedded ?? null });
  const places = [...new Set([...found.values()].map(({ copy }) => String(copy)))];
  const blind = new Map<string, Row>();
  for (const row of await eachOrAll(
    query,
    places,
    (is) =>
      `MATCH (s:Scope)-[b:BLIND]->(:Scope) WHERE ${is("s.id")} RETURN s.id AS place, b.rank AS copy_gap_rank, b.steps AS copy_gap_steps`,
  ))
    blind.set(String(row.place), {
      copy_gap_rank: row.copy_gap_rank ?? null,
      copy_gap_steps: row.copy_gap_steps ?? null,
    });
  for (const row of found.values())
    if (row.embedded !== true) Object.assign(row, blind.get(String(row.copy)));
  return found;
}

const AT = "MATCH (a:Agent)-[r:CAN_REACH]->(s:Scope)";
const COLUMNS = `a.id AS agent_id, a.name AS agent_name, a.platform AS platform, a.estate AS estate, r.mode AS mode, r.via AS via,
  s.id AS scope_id, s.name AS scope_name, s.url AS scope_url, s.kind AS scope_kind, s.owner AS scope_owner, s.plane AS plane,
  r.subtree AS subtree, r.discover AS discover, r.read AS read, r.write AS write, r.manage AS manage,
  r.tier AS tier, r.hops AS hops, r.certainty AS certainty, r.reason_code AS reason_code, r.absorbed AS absorbed,
  r.top AS top, r.steps AS steps, r.grant AS grant, r.regrant AS regrant, r.person AS person, r.readable_items AS readable_items,
  r.readable_sensitive AS readable_sensitive, r.readable_unlabeled_sensitive AS readable_unlabeled_sensitive`;
