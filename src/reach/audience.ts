/** Who may use an agent: the people for whom it can act, or who get at what it was given. */
import type { GraphStore } from "../graph/store.ts";
import type { Row } from "../model.ts";
import { ambiguous, globOf, notCalled } from "./answers.ts";
import type { ReachRow } from "./reach-row.ts";

type Query = GraphStore["query"];

/** Principals that stand for all people, and for all but guests. */
const EVERYONE = "everyone";
const EXCEPT_EXTERNAL = "everyone-except-external";

const text = (value: unknown): string => (value === null || value === undefined ? "" : String(value));
const isPerson = (row: Row): boolean => row.kind === "User" || row.kind === "Guest";
const isEnabled = (row: Row): boolean => row.enabled !== false;
export const isGuest = (row: Row): boolean => row.kind === "Guest" || row.userType === "Guest";

/**
 * True where an agent serves whoever may use it: with their own rights, or with rights that it was given or is lent, which
 * then everybody gets who may talk to it.
 */
export const servesPeople = ({ mode, via }: Pick<ReachRow, "mode" | "via">): boolean =>
  mode === "on-behalf-of" || lendsToPeople({ mode, via });
/** True where people get at more than their own rights let them. */
export const lendsToPeople = ({ mode, via }: Pick<ReachRow, "mode" | "via">): boolean =>
  mode === "maker" || mode === "key" || via !== "";

/** Persons who may use an agent, by id; null where no record says who may, or who is in a group that may. */
export type Audience = ReadonlyMap<string, Row> | null;

/** Audiences of agents; members of groups are remembered. `time`: now, for what expires. */
export function createAudience(query: Query, time: string): (agent: string) => Promise<Audience> {
  const directory = createDirectory(query, time);
  let any: Promise<boolean> | undefined;
  return async (agent) => {
    any ??= query("MATCH (:Principal)-[m:MAY_USE]->(:Agent) RETURN 1 AS found LIMIT 1").then(
      (found) => found.length > 0,
    );
    return (await any) ? audienceOf(await usersOf(query, agent), directory) : null;
  };
}

/**
 * Fills `audience_count`: how many people may use the agent, where that says who gets at a row. It stays empty where no
 * record says who may, or who is in a group that may: nobody counted, which is not zero. `time`: now, for what expires.
 */
export async function* withAudience(
  query: Query,
  time: string,
  rows: AsyncIterable<ReachRow>,
): AsyncGenerator<ReachRow> {
  const audience = createAudience(query, time);
  // Rows come agent by agent.
  let last: { agent: string; count: number | null } | undefined;
  for await (const row of rows) {
    if (servesPeople(row)) {
      if (last?.agent !== row.agent_id)
        last = { agent: row.agent_id, count: (await audience(row.agent_id))?.size ?? null };
      row.audience_count = last.count;
    }
    yield row;
  }
}

/**
 * Whether a person may use an agent today: named, in a group that is, or one of everyone. `unknown` if no record says
 * who may use it.
 */
export async function mayUse(
  query: Query,
  time: string,
  person: Row,
  agent: string,
): Promise<"yes" | "no" | "unknown"> {
  const said = await usersOf(query, agent);
  if (said.length === 0) return "unknown";
  const users = said.filter(isEnabled).map(({ id }) => text(id));
  const asked = new Set([text(person.id), EVERYONE, ...(isGuest(person) ? [] : [EXCEPT_EXTERNAL])]);
  for (const id of asked)
    for (const row of await query(
      `MATCH (p:Principal)-[m:MEMBER_OF]->(g:Principal) WHERE p.id = $id AND ${TODAY} AND (g.enabled IS NULL OR g.enabled)
       RETURN g.id AS id`,
      { id, time },
    ))
      asked.add(text(row.id));
  return users.some((id) => asked.has(id)) ? "yes" : "no";
}

/** Principals of which a record says that they may use the agent, disabled ones too. */
export const usersOf = (query: Query, agent: string): Promise<Row[]> =>
  query(
    `MATCH (p:Principal)-[:MAY_USE]->(a:Agent) WHERE a.id = $agent
     RETURN p.id AS id, p.kind AS kind, p.userType AS userType, p.enabled AS enabled`,
    { agent },
  );

/** A membership of today: not one that somebody is only eligible for. */
export const TODAY = "(m.expires IS NULL OR m.expires > $time) AND (m.tier IS NULL OR m.tier = 'now')";

interface Directory {
  members(group: string): Promise<readonly Row[]>;
  people(): Promise<readonly Row[]>;
}

/** Members and people are remembered: agents share their groups. */
function createDirectory(query: Query, time: string): Directory {
  const known = new Map<string, Promise<readonly Row[]>>();
  const once = (key: string, ask: () => Promise<readonly Row[]>) => {
    const found = known.get(key) ?? ask();
    known.set(key, found);
    return found;
  };
  return {
    members: (group) =>
      once(`in ${group}`, () =>
        query(
          `MATCH (p:Principal)-[m:MEMBER_OF]->(g:Principal) WHERE g.id = $id AND ${TODAY} AND (p.enabled IS NULL OR p.enabled)
           RETURN p.id AS id, p.kind AS kind, p.userType AS userType`,
          { id: group, time },
        ),
      ),
    people: () =>
      once("people", () =>
        query(
          `MATCH (p:Principal) WHERE p.kind IN ['User', 'Guest'] AND (p.enabled IS NULL OR p.enabled)
           RETURN p.id AS id, p.kind AS kind, p.userType AS userType`,
        ),
      ),
  };
}

async function audienceOf(users: readonly Row[], { members, people }: Directory): Promise<Audience> {
  if (users.length === 0) return null;
  const found = new Map<string, Row>();
  const groups = new Map<string, Row>();
  const add = (rows: readonly Row[]) => {
    for (const row of rows) {
      if (isPerson(row)) found.set(text(row.id), row);
      else groups.set(text(row.id), row);
    }
  };
  add(users.filter(isEnabled));
  // The map grows while it is walked.
  for (const [id, group] of groups) {
    if (id === EVERYONE) add(await people());
    else if (id === EXCEPT_EXTERNAL) add((await people()).filter((row) => !isGuest(row)));
    else {
      const inside = await members(id);
      // Known by its name alone: it may be a person, or a group of any size.
      if (inside.length === 0 && text(group.kind) === "") return null;
      add(inside);
    }
  }
  return found;
}

/** The person that somebody means: by id, sign-in name, mail or name, or a glob of these. Throws ConfigError with candidates. */
export async function findPerson(query: Query, wanted: string): Promise<Row> {
  const people = await query(
    `MATCH (p:Principal) WHERE p.kind IN ['User', 'Guest']
     RETURN p.id AS id, p.name AS name, p.kind AS kind, p.userType AS userType, p.enabled AS enabled, p.aliases AS aliases`,
  );
  const pattern = globOf(wanted);
  const namesOf = ({ id, aliases }: Row): string[] => [
    text(id),
    ...(Array.isArray(aliases) ? aliases.map((alias) => String(alias).replace(/^(upn|mail):/i, "")) : []),
  ];
  const unique = people.filter((person) => namesOf(person).some((name) => pattern.test(name)));
  const found = unique.length > 0 ? unique : people.filter(({ name }) => pattern.test(text(name)));
  if (found.length === 0)
    throw notCalled(
      "user",
      wanted,
      people.flatMap((person) => [text(person.name), ...namesOf(person).slice(1)]),
      "give an id, a sign-in name, a name, or a glob of one",
    );
  if (found.length > 1)
    throw ambiguous(
      "user",
      wanted,
      found.map((person) =>
        [namesOf(person)[0], text(person.name), namesOf(person)[1]].filter(Boolean).join("  "),
      ),
    );
  return found[0]!;
}
