/** Witness paths: from the compact form that rules write to steps with names, and to a line for people. */
import type { GraphStore } from "../graph/store.ts";
import { type Row, TIERS, type Tier } from "../model.ts";

export interface PathStep {
  kind: string;
  id: string;
  name: string;
  /** How the path came here: the relationship. */
  via?: string;
  /** The grant by which it came here. */
  grant?: { id: string; role: string; residual?: string; expires?: string };
}

/** What a row says of its witness. `grant`: the code of the grant; `steps`: relationships in all. */
export interface Witness {
  agent: string;
  mode: string;
  /** MCP server or agent that lends the rights, or empty. */
  via: string;
  /** Of several identities the one that the way starts from, or empty. */
  person: string;
  tier: string;
  hops: number;
  steps: number;
  grant: number;
  /** The last step is a right that the agent gives itself. */
  regrant: boolean;
  scope: string;
}

export type Decoder = (witnesses: readonly Witness[]) => Promise<PathStep[][]>;

const CODE = 5;

/** A grant, who holds it, and how an agent came to the holder's rights. */
interface Lead {
  tier: string;
  hops: number;
  level: number;
  /** A mark a level, a space, then codes of principals. */
  path: string;
  scope: Named;
  /** The relationship along which it comes down. */
  down: "WITHIN" | "INHERITS";
  grant: Required<PathStep>["grant"];
}

/**
 * Decodes witnesses: the graph knows the way from an agent to the holder of each grant (HAS_RIGHTS_OF), and the chain
 * from the granted scope down to the scope of the row.
 */
export function createDecoder(query: GraphStore["query"]): Decoder {
  return async (witnesses) => {
    const agents = await namedBy(query, "Agent", "id", new Set(witnesses.map(({ agent }) => agent)));
    const leads = await leadsOf(query, [...agents.keys()]);
    const up = await linksUp(
      query,
      witnesses.flatMap((one) => {
        const lead = leads.get(keyOf(one))?.[0];
        return lead === undefined || lead.scope.id === one.scope
          ? []
          : [{ from: lead.scope.id, scope: one.scope, down: lead.down }];
      }),
    );
    const chosen = witnesses.map((one) => choose(one, leads.get(keyOf(one)) ?? [], up));
    const codes = chosen.map((found) => (found === undefined ? [] : codesOf(found.lead.path)));
    const principals = await namedBy(query, "Principal", "code", new Set(codes.flat()));
    return chosen.map((found, index) => {
      const steps: PathStep[] = [];
      const add = (node: Named | undefined, kind: string, via?: string) => {
        if (node !== undefined)
          steps.push({
            kind: node.kind || kind,
            id: node.id,
            name: node.name || node.id,
            ...(via === undefined ? {} : { via }),
          });
      };
      add(agents.get(witnesses[index]!.agent), "Agent");
      if (found === undefined) return steps;
      for (const [at, code] of codes[index]!.entries())
        add(principals.get(code), "Principal", at === 0 ? "ACTS_AS" : "MEMBER_OF");
      add(found.lead.scope, "Scope", "GRANTED");
      steps.at(-1)!.grant = found.lead.grant;
      for (const { child, via } of found.chain) add(child, "Scope", via);
      return steps;
    });
  };
}

const keyOf = ({ agent, mode, via, person, grant }: Witness): string =>
  [agent, mode, via, person, grant].join("\n");
const codesOf = (path: string): string[] =>
  path.slice(path.indexOf(" ") + 1).match(new RegExp(`.{${CODE}}`, "g")) ?? [];

/** Every grant of everybody whose rights these agents have. */
async function leadsOf(query: GraphStore["query"], agents: readonly string[]): Promise<Map<string, Lead[]>> {
  const leads = new Map<string, Lead[]>();
  for (const row of await query(
    `MATCH (a:Agent)-[h:HAS_RIGHTS_OF]->(p:Principal)-[g:GRANTED]->(s:Scope) WHERE a.id IN $agents
     AND (h.itself OR g.flow <> 'acl' OR NOT p.id IN ['everyone', 'everyone-except-external'])
     RETURN a.id AS agent, h.mode AS mode, h.via AS via, h.person AS person, h.tier AS tier, h.hops AS hops, h.level AS level, h.path AS path, g.code AS code,
     g.key AS key, g.role AS role, g.residual AS residual, g.expires AS expires, g.flow AS flow, s.id AS id, s.name AS name, s.kind AS kind`,
    { agents: [...agents] },
  )) {
    const key = [row.agent, row.mode, row.via ?? "", row.person ?? "", row.code].join("\n");
    const lead: Lead = {
      tier: String(row.tier),
      hops: Number(row.hops),
      level: Number(row.level),
      path: String(row.path),
      scope: { id: String(row.id), name: String(row.name ?? ""), kind: String(row.kind ?? "") },
      down: row.flow === "acl" ? "INHERITS" : "WITHIN",
      grant: {
        id: String(row.key).split("#")[0]!,
        role: String(row.role ?? "grant"),
        ...(row.residual === null || row.residual === undefined ? {} : { residual: String(row.residual) }),
        ...(row.expires === null || row.expires === undefined ? {} : { expires: String(row.expires) }),
      },
    };
    const same = leads.get(key);
    if (same === undefined) leads.set(key, [lead]);
    else same.push(lead);
  }
  return leads;
}

/** Of several ways to the holder, the one that the row counted: as long as it says, and the smallest of these. */
function choose(
  witness: Witness,
  leads: readonly Lead[],
  up: ReadonlyMap<string, readonly Link[]>,
): { lead: Lead; chain: Link[] } | undefined {
  const [first] = leads;
  if (first === undefined) return undefined;
  const chain =
    first.scope.id === witness.scope ? [] : shortest(up, first.down, witness.scope, first.scope.id).reverse();
  const rank = (tier: string) => TIERS.indexOf(tier as Tier);
  const level = witness.steps - 1 - chain.length;
  const hops = witness.regrant ? witness.hops - 1 : witness.hops;
  const long = leads.filter(
    (each) => rank(each.tier) <= rank(witness.tier) && each.hops <= hops && each.level === level,
  );
  // Fewer steps of control than the row only where something besides the path takes them.
  const [lead = first] = [...long].sort((a, b) => b.hops - a.hops || (a.path < b.path ? -1 : 1));
  return { lead, chain };
}

interface Link {
  parent: string;
  child: Named;
  via: "WITHIN" | "INHERITS";
}

/** What lies between granted scopes and the scopes of rows: up from the rows, level by level. */
async function linksUp(
  query: GraphStore["query"],
  open: readonly { from: string; scope: string; down: Link["via"] }[],
): Promise<ReadonlyMap<string, readonly Link[]>> {
  const up = new Map<string, Link[]>();
  for (const via of ["WITHIN", "INHERITS"] as const) {
    const these = open.filter(({ down }) => down === via);
    const stop = new Set(these.map(({ from }) => from));
    const seen = new Set(these.map(({ scope }) => scope));
    for (let frontier = [...seen]; frontier.length > 0; ) {
      const few = frontier.length <= LOOKED_UP;
      const asked = few ? frontier.map((id) => ({ id })) : [{ ids: frontier }];
      const rows: Row[] = [];
      for (const params of asked)
        rows.push(
          ...(await query(
            `MATCH (s:Scope)-[:${via}]->(p:Scope) WHERE ${few ? "s.id = $id" : "s.id IN $ids"} RETURN s.id AS child, s.name AS name, s.kind AS kind, p.id AS parent`,
            params,
          )),
        );
      frontier = [];
      for (const row of rows) {
        const child = { id: String(row.child), name: String(row.name ?? ""), kind: String(row.kind ?? "") };
        const parent = String(row.parent);
        up.set(child.id, [...(up.get(child.id) ?? []), { parent, child, via }]);
        if (seen.has(parent) || stop.has(parent)) continue;
        seen.add(parent);
        frontier.push(parent);
      }
    }
  }
  return up;
}

/** So many ids are cheaper one by one: the engine looks an id up, and reads through all for a list of them. */
const LOOKED_UP = 12;

/** Breadth first from a scope to one above it: the links, lowest first. */
function shortest(
  up: ReadonlyMap<string, readonly Link[]>,
  down: Link["via"],
  start: string,
  end: string,
): Link[] {
  const came = new Map<string, Link | undefined>([[start, undefined]]);
  for (const at of came.keys()) {
    if (at === end) break;
    for (const link of up.get(at) ?? [])
      if (link.via === down && !came.has(link.parent)) came.set(link.parent, link);
  }
  const links: Link[] = [];
  for (let link = came.get(end); link !== undefined; link = came.get(link.child.id)) links.unshift(link);
  return links;
}

interface Named {
  id: string;
  name: string;
  kind: string;
}

async function namedBy(
  query: GraphStore["query"],
  kind: string,
  by: "id" | "code",
  wanted: ReadonlySet<string>,
): Promise<Map<string, Named>> {
  if (wanted.size === 0) return new Map();
  const rows = await query(
    `MATCH (n:${kind}) WHERE n.${by} IN $wanted RETURN n.${by} AS wanted, n.id AS id, n.name AS name, n.kind AS kind`,
    { wanted: [...wanted] },
  );
  return new Map(
    rows.map((row) => [
      String(row.wanted),
      { id: String(row.id), name: String(row.name ?? ""), kind: String(row.kind ?? "") },
    ]),
  );
}

/** `Invoice bot → Finance → [Storage Blob Data Reader] invoices`. The agent's own identity is not said twice. */
export function sayPath(steps: readonly PathStep[]): string {
  return steps
    .filter((step, index) => !(index === 1 && step.id === steps[0]?.id))
    .map((step) => (step.grant === undefined ? step.name : `[${step.grant.role}] ${step.name}`))
    .join(" → ");
}
