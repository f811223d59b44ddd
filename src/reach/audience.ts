/** Who may use an agent: the people for whom it can act, or who get at what it was given. */
import type { GraphStore } from "../graph/store.ts";
import { ConfigError, type Row } from "../model.ts";
import { bytewise } from "./answers.ts";
import type { ReachRow } from "./reach-row.ts";

type Query = GraphStore["query"];

/** Modes in which an agent serves whoever may use it. */
const FOR_USERS: ReadonlySet<string> = new Set(["on-behalf-of", "maker"]);
/** Principals that stand for all people, and for all but guests. */
const EVERYONE = "everyone";
const EXCEPT_EXTERNAL = "everyone-except-external";
const PERSON = "p.kind IN ['User', 'Guest'] AND (p.enabled IS NULL OR p.enabled)";
const GUEST = "(p.kind = 'Guest' OR p.userType = 'Guest')";
/** A membership of today: not one that somebody is only eligible for. */
const TODAY = "(r.expires IS NULL OR r.expires > $time) AND (r.tier IS NULL OR r.tier = 'now')";
/** Ids in one question. */
const AT_ONCE = 200;

const text = (value: unknown): string => (value === null || value === undefined ? "" : String(value));

/**
 * Fills `audience_count`: how many people may use the agent, in the modes that depend on it. Where no record says who
 * may, it stays empty: nobody read it, which is not zero. `time`: now, for what expires.
 */
export async function* withAudience(
  query: Query,
  time: string,
  rows: AsyncIterable<ReachRow>,
): AsyncGenerator<ReachRow> {
  // Rows come agent by agent.
  let last: { agent: string; count: number | null } | undefined;
  const members = membersOf(query, time);
  for await (const row of rows) {
    if (FOR_USERS.has(row.mode)) {
      if (last?.agent !== row.agent_id)
        last = { agent: row.agent_id, count: await audienceCount(query, row.agent_id, members) };
      row.audience_count = last.count;
    }
    yield row;
  }
}

type Members = (group: string) => Promise<{ people: readonly string[]; groups: readonly string[] }>;

/** Direct members of today, remembered: agents share their groups. */
function membersOf(query: Query, time: string): Members {
  const known = new Map<string, ReturnType<Members>>();
  const ask = async (group: string): ReturnType<Members> => {
    const rows = await query(
      `MATCH (p:Principal)-[r:MEMBER_OF]->(g:Principal) WHERE g.id = $group AND ${TODAY} AND (p.enabled IS NULL OR p.enabled)
       RETURN p.id AS id, p.kind AS kind`,
      { group, time },
    );
    const people = rows.filter(({ kind }) => isPerson(kind)).map(({ id }) => text(id));
    return { people, groups: rows.filter(({ kind }) => kind === "Group").map(({ id }) => text(id)) };
  };
  return (group) => {
    const found = known.get(group) ?? ask(group);
    known.set(group, found);
    return found;
  };
}

const isPerson = (kind: unknown): boolean => kind === "User" || kind === "Guest";

async function audienceCount(query: Query, agent: string, members: Members): Promise<number | null> {
  const users = await usersOf(query, agent);
  if (users.length === 0) return null;
  const wide = users.map(({ id }) => text(id));
  if (wide.includes(EVERYONE)) return countOf(query, `MATCH (p:Principal) WHERE ${PERSON}`);
  const people = new Set<string>();
  if (wide.includes(EXCEPT_EXTERNAL))
    for (const { id } of await query(
      `MATCH (p:Principal) WHERE ${PERSON} RETURN p.id AS id, ${GUEST} AS guest`,
    ).then((rows) => rows.filter(({ guest }) => guest !== true)))
      people.add(text(id));
  for (const { id, kind } of users) if (isPerson(kind)) people.add(text(id));
  const groups = new Set(users.filter(({ kind }) => !isPerson(kind)).map(({ id }) => text(id)));
  for (const group of groups) {
    const found = await members(group);
    for (const id of found.people) people.add(id);
    for (const id of found.groups) groups.add(id);
  }
  return people.size;
}

const countOf = async (query: Query, match: string): Promise<number> =>
  Number((await query(`${match} RETURN count(*) AS n`))[0]?.n ?? 0);

/** Enabled principals that are said to may use the agent. */
const usersOf = (query: Query, agent: string): Promise<Row[]> =>
  query(
    `MATCH (p:Principal)-[:MAY_USE]->(a:Agent) WHERE a.id = $agent AND (p.enabled IS NULL OR p.enabled)
     RETURN p.id AS id, p.kind AS kind`,
    { agent },
  );
