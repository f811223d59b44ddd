/** Witness paths: from the compact form that rules write to steps with names, and to a line for people. */
import type { GraphStore } from "../graph/store.ts";
import { type Row, TIERS, type Tier } from "../model.ts";
import { EVERYONE, EXCEPT_EXTERNAL } from "../schema.ts";
import { consentsOf } from "./consents.ts";
import { controlsOn } from "./controls.ts";
import { type Copy, copyChains } from "./copies.ts";
import { keptRows } from "./kept.ts";
import { type Loan, lendersOf } from "./lenders.ts";
import {
  type Down,
  eachOrAll,
  type Link,
  LOOKED_UP,
  linksUp,
  type Named,
  named,
  shortest,
  textOf,
} from "./links.ts";

export interface PathStep {
  kind: string;
  id: string;
  name: string;
  /** How the path came here: the relationship. */
  via?: string;
  /** The grant by which it came here. */
  grant?: { id: string; role: string; residual?: string; expires?: string };
  /** The agent counts on what it could give itself by this grant. */
  regrant?: true;
  /** By what the agent can become, or join, this principal; only on steps of control. */
  how?: string;
  /** Why the way to this step is not the one that the row counted; absent where it is. */
  doubt?: Doubt;
}

/**
 * `one-of-several`: a way to the grant of the row, but as long as none that the row may have counted. `not-known`: the
 * graph shows no way to it.
 */
export type Doubt = "one-of-several" | "not-known";

/** What a row says of its witness. `grant`: the code of the grant; `steps`: relationships in all. */
export interface Witness {
  agent: string;
  /** The agent, if the row has its name. */
  self?: Named;
  mode: string;
  /** MCP server or agent that lends the rights, or empty. */
  via: string;
  /** Of several identities the one that the way starts from, or empty. */
  person: string;
  tier: string;
  hops: number;
  steps: number;
  /** Null: nothing is granted, as where the identity of a server is not known. */
  grant: number | null;
  /** The last step is a right that the agent gives itself. */
  regrant: boolean;
  scope: string;
  /** Name of the scope, if the row has it. */
  place?: Named;
  /** Absent: it goes through no copy. */
  copy?: Copy;
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
  /** Id of the scope that is granted. */
  scope: string;
  /** The relationship along which it comes down. */
  down: Down;
  grant: Required<PathStep>["grant"];
}

/**
 * Decodes witnesses: the graph knows the way from an agent to the holder of each grant (HAS_RIGHTS_OF), and the chain
 * from the granted scope down to the scope of the row.
 */
export function createDecoder(query: GraphStore["query"]): Decoder {
  return async (witnesses) => {
    const granted = witnesses.filter(({ grant }) => grant !== null);
    const [agents, { leads, principals }] = await Promise.all([
      namedBy(
        query,
        "Agent",
        "id",
        new Set(witnesses.flatMap(({ agent, self }) => (self === undefined ? [agent] : []))),
      ),
      leadsOf(query, [...new Set(granted.map(({ agent }) => agent))], granted),
    ]);
    const up = await linksUp(
      query,
      [...new Set(granted.map(({ agent }) => agent))],
      granted.flatMap((one) => {
        const lead = leads.get(keyOf(one))?.[0];
        const scope = readAt(one);
        return lead === undefined || lead.scope === scope
          ? []
          : [{ from: lead.scope, scope, down: lead.down }];
      }),
    );
    const copied = witnesses.filter(({ copy }) => copy !== undefined);
    const chainOf = await copyChains(query, [...new Set(copied.map(({ scope }) => scope))]);
    const further = witnesses.map(({ copy, scope }) => (copy === undefined ? [] : chainOf(copy, scope)));
    const chosen = witnesses.map((one, index) =>
      choose(one, leads.get(keyOf(one)) ?? [], up, further[index]?.length),
    );
    const codes = chosen.map((found) => (found === undefined ? [] : codesOf(found.lead.path)));
    // Who stands on the way is somebody whose rights the agent has; what else a rule puts there is looked up.
    const others = new Set(codes.flat().filter((code) => !principals.has(code)));
    for (const [code, found] of await namedBy(query, "Principal", "code", others))
      principals.set(code, found);
    const [controls, lenders, consents, scopes] = await Promise.all([
      controlsOn(
        query,
        chosen.map((found, index) => ({
          hops: found?.lead.hops ?? 0,
          nodes: codes[index]!.map((code) => principals.get(code)),
        })),
      ),
      lendersOf(query, witnesses.filter(({ via }) => via !== "").map(loanOf)),
      consentsOf(query, witnesses.filter(goesByConsent)),
      scopesOf(query, witnesses, chosen, up, further),
    ]);
    return witnesses.map((one, index) => {
      const found = chosen[index];
      const steps: PathStep[] = [];
      const add = (node: Named | undefined, kind: string, more: Partial<PathStep> = {}) => {
        if (node !== undefined)
          steps.push({ kind: node.kind || kind, id: node.id, name: node.name || node.id, ...more });
      };
      const drop = (chain: readonly Link[]) => {
        for (const { child, via } of chain) add(scopes.get(child) ?? unnamed(child), "Scope", { via });
      };
      add(one.self ?? agents.get(one.agent) ?? unnamed(one.agent), "Agent");
      const lent = one.via === "" ? [] : lenders(loanOf(one));
      const behind = further[index];
      for (const { node, via } of lent ?? []) add(node, via === "USES" ? "McpServer" : "Agent", { via });
      if (one.copy?.embedded === true && lent !== undefined && behind !== undefined) {
        add(scopes.get(one.copy.place) ?? unnamed(one.copy.place), "Scope", { via: "EMBEDS" });
        drop(behind);
        return steps;
      }
      if (found === undefined) {
        const consent = goesByConsent(one) ? consents.of(one) : undefined;
        if (consent !== undefined) {
          const { holders, sure, ...grant } = consent;
          for (const [holder, via] of holders) add(holder, "Principal", { via });
          add(scopes.get(one.scope) ?? unnamed(one.scope), "Scope", { via: "CONSENTED", grant });
          if (!sure) steps.at(-1)!.doubt = "one-of-several";
          return steps;
        }
        const sure = one.grant === null && one.via !== "" && lent !== undefined;
        add(scopes.get(one.scope) ?? unnamed(one.scope), "Scope", sure ? {} : { doubt: "not-known" });
        return steps;
      }
      for (const [at, code] of codes[index]!.entries()) {
        const how = controls[index]!.get(at);
        const via = how === undefined ? arrival(at, principals.get(code)) : "CONTROLS";
        add(principals.get(code), "Principal", { via, ...(how ? { how } : {}) });
      }
      const { lead, chain, counted } = found;
      add(scopes.get(lead.scope) ?? unnamed(lead.scope), "Scope", {
        ...{ via: "GRANTED", grant: lead.grant },
        ...(one.regrant ? { regrant: true } : {}),
      });
      if (!counted || lent === undefined) steps.at(-1)!.doubt = "one-of-several";
      drop(chain);
      drop(behind ?? []);
      return steps;
    });
  };
}

/** Where something granted is read: at the row's place, or at the copy that it goes through. */
const readAt = ({ copy, scope }: Witness): string =>
  copy === undefined || copy.embedded ? scope : copy.place;
const loanOf = ({ agent, via, copy }: Witness): Loan => ({ agent, via, carried: copy?.embedded === true });
/** For users, and nothing is granted: what they hold there is not known, only what the application may do for them. */
const goesByConsent = ({ mode, grant, via, copy }: Witness): boolean =>
  (mode === "on-behalf-of" || mode === "agent-user") && grant === null && via === "" && copy === undefined;
const keyOf = ({ agent, mode, via, person, grant }: Omit<Witness, "tier">): string =>
  [agent, mode, via, person, grant].join("\n");
const CROWDS: ReadonlySet<string> = new Set([EVERYONE, EXCEPT_EXTERNAL]);
const codesOf = (path: string): string[] =>
  path.slice(path.indexOf(" ") + 1).match(new RegExp(`.{${CODE}}`, "g")) ?? [];
/** How a path comes to the principal that is so many steps behind the identity. */
const arrival = (behind: number, to: Named | undefined): string =>
  behind === 0 ? "ACTS_AS" : to?.kind === "BlueprintPrincipal" ? "MADE_FROM" : "MEMBER_OF";
const unnamed = (id: string): Named => ({ id, name: "", kind: "" });
/** The ways to everybody whose rights these agents have, with the grants that witnesses name; and who is who by code. */
async function leadsOf(
  query: GraphStore["query"],
  agents: readonly string[],
  witnesses: readonly Witness[],
): Promise<{ leads: Map<string, Lead[]>; principals: Map<string, Named> }> {
  const rights = await eachOrAll(
    query,
    agents,
    (is) => `MATCH (a:Agent)-[h:HAS_RIGHTS_OF]->(p:Principal) WHERE ${is("a.id")}
     RETURN a.id AS agent, h.mode AS mode, h.via AS via, h.person AS person, h.tier AS tier, h.hops AS hops, h.level AS level,
     h.path AS path, h.itself AS itself, p.code AS code, p.id AS id, p.name AS name, p.kind AS kind`,
  );
  const principals = new Map(rights.map((row) => [String(row.code), named(row, String(row.id))]));
  const held = new Map<string, Row[]>();
  for (const grant of await grantsOf(query, agents, rights, witnesses)) {
    const same = held.get(String(grant.of));
    if (same === undefined) held.set(String(grant.of), [grant]);
    else same.push(grant);
  }
  const leads = new Map<string, Lead[]>();
  for (const { way, grant: row } of rights.flatMap((right) =>
    (held.get(String(right.id)) ?? []).map((grant) => ({ way: right, grant })),
  )) {
    // What everyone is given is for persons, but for ADLS lists, which mean whoever else is everyone, too.
    const holder = principals.get(codesOf(String(way.path)).at(-1) ?? "")?.id ?? "";
    if (row.flow !== "posix" && way.itself !== true && CROWDS.has(holder)) continue;
    const key = [way.agent, way.mode, textOf(way.via), textOf(way.person), row.code].join("\n");
    const lead: Lead = {
      tier: String(way.tier),
      hops: Number(way.hops),
      level: Number(way.level),
      path: String(way.path),
      scope: String(row.scope),
      down: row.flow === "acl" ? "INHERITS" : "WITHIN",
      grant: {
        id: String(row.key).split("#")[0]!,
        role: textOf(row.role) || "grant",
        ...(row.residual === null || row.residual === undefined ? {} : { residual: String(row.residual) }),
        ...(row.expires === null || row.expires === undefined ? {} : { expires: String(row.expires) }),
      },
    };
    const same = leads.get(key);
    if (same === undefined) leads.set(key, [lead]);
    else same.push(lead);
  }
  return { leads, principals };
}

/** What those hold whose rights these agents have; where witnesses name few grants, of these. `of`: the holder. */
async function grantsOf(
  query: GraphStore["query"],
  agents: readonly string[],
  rights: readonly Row[],
  witnesses: readonly Witness[],
): Promise<Row[]> {
  const match = "MATCH (p:Principal)-[g:GRANTED]->(s:Scope)";
  // No name of the scope: for that the engine would read on where it has not looked yet.
  const columns =
    "g.code AS code, g.key AS key, g.role AS role, g.residual AS residual, g.expires AS expires, g.flow AS flow, s.id AS scope";
  const kept = await keptRows(
    query,
    { match, by: "p.id", columns },
    rights.map(({ id }) => String(id)),
  );
  if (kept !== undefined) return kept;
  const codes = [...new Set(witnesses.map(({ grant }) => grant))];
  const few = codes.length <= LOOKED_UP;
  // Cut in two, or the engine begins with all grants there are.
  return eachOrAll(
    query,
    agents,
    (
      is,
    ) => `MATCH (a:Agent)-[:HAS_RIGHTS_OF]->(p:Principal) WHERE ${is("a.id")} WITH DISTINCT p ${match} ${few ? "WHERE g.code IN $codes" : ""}
     RETURN p.id AS of, ${columns}`,
    few ? { codes } : {},
  );
}

/** Names of granted scopes and of the places of witnesses: what rows and links say already, the rest is asked for. */
async function scopesOf(
  query: GraphStore["query"],
  witnesses: readonly Witness[],
  chosen: readonly ({ lead: Lead } | undefined)[],
  up: ReadonlyMap<string, readonly Link[]>,
  further: readonly (readonly Link[] | undefined)[],
): Promise<ReadonlyMap<string, Named>> {
  const names = new Map<string, Named>();
  for (const { place } of witnesses) if (place !== undefined) names.set(place.id, place);
  for (const links of [...up.values(), ...further])
    for (const { parent } of links ?? []) names.set(parent.id, parent);
  const wanted = witnesses.flatMap(({ scope, copy }, index) => [
    ...[scope, chosen[index]?.lead.scope ?? scope],
    ...(copy === undefined ? [] : [copy.place]),
  ]);
  const missing = new Set(wanted.filter((id) => !names.has(id)));
  for (const [id, one] of await namedBy(query, "Scope", "id", missing)) names.set(id, one);
  return names;
}

/**
 * `further`: relationships from where it is read to the row's place; undefined if none lead there. Of several ways to the holder, the one that the row counted: as long as it says, and the smallest of these. Where none
 * is as long, the shortest, which is then not said to be counted.
 */
function choose(
  witness: Witness,
  leads: readonly Lead[],
  up: ReadonlyMap<string, readonly Link[]>,
  further: number | undefined,
): { lead: Lead; chain: Link[]; counted: boolean } | undefined {
  const [first] = leads;
  if (first === undefined || further === undefined) return undefined;
  const place = readAt(witness);
  const chain = first.scope === place ? [] : shortest(up, first.down, place, first.scope)?.reverse();
  // The grant is for a place that does not include this one.
  if (chain === undefined) return undefined;
  const rank = (tier: string) => TIERS.indexOf(tier as Tier);
  const level = witness.steps - 1 - chain.length - further;
  const hops = witness.regrant ? witness.hops - 1 : witness.hops;
  const long = leads.filter(
    (each) => rank(each.tier) <= rank(witness.tier) && each.hops <= hops && each.level === level,
  );
  // Fewer steps of control than the row only where something besides the path takes them.
  const [lead] = [...long].sort((a, b) => b.hops - a.hops || (a.path < b.path ? -1 : 1));
  if (lead !== undefined) return { lead, chain, counted: true };
  const [other = first] = [...leads].sort(
    (a, b) => a.hops - b.hops || a.level - b.level || (a.path < b.path ? -1 : 1),
  );
  return { lead: other, chain, counted: false };
}

async function namedBy(
  query: GraphStore["query"],
  kind: "Agent" | "McpServer" | "Principal" | "Scope",
  by: "id" | "code",
  wanted: ReadonlySet<string>,
): Promise<Map<string, Named>> {
  if (wanted.size === 0) return new Map();
  // A list that is unwound is looked up one by one; in a condition, the engine reads through all nodes for it.
  const rows = await query(
    `UNWIND $wanted AS wanted MATCH (n:${kind}) WHERE n.${by} = wanted
     RETURN wanted, n.id AS id, n.name AS name, n.kind AS kind`,
    { wanted: [...wanted] },
  );
  return new Map(rows.map((row) => [String(row.wanted), named(row, String(row.id))]));
}

const IN_WORDS: Readonly<Record<Doubt, string>> = {
  "one-of-several": "(one of several ways) ",
  "not-known": "(way not known) ",
};

/** How the way came to a step, where it is neither membership nor grant. */
const ARRIVALS: Readonly<Record<string, string>> = {
  COPIED_TO: "(copy of) ",
  EMBEDS: "(embedded) ",
};
const arrivalOf = (step: PathStep): string =>
  step.via === "CONTROLS" ? `(${controlVerb(step)}) ` : (ARRIVALS[step.via ?? ""] ?? "");
/** What a step of control does: of a group the agent makes itself a member. */
export const controlVerb = ({ kind }: PathStep): string => (kind === "Group" ? "can join" : "can become");

/** `Invoice bot → (can become) Mail job → [Storage Blob Data Reader] invoices`. The agent's own identity is not said twice. */
export function sayPath(steps: readonly PathStep[]): string {
  return steps
    .filter((step, index) => !(index === 1 && step.id === steps[0]?.id))
    .map((step) =>
      [
        step.doubt === undefined ? "" : IN_WORDS[step.doubt],
        step.grant === undefined
          ? ""
          : `[${step.grant.role}${step.regrant ? ", could give itself more" : ""}] `,
        arrivalOf(step),
        step.name,
      ].join(""),
    )
    .join(" → ");
}
