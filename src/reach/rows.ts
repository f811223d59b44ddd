/** What the graph says of reach: its rows, and what is counted and unread at their places. */
import type { GraphStore } from "../graph/store.ts";
import type { Params, Row } from "../model.ts";
import { keptPlaces, keptRows } from "./kept.ts";
import { eachOrAll, LOOKED_UP } from "./links.ts";
import { NOWHERE } from "./nowhere.ts";
import { COUNTS } from "./tree.ts";

type Query = GraphStore["query"];

/** Rows of these agents; with a chain, only those at its places. */
export async function rowsOf(
  query: Query,
  agents: readonly string[],
  chain: readonly string[] | undefined,
): Promise<Row[]> {
  const all = (place: string, more = "", params: Params = {}) =>
    eachOrAll(query, agents, (is) => `${AT} WHERE ${is("a.id")} ${more} RETURN ${place}, ${COLUMNS}`, params);
  const places = chain === undefined || agents.length === 1 ? await keptPlaces(query) : undefined;
  if (places !== undefined) {
    const ats = (chain ?? []).flatMap((id) => places.at(id) ?? []);
    if (chain !== undefined && ats.length === 0) return [];
    const rows = await (chain === undefined
      ? all("offset(id(s)) AS at")
      : all("offset(id(s)) AS at", "AND offset(id(s)) IN $ats", { ats }));
    for (const row of rows) row.scope_id = places.idAt(row.at);
    return withNames(query, rows);
  }
  if (chain === undefined) return withNames(query, await all("s.id AS scope_id"));
  const rows = await Promise.all(
    chain.map((place) => all("s.id AS scope_id", "AND s.id = $place", { place })),
  );
  return withNames(query, rows.flat());
}

/** Rows of these agents at places that may be any. */
export const rowsNowhere = async (query: Query, agents: readonly string[]): Promise<Row[]> =>
  withNames(
    query,
    await eachOrAll(
      query,
      agents,
      (is) => `${AT} WHERE ${is("a.id")} AND ${NOWHERE} RETURN s.id AS scope_id, ${COLUMNS}`,
    ),
  );

/**
 * What the agents and places of these rows are. Looked up one by one, as a list that is unwound: beside the rows, or in a
 * condition, the engine would read through all places for it.
 */
async function withNames(query: Query, rows: Row[]): Promise<Row[]> {
  const about = async (kind: "Agent" | "Scope", id: string, columns: string) => {
    const wanted = [...new Set(rows.map((row) => row[id]))];
    if (wanted.length === 0) return new Map<unknown, Row>();
    const found = await query(
      `UNWIND $wanted AS wanted MATCH (n:${kind}) WHERE n.id = wanted RETURN wanted AS ${id}, ${columns}`,
      { wanted },
    );
    return new Map(found.map((row) => [row[id], row]));
  };
  const [agents, places] = await Promise.all([
    about(
      "Agent",
      "agent_id",
      "n.name AS agent_name, n.kind AS agent_kind, n.platform AS platform, n.estate AS estate",
    ),
    about(
      "Scope",
      "scope_id",
      "n.name AS scope_name, n.url AS scope_url, n.kind AS scope_kind, n.owner AS scope_owner, n.plane AS plane",
    ),
  ]);
  for (const row of rows) Object.assign(row, agents.get(row.agent_id), places.get(row.scope_id));
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
 * questions of their own: beside the rows the engine would read through all places for it. `alone`: what lies right at a place
 * is counted, whatever its row includes.
 */
export async function withCounts(
  query: Query,
  agents: readonly string[],
  rows: Row[],
  { gaps, copies }: Any,
  alone: boolean,
): Promise<Row[]> {
  const places = [...new Set(rows.map((row) => String(row.scope_id)))];
  const ask = async (kind: "TALLY" | "BLIND", columns: string): Promise<Row[]> => {
    const match = `MATCH (s:Scope)-[t:${kind}]->(:Scope)`;
    const named = `s.id AS of, ${columns}`;
    if (places.length <= LOOKED_UP)
      return eachOrAll(query, places, (is) => `${match} WHERE ${is("s.id")} RETURN ${named}`);
    return (
      (await keptRows(query, { match, by: "s.id", columns }, places)) ??
      (await eachOrAll(
        query,
        agents,
        (is) => `${AT}-[t:${kind}]->(:Scope) WHERE ${is("a.id")} RETURN ${named}`,
      ))
    );
  };
  const [counts, unread, through] = await Promise.all([
    ask("TALLY", `t.below AS below, ${COUNTS}`),
    gaps().then((found) => (found ? ask("BLIND", "t.rank AS gap_rank, t.steps AS gap_steps") : [])),
    copies().then((found) => (found ? copiesOf(query, agents) : undefined)),
  ]);
  const tallies = new Map<string, Row>();
  // Of the place alone, of it and all below it, or the same for both.
  for (const row of counts)
    for (const subtree of [true, false])
      if (row.below !== (subtree ? 0 : 1)) tallies.set(`${subtree} ${row.of}`, row);
  const blind = new Map(unread.map((row) => [String(row.of), row]));
  for (const row of rows)
    Object.assign(
      row,
      through?.get(keyOf(row)),
      tallies.get(`${!alone && row.subtree === true} ${row.scope_id}`),
      blind.get(String(row.scope_id)),
    );
  return rows;
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
const COLUMNS = `a.id AS agent_id, r.mode AS mode, r.via AS via,
  r.subtree AS subtree, r.discover AS discover, r.read AS read, r.write AS write, r.manage AS manage,
  r.tier AS tier, r.hops AS hops, r.certainty AS certainty, r.reason_code AS reason_code, r.unread AS unread, r.absorbed AS absorbed,
  r.top AS top, r.steps AS steps, r.grant AS grant, r.regrant AS regrant, r.person AS person, r.readable_items AS readable_items,
  r.readable_sensitive AS readable_sensitive, r.readable_unlabeled_sensitive AS readable_unlabeled_sensitive`;
