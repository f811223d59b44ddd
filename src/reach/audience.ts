/** Who may use an agent: the people for whom it can act, or who get at what it was given. */
import type { GraphStore } from "../graph/store.ts";
import type { GraphMeta } from "../keep/meta.ts";
import type { Row } from "../model.ts";
import { EVERYONE, EXCEPT_EXTERNAL, type Kind } from "../schema.ts";
import { ambiguous, globOf, notCalled } from "./answers.ts";
import { type Brings, knownAs, unreadParts } from "./gaps.ts";
import type { ReachRow } from "./reach-row.ts";

type Query = GraphStore["query"];

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

/** Where audiences are looked up. */
export interface AudienceSource {
  query: Query;
  meta: Pick<GraphMeta, "coverage" | "time">;
  brings: Brings;
}

/**
 * Why it is not known who may use an agent. `gap`: a part was not read that may say more; else no record says who may, or
 * who is in a group that may.
 */
export interface NotRead {
  unread: string;
  gap: boolean;
}
/** Persons who may use an agent, by id. */
export type Audience = { people: ReadonlyMap<string, Row> } | NotRead;

const NOT_READ = "who may use it was not read";
const UNSAID: NotRead = { unread: NOT_READ, gap: false };
const behind = (steps: ReadonlySet<string>): NotRead => ({
  unread: `${NOT_READ}: ${[...steps].sort().join(", ")}`,
  gap: true,
});

/** Audiences of agents; members of groups are remembered. */
export function createAudience(source: AudienceSource): (agent: string) => Promise<Audience> {
  const { query, meta } = source;
  const directory = createDirectory(query, meta.time);
  let any: Promise<boolean> | undefined;
  let hidden: Promise<Hidden> | undefined;
  return async (agent) => {
    any ??= query("MATCH (:Principal)-[m:MAY_USE]->(:Agent) RETURN 1 AS found LIMIT 1").then(
      (found) => found.length > 0,
    );
    if (!(await any)) return UNSAID;
    hidden ??= hiddenIn(source);
    return audienceOf(agent, await usersOf(query, agent), directory, await hidden);
  };
}

/** Steps in whose gaps there may be more of whom an audience is made of. */
interface Hidden {
  /** Who may use agents: any of them, or one. */
  uses: ReadonlySet<string>;
  /** Members of any group. */
  members: ReadonlySet<string>;
  /** Persons, for audiences of everyone. */
  persons: ReadonlySet<string>;
  /** Step by the one principal whose members, or users, are meant. */
  of: ReadonlyMap<string, string>;
}

async function hiddenIn({ query, meta, brings }: AudienceSource): Promise<Hidden> {
  const hidden = { uses: new Set<string>(), members: new Set<string>(), persons: new Set<string>() };
  const of = new Map<string, string>();
  const parts = unreadParts({ meta }).filter(({ hides }) => hides !== "denies");
  const places = [...new Set(parts.map(({ scope }) => scope))].filter((id) => id !== "");
  const [scopes, principals] = [
    await knownAs(query, "Scope", places),
    await knownAs(query, "Principal", places),
  ];
  for (const { step, scope } of parts) {
    const kinds = brings(step);
    const may = (kind: Kind): boolean => kinds?.has(kind) ?? true;
    // What is missing at a place is access to that place.
    if (scopes.has(scope)) continue;
    if (principals.has(scope)) {
      if (may("MEMBER_OF") || may("MAY_USE")) of.set(scope, step);
      continue;
    }
    if (may("MAY_USE")) hidden.uses.add(step);
    if (may("MEMBER_OF")) hidden.members.add(step);
    // Principals that come with what they hold, or are in, are no persons.
    if (kinds === undefined || (kinds.has("Principal") && kinds.size === 1)) hidden.persons.add(step);
  }
  return { ...hidden, of };
}

/**
 * Fills `audience_count`: how many people may use the agent, where that says who gets at a row. It stays empty where no
 * record says who may, or who is in a group that may, and where a gap may hide some: nobody counted, which is not zero.
 */
export async function* withAudience(
  source: AudienceSource,
  rows: AsyncIterable<ReachRow>,
): AsyncGenerator<ReachRow> {
  const audience = createAudience(source);
  // Rows come agent by agent.
  let last: { agent: string; count: number | null } | undefined;
  for await (const row of rows) {
    if (servesPeople(row)) {
      if (last?.agent !== row.agent_id) {
        const found = await audience(row.agent_id);
        last = { agent: row.agent_id, count: "people" in found ? found.people.size : null };
      }
      row.audience_count = last.count;
    }
    yield row;
  }
}

/**
 * Whether a person may use an agent today: named, in a group that is, or one of everyone. Not known if no record says
 * who may use it, or if what was not read may let them.
 */
export async function mayUse(
  source: AudienceSource,
  person: Row,
  agent: string,
): Promise<"yes" | "no" | NotRead> {
  const { query, meta } = source;
  const users = (await usersOf(query, agent)).filter(isEnabled).map(({ id }) => text(id));
  const signsIn = await query(
    "MATCH (p:Principal) WHERE p.kind = 'AuthenticatedUsers' RETURN p.id AS id, p.enabled AS enabled",
  );
  const claims = [EVERYONE, ...(isGuest(person) ? [] : [EXCEPT_EXTERNAL])];
  const asked = new Set([text(person.id), ...claims, ...signsIn.filter(isEnabled).map(({ id }) => text(id))]);
  for (const id of asked)
    for (const row of await query(
      `MATCH (p:Principal)-[m:MEMBER_OF]->(g:Principal) WHERE p.id = $id AND ${TODAY} AND (g.enabled IS NULL OR g.enabled)
       RETURN g.id AS id`,
      { id, time: meta.time },
    ))
      asked.add(text(row.id));
  if (users.some((id) => asked.has(id))) return "yes";
  const audience = await createAudience(source)(agent);
  return "people" in audience ? "no" : audience;
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

async function audienceOf(
  agent: string,
  users: readonly Row[],
  { members, people }: Directory,
  hidden: Hidden,
): Promise<Audience> {
  if (hidden.uses.size > 0) return behind(hidden.uses);
  const ofAgent = hidden.of.get(agent);
  if (ofAgent !== undefined) return behind(new Set([ofAgent]));
  if (users.length === 0) return UNSAID;
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
    // Who has an address of a mail domain no record says.
    if (group.kind === "MailDomain") return UNSAID;
    const everyone = id === EVERYONE || id === EXCEPT_EXTERNAL || group.kind === "AuthenticatedUsers";
    const unread = everyone ? hidden.persons : hidden.members;
    if (unread.size > 0 && mayHaveMembers(group)) return behind(unread);
    const ofGroup = hidden.of.get(id);
    if (ofGroup !== undefined) return behind(new Set([ofGroup]));
    if (everyone) add((await people()).filter((row) => id !== EXCEPT_EXTERNAL || !isGuest(row)));
    else {
      const inside = await members(id);
      // Known by its name alone: it may be a person, or a group of any size.
      if (inside.length === 0 && text(group.kind) === "") return UNSAID;
      add(inside);
    }
  }
  return { people: found };
}

/** Applications, and the agents among them, have none. */
const mayHaveMembers = ({ kind }: Row): boolean => !NO_GROUPS.has(text(kind));
const NO_GROUPS: ReadonlySet<string> = new Set([
  ...["ServicePrincipal", "ManagedIdentity", "AgentIdentity", "AgentUser", "BlueprintPrincipal"],
  "AllAgentIdentities",
]);

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
