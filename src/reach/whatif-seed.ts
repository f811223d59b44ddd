/** Which agents a file of changes may concern. Where that is not certain: all of them. */
import type { GraphStore } from "../graph/store.ts";
import type { ImportLine } from "../keep/inventory.ts";
import type { Kind, NodeKind } from "../schema.ts";

type Query = GraphStore["query"];

/** Records that concern whoever has the rights of, or is, the node that they start from. */
const FROM_ITS_START: ReadonlySet<Kind> = new Set<Kind>([
  ...([
    "Agent",
    "Principal",
    "McpServer",
    "ACTS_AS",
    "USES",
    "INVOKES",
    "MADE_FROM",
    "MAY_USE",
    "EMBEDS",
  ] as const),
  ...(["MEMBER_OF", "ELIGIBLE_FOR", "CAN_REQUEST", "CONTROLS", "GRANTED", "DENIED", "CONSENTED"] as const),
]);
/** Records that no rule of reach reads. */
const WITHOUT_REACH: ReadonlySet<Kind> = new Set<Kind>([
  ...(["McpTool", "OFFERS", "OBSERVED", "OWNS", "SPONSORS"] as const),
]);
/** Sorts of principal that nobody is without a record that says so. */
const PLAIN: ReadonlySet<string> = new Set([
  ...["User", "Guest", "Group", "ServicePrincipal", "ManagedIdentity", "AgentIdentity", "AgentUser"],
  ...["SiteGroup", "DirectoryRole"],
]);
const isPlain = (id: string, kind: unknown): boolean =>
  !id.startsWith("everyone") && (kind === null || kind === undefined || PLAIN.has(String(kind)));

/** So many ids are followed; beyond that all agents are as fast. */
const FOLLOWED = 2_000;
/** Ids in one question. */
const AT_ONCE = 200;
/** So many places that moved are looked at one by one; beyond that every place is as fast. */
const MOVED = 100;

export class Touched {
  /** Places that the changes put within another, or take out of it; undefined: not known which, or many. */
  #moved: Set<string> | undefined = new Set();
  readonly #removedScopes = new Set<string>();
  readonly #ids = { Agent: new Set<string>(), Principal: new Set<string>(), McpServer: new Set<string>() };
  #certain = true;

  /** Agents that the changes put, use or remove. */
  get agents(): ReadonlySet<string> {
    return this.#ids.Agent;
  }

  note(line: ImportLine): void {
    // What a gap may hide, and what its end shows, concerns places.
    if ("coverage" in line) {
      this.#certain = false;
      return;
    }
    const record = "put" in line ? line.put : line.remove;
    if (WITHOUT_REACH.has(record.kind)) return;
    if (!FROM_ITS_START.has(record.kind)) this.#certain = false;
    if (record.kind === "WITHIN" && "from" in record) {
      if (record.from.id === undefined) this.#moved = undefined;
      else this.#moved?.add(record.from.id);
    }
    if (record.kind === "Scope" && "remove" in line && "id" in record) this.#removedScopes.add(record.id);
    if ("from" in record) {
      for (const end of record.kind === "MAY_USE" ? [record.from, record.to] : [record.from])
        this.#add(end.kind, end.id);
      if (record.to.id === undefined) this.#certain = false;
      return;
    }
    this.#add(record.kind as NodeKind, record.id);
    const props: Readonly<Record<string, unknown>> | undefined =
      "put" in line && "props" in record ? { ...line.put.props } : undefined;
    if (props === undefined) return;
    // By these, records that are there already may come to mean this node.
    if ("aliases" in props || "appId" in props) this.#certain = false;
    if (record.kind === "Principal" && !isPlain(record.id, props.kind)) this.#certain = false;
  }

  #add(kind: NodeKind, id: string | undefined): void {
    if (id === undefined) this.#certain = false;
    else if (kind === "Agent" || kind === "Principal" || kind === "McpServer") this.#ids[kind].add(id);
  }

  /**
   * Places that lie elsewhere with the changes, asked of the graph without them: there the rows above say something
   * else, though they are the same rows. Undefined: it may be any.
   */
  async moved(query: Query): Promise<readonly string[] | undefined> {
    const inside = await starts(query, "MATCH (m:Scope)-[:WITHIN]->(n:Scope)", this.#removedScopes);
    if (this.#moved === undefined) return undefined;
    const places = new Set([...this.#moved, ...this.#removedScopes, ...inside]);
    return places.size > MOVED ? undefined : [...places];
  }

  /**
   * Ids of the agents, asked of the graph without the changes: whoever gains by a new relationship came to its start
   * before. Undefined: it may be any.
   */
  async concerned(query: Query): Promise<ReadonlySet<string> | undefined> {
    const { Agent, Principal, McpServer } = this.#ids;
    if (!this.#certain || Agent.size + Principal.size + McpServer.size > FOLLOWED) return undefined;
    const agents = new Set(Agent);
    const servers = new Set(McpServer);
    const principals = await followed(query, Principal, [
      "MATCH (m:Principal)-[:MEMBER_OF]->(n:Principal)",
      "MATCH (m:Principal)-[:ELIGIBLE_FOR]->(n:Principal)",
      "MATCH (m:Principal)-[:CAN_REQUEST]->(:AccessPackage)-[:CONFERS]->(n:Principal)",
      "MATCH (m:Principal)-[:CONTROLS]->(n:Principal)",
    ]);
    if (principals === undefined || !(await allPlain(query, principals))) return undefined;
    const add = async (to: Set<string>, match: string, from: ReadonlySet<string>) => {
      for (const id of await starts(query, match, from)) to.add(id);
    };
    await add(agents, "MATCH (m:Agent)-[:ACTS_AS]->(n:Principal)", principals);
    await add(servers, "MATCH (m:McpServer)-[:ACTS_AS]->(n:Principal)", principals);
    await add(agents, "MATCH (m:Agent)-[:USES]->(n:McpServer)", servers);
    // Whom an agent acts for may be in any group; who they are is not followed.
    if (principals.size > 0)
      for (const row of await query("MATCH (:Principal)-[:MAY_USE]->(a:Agent) RETURN DISTINCT a.id AS id"))
        agents.add(String(row.id));
    return followed(query, agents, ["MATCH (m:Agent)-[:INVOKES]->(n:Agent)"]);
  }
}

/** Where relationships to these nodes start. */
async function starts(query: Query, match: string, ends: ReadonlySet<string>): Promise<Set<string>> {
  const ids = [...ends];
  const found = new Set<string>();
  for (let from = 0; from < ids.length; from += AT_ONCE)
    for (const row of await query(`${match} WHERE n.id IN $ids RETURN DISTINCT m.id AS id`, {
      ids: ids.slice(from, from + AT_ONCE),
    }))
      found.add(String(row.id));
  return found;
}

/** These nodes and all from which they are reached; undefined if these are many. */
async function followed(
  query: Query,
  first: ReadonlySet<string>,
  matches: readonly string[],
): Promise<ReadonlySet<string> | undefined> {
  const all = new Set(first);
  for (let level = first; level.size > 0; ) {
    const next = new Set<string>();
    for (const match of matches)
      for (const id of await starts(query, match, level)) if (!all.has(id)) next.add(id);
    for (const id of next) all.add(id);
    if (all.size > FOLLOWED) return undefined;
    level = next;
  }
  return all;
}

/** Implicit groups, and blueprints that hand on what they hold, reach further than relationships say. */
async function allPlain(query: Query, principals: ReadonlySet<string>): Promise<boolean> {
  const ids = [...principals];
  for (let from = 0; from < ids.length; from += AT_ONCE)
    for (const row of await query(
      "MATCH (p:Principal) WHERE p.id IN $ids RETURN p.id AS id, p.kind AS kind",
      {
        ids: ids.slice(from, from + AT_ONCE),
      },
    ))
      if (!isPlain(String(row.id), row.kind)) return false;
  return ids.every((id) => isPlain(id, undefined));
}
