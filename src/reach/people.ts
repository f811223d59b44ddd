/**
 * What an agent means for the people who may use it: who of them reaches most through it, and how many get at what their
 * own access does not read. People who are in the same groups and hold nothing by themselves are alike: one of them
 * stands for all. The rules themselves say what each of these reads, as agents that are only supposed.
 */
import type { GraphStore } from "../graph/store.ts";
import type { ImportLine } from "../keep/inventory.ts";
import type { Row } from "../model.ts";
import type { GraphRecord } from "../schema.ts";
import { bytewise } from "./answers.ts";
import {
  type Audience,
  type AudienceSource,
  createAudience,
  isGuest,
  type NotRead,
  TODAY,
} from "./audience.ts";
import { eachOrAll } from "./links.ts";

type Query = GraphStore["query"];

/** People of one audience that are alike. */
export interface Group {
  /** Whose access speaks for all of them: the smallest id among those of all audiences. */
  speaker: string;
  /** How many of this audience. */
  people: number;
  /** The one with the smallest id of this audience. */
  first: string;
}

export interface PeoplePlan {
  /** By agent. */
  audiences: ReadonlyMap<string, readonly Group[] | NotRead>;
  /** The agent that is supposed to act as a speaker, with all that the speaker has. */
  reader(speaker: string): string;
  /** The agent that is supposed to be this one, with the speaker alone in front of it; absent: it acts for nobody. */
  copy(agent: string, speaker: string): string | undefined;
  /** Ids of all that are supposed. */
  supposed: readonly string[];
  lines: readonly ImportLine[];
}

/** Memberships of so many people are looked up; those of more are read with all there are. */
const FEW = 500;
/** No record names an agent so. */
const READER = "supposed:reader:";
const COPY = "supposed:copy:";

/** Works out whom to suppose. Memory grows with the people of the audiences, not with what they reach. */
export async function planPeople(source: AudienceSource, agents: readonly string[]): Promise<PeoplePlan> {
  const { query, meta } = source;
  const audienceOf = createAudience(source);
  const known = new Map<string, Audience>();
  for (const agent of agents) known.set(agent, await audienceOf(agent));
  const people = new Map<string, Row>();
  for (const audience of known.values()) for (const [id, row] of peopleOf(audience)) people.set(id, row);
  const alike = await likenesses(query, meta.time, people);
  const speakers = new Map<string, string>();
  for (const id of [...people.keys()].sort(bytewise))
    if (!speakers.has(alike(id))) speakers.set(alike(id), id);

  const audiences = new Map<string, readonly Group[] | NotRead>();
  for (const [agent, audience] of known) {
    const groups = new Map<string, Group>();
    for (const id of peopleOf(audience).keys()) {
      const speaker = speakers.get(alike(id))!;
      const group = groups.get(speaker) ?? { speaker, people: 0, first: id };
      groups.set(speaker, group);
      group.people += 1;
      if (bytewise(id, group.first) < 0) group.first = id;
    }
    audiences.set(agent, "people" in audience ? [...groups.values()] : audience);
  }

  const number = new Map([...speakers.values()].map((id, index) => [id, index]));
  const readers = new Set<string>();
  const copies = new Map<string, string>();
  const records: GraphRecord[] = [];
  const reader = (speaker: string): string => `${READER}${number.get(speaker)}`;
  for (const [index, agent] of agents.entries()) {
    const found = audiences.get(agent)!;
    const groups = "unread" in found ? [] : found;
    const { lent, users } = await modesOf(query, agent);
    if (lent)
      for (const { speaker } of groups) {
        if (readers.has(speaker)) continue;
        readers.add(speaker);
        records.push(...actingAs(reader(speaker), speaker));
      }
    if (!users) continue;
    const copied = await copier(query, agent);
    for (const { speaker } of groups) {
      const id = `${COPY}${index}:${number.get(speaker)}`;
      copies.set(`${agent}\n${speaker}`, id);
      records.push(...copied(id, speaker));
    }
  }
  return {
    ...{ audiences, reader, copy: (agent, speaker) => copies.get(`${agent}\n${speaker}`) },
    supposed: [...[...readers].map(reader), ...copies.values()],
    lines: records.map((put): ImportLine => ({ put })),
  };
}

const peopleOf = (audience: Audience): ReadonlyMap<string, Row> =>
  "people" in audience ? audience.people : new Map();

/** Whether people get what an agent was given, and whether it acts for them. */
async function modesOf(query: Query, agent: string): Promise<{ lent: boolean; users: boolean }> {
  const rows = await query(
    "MATCH (a:Agent)-[r:CAN_REACH]->(:Scope) WHERE a.id = $agent RETURN DISTINCT r.mode AS mode, r.via AS via",
    { agent },
  );
  return {
    lent:
      rows.some(
        ({ mode, via }) => mode === "maker" || mode === "key" || (via !== null && via !== undefined),
      ) || (await carries(query, agent)),
    users: rows.some(({ mode }) => mode === "on-behalf-of"),
  };
}

/** Whether it reads content that is embedded in it: whoever may use it gets that. */
export const carries = async (query: Query, agent: string): Promise<boolean> =>
  (
    await query(
      "MATCH (a:Agent)-[c:READS_COPY]->(:Scope) WHERE a.id = $agent AND c.embedded = true RETURN c.mode AS mode LIMIT 1",
      { agent },
    )
  ).length > 0;

/**
 * What two people must share to have the same access: the groups that they are in, whether they are guests, and nothing
 * that is said of one of them alone.
 */
async function likenesses(
  query: Query,
  time: string,
  people: ReadonlyMap<string, Row>,
): Promise<(id: string) => string> {
  const groups = new Map<string, string[]>();
  const alone = new Set<string>();
  const named = (row: Row): void => void alone.add(String(row.id));
  if (people.size > 0) {
    const memberships = (which: string): string =>
      `MATCH (p:Principal)-[m:MEMBER_OF]->(g:Principal) WHERE ${which} AND ${TODAY} RETURN p.id AS id, g.id AS group_id`;
    const rows =
      people.size <= FEW
        ? await eachOrAll(query, [...people.keys()], (is) => memberships(is("p.id")), { time })
        : await query(memberships("p.kind IN ['User', 'Guest']"), { time });
    for (const row of rows) {
      const id = String(row.id);
      if (people.has(id)) groups.set(id, [...(groups.get(id) ?? []), String(row.group_id)]);
    }
    for (const match of [
      "(p:Principal)-[:GRANTED]->(:Scope) WHERE p.kind IN ['User', 'Guest']",
      "(p:Principal)-[:DENIED]->(:Scope) WHERE p.kind IN ['User', 'Guest']",
      "(:Policy)-[:APPLIES_TO]->(p:Principal) WHERE p.kind IN ['User', 'Guest']",
    ])
      for (const row of await query(`MATCH ${match} RETURN DISTINCT p.id AS id`)) named(row);
    for (const row of await query("MATCH (:Principal)-[c:CONSENTED]->(:Scope) RETURN DISTINCT c.user AS id"))
      named(row);
    for (const kind of ["GRANTED", "DENIED"])
      for (const list of kind === "GRANTED" ? ["together", "excluded"] : ["excluded"])
        for (const row of await query(
          `MATCH (:Principal)-[g:${kind}]->(:Scope) WHERE g.${list} IS NOT NULL RETURN g.${list} AS ids`,
        ))
          for (const id of Array.isArray(row.ids) ? row.ids : []) alone.add(String(id));
  }
  return (id) =>
    JSON.stringify(
      alone.has(id) ? [id] : [isGuest(people.get(id) ?? {}), ...[...new Set(groups.get(id))].sort(bytewise)],
    );
}

const principal = (id: string) => ({ kind: "Principal", id }) as const;
const agentOf = (id: string) => ({ kind: "Agent", id }) as const;

/** An agent with nothing but the rights of one person. */
const actingAs = (id: string, speaker: string): GraphRecord[] => [
  { kind: "Agent", id, props: {} },
  { kind: "ACTS_AS", from: agentOf(id), to: principal(speaker), props: { key: "maker", mode: "maker" } },
];

/** Agents like this one, as far as what it does for users depends on it: its application, blueprint and policies. */
async function copier(query: Query, agent: string): Promise<(id: string, speaker: string) => GraphRecord[]> {
  const ids = async (pattern: string, more = ""): Promise<Row[]> =>
    query(`MATCH ${pattern} WHERE a.id = $agent ${more}`, { agent });
  const clients = await ids("(a:Agent)-[r:ACTS_AS]->(n:Principal)", "AND r.mode = 'app' RETURN n.id AS id");
  const blueprints = await ids("(a:Agent)-[:MADE_FROM]->(n:Blueprint)", "RETURN n.id AS id");
  const policies = await ids(
    "(n:Policy)-[r:APPLIES_TO]->(a:Agent)",
    "RETURN n.id AS id, r.include AS include",
  );
  return (id, speaker) => [
    { kind: "Agent", id, props: {} },
    ...clients.map(
      (row): GraphRecord => ({
        ...{ kind: "ACTS_AS", from: agentOf(id), to: principal(String(row.id)) },
        props: { key: "app", mode: "app" },
      }),
    ),
    ...blueprints.map(
      (row): GraphRecord => ({
        ...{ kind: "MADE_FROM", from: agentOf(id), to: { kind: "Blueprint", id: String(row.id) } },
      }),
    ),
    ...policies.map(
      (row): GraphRecord => ({
        ...{ kind: "APPLIES_TO", from: { kind: "Policy", id: String(row.id) }, to: agentOf(id) },
        ...(typeof row.include === "boolean" ? { props: { include: row.include } } : {}),
      }),
    ),
    { kind: "MAY_USE", from: principal(speaker), to: agentOf(id) },
  ];
}
