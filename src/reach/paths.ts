/** Witness paths: from the compact form that rules write to steps with names, and to a line for people. */
import type { GraphStore } from "../graph/store.ts";

export interface PathStep {
  kind: string;
  id: string;
  name: string;
  /** How the path came here: the relationship. */
  via?: string;
  /** The grant by which it came here. */
  grant?: { id: string; role: string; residual?: string; expires?: string };
}

/** A witness and the scope that it leads to. */
export interface Witness {
  path: string;
  scope: string;
}

export type Decoder = (witnesses: readonly Witness[]) => Promise<PathStep[][]>;

const CODE = 5;

/**
 * Decodes witnesses: three digits of steps, then codes of agent, principals, granted scope and grant. The chain from
 * the granted scope down to the scope of the row is found in the graph.
 */
export function createDecoder(query: GraphStore["query"]): Decoder {
  return async (witnesses) => {
    const split = witnesses.map(({ path }) => path.slice(3).match(new RegExp(`.{${CODE}}`, "g")) ?? []);
    const agents = await named(
      query,
      "Agent",
      split.map((codes) => codes[0]!),
    );
    const principals = await named(
      query,
      "Principal",
      split.flatMap((codes) => codes.slice(1, -2)),
    );
    const scopes = await named(
      query,
      "Scope",
      split.map((codes) => codes.at(-2)!),
    );
    const holders = [...new Set(split.map((codes) => principals.get(codes.at(-3)!)?.id ?? ""))];
    const grants = new Map<string, Required<PathStep>["grant"]>();
    for (const row of await query(
      "MATCH (p:Principal)-[g:GRANTED]->(s:Scope) WHERE p.id IN $ids RETURN p.id AS holder, s.id AS scope, g.code AS code, g.key AS key, g.role AS role, g.residual AS residual, g.expires AS expires",
      { ids: holders },
    ))
      grants.set(`${row.holder}\n${row.scope}\n${row.code}`, {
        id: String(row.key).split("#")[0]!,
        role: String(row.role ?? "grant"),
        ...(row.residual === null || row.residual === undefined ? {} : { residual: String(row.residual) }),
        ...(row.expires === null || row.expires === undefined ? {} : { expires: String(row.expires) }),
      });
    const found = split.map((codes) => {
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
      add(agents.get(codes[0]!), "Agent");
      for (const [index, code] of codes.slice(1, -2).entries())
        add(principals.get(code), "Principal", index === 0 ? "ACTS_AS" : "MEMBER_OF");
      add(scopes.get(codes.at(-2)!), "Scope", "GRANTED");
      const last = steps.at(-1);
      const holder = steps.at(-2)?.id;
      const grant = last === undefined ? undefined : grants.get(`${holder}\n${last.id}\n${codes.at(-1)}`);
      if (last !== undefined && grant !== undefined) last.grant = grant;
      return steps;
    });
    await goDown(query, found, witnesses);
    return found;
  };
}

interface Link {
  parent: Named;
  child: Named;
  via: string;
}

/** Adds what lies between the granted scope and the scope of the row: up from the row, level by level. */
async function goDown(
  query: GraphStore["query"],
  found: PathStep[][],
  witnesses: readonly Witness[],
): Promise<void> {
  const open = found.flatMap((steps, index) => {
    const scope = witnesses[index]!.scope;
    const from = steps.at(-1);
    return from === undefined || from.id === scope ? [] : [{ steps, from: from.id, scope }];
  });
  const up = new Map<string, Link[]>();
  let frontier = new Set(open.map(({ scope }) => scope));
  const stop = new Set(open.map(({ from }) => from));
  while (frontier.size > 0) {
    const next = new Set<string>();
    for (const via of ["WITHIN", "INHERITS"] as const)
      for (const row of await query(
        `MATCH (s:Scope)-[:${via}]->(p:Scope) WHERE s.id IN $ids RETURN s.id AS child, s.name AS child_name, s.kind AS child_kind, p.id AS parent, p.name AS parent_name, p.kind AS parent_kind`,
        { ids: [...frontier] },
      )) {
        const child = {
          id: String(row.child),
          name: String(row.child_name ?? ""),
          kind: String(row.child_kind ?? ""),
        };
        const parent = {
          id: String(row.parent),
          name: String(row.parent_name ?? ""),
          kind: String(row.parent_kind ?? ""),
        };
        up.set(child.id, [...(up.get(child.id) ?? []), { parent, child, via }]);
        if (!up.has(parent.id) && !stop.has(parent.id)) next.add(parent.id);
      }
    for (const id of frontier) if (!up.has(id)) up.set(id, []);
    frontier = next;
  }
  for (const { steps, from, scope } of open) {
    const chain = shortest(up, scope, from);
    for (const { child, via } of chain.reverse())
      steps.push({ kind: child.kind || "Scope", id: child.id, name: child.name || child.id, via });
  }
}

/** Breadth first from a scope to one above it: the links, lowest first. */
function shortest(up: ReadonlyMap<string, readonly Link[]>, start: string, end: string): Link[] {
  const came = new Map<string, Link | undefined>([[start, undefined]]);
  for (const at of came.keys()) {
    if (at === end) break;
    for (const link of up.get(at) ?? []) if (!came.has(link.parent.id)) came.set(link.parent.id, link);
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

async function named(
  query: GraphStore["query"],
  kind: string,
  codes: readonly string[],
): Promise<Map<string, Named>> {
  const wanted = [...new Set(codes)];
  if (wanted.length === 0) return new Map();
  const rows = await query(
    `MATCH (n:${kind}) WHERE n.code IN $codes RETURN n.code AS code, n.id AS id, n.name AS name, n.kind AS kind`,
    { codes: wanted },
  );
  return new Map(
    rows.map((row) => [
      String(row.code),
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
