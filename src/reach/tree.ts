/** Where scopes lie. Answers ask for what they need of the tree; only ids are held, never what a scope is. */
import type { GraphStore } from "../graph/store.ts";
import type { Row } from "../model.ts";
import { eachOrAll } from "./links.ts";

type Query = GraphStore["query"];

export interface ScopeTree {
  /** Scopes that lie within another one. */
  size: number;
  /** A scope and what contains it, nearest first. */
  chain(scope: string): readonly string[];
  /** Everything below a scope, itself not included. */
  below(scope: string): readonly string[];
}

/** Ids in one question; beyond that the engine is faster with all there are. */
const FEW = 200;

/** A scope and what contains it, or hands its list on to it, nearest first. One id at a time: only then the engine looks it up. */
export async function chainOf(
  query: Query,
  scope: string,
  via: "WITHIN" | "INHERITS" = "WITHIN",
): Promise<string[]> {
  const chain = new Set([scope]);
  for (const id of chain)
    for (const row of await query(`MATCH (s:Scope)-[:${via}]->(p:Scope) WHERE s.id = $id RETURN p.id AS id`, {
      id,
    }))
      chain.add(String(row.id));
  return [...chain];
}

/** The part of the tree that lies at and below these scopes; without any named, all of it. */
export async function treeBelow(query: Query, roots: Iterable<string> | undefined): Promise<ScopeTree> {
  const parents = new Map<string, string[]>();
  const children = new Map<string, string[]>();
  const asked = new Set(roots ?? []);
  let frontier = [...asked];
  for (let all = roots === undefined; all || frontier.length > 0; all = false) {
    all ||= frontier.length > FEW;
    const rows = await query(
      `MATCH (s:Scope)-[:WITHIN]->(p:Scope) ${all ? "" : "WHERE p.id IN $ids"} RETURN s.id AS child, p.id AS parent`,
      all ? {} : { ids: frontier },
    );
    if (all) {
      parents.clear();
      children.clear();
    }
    frontier = [];
    for (const row of rows) {
      const [child, parent] = [String(row.child), String(row.parent)];
      add(parents, child, parent);
      add(children, parent, child);
      if (all || asked.has(child)) continue;
      asked.add(child);
      frontier.push(child);
    }
  }
  const walk = (start: string, next: ReadonlyMap<string, readonly string[]>): string[] => {
    const seen = new Set([start]);
    for (const scope of seen) for (const each of next.get(scope) ?? []) seen.add(each);
    return [...seen];
  };
  return {
    size: parents.size,
    chain: (scope) => walk(scope, parents),
    below: (scope) => walk(scope, children).slice(1),
  };
}

const add = (lists: Map<string, string[]>, key: string, value: string): void => {
  const known = lists.get(key);
  if (known === undefined) lists.set(key, [value]);
  else known.push(value);
};

/** What a TALLY says, as `t`. */
export const COUNTS = `t.items AS items, t.labeled AS labeled, t.unlabeled AS unlabeled, t.label_unknown AS label_unknown, t.label_unclear AS label_unclear,
  t.sensitive AS sensitive, t.unlabeled_sensitive AS unlabeled_sensitive, t.not_inspected AS not_inspected,
  t.top_label AS top_label`;
const COLUMNS = `OPTIONAL MATCH (s)-[t:TALLY]->(:Scope) WHERE t.below <> 1 OPTIONAL MATCH (s)-[b:BLIND]->(:Scope)
RETURN s.id AS scope_id, s.name AS scope_name, s.url AS scope_url, s.kind AS scope_kind, s.owner AS scope_owner,
  s.plane AS plane, ${COUNTS}, b.rank AS gap_rank, b.steps AS gap_steps,
  b.denies AS gap_denies`;

/** So many scopes are remembered. */
const REMEMBERED = 20_000;

/** What rows say of their scopes, by id. What was asked lately is remembered. */
export function createColumns(
  query: Query,
): (scopes: readonly string[]) => Promise<ReadonlyMap<string, Row>> {
  let known = new Map<string, Row>();
  return async (scopes) => {
    const wanted = [...new Set(scopes)];
    if (known.size > REMEMBERED) known = new Map();
    const missing = wanted.filter((id) => !known.has(id));
    for (let from = 0; from < missing.length; from += FEW)
      for (const row of await eachOrAll(
        query,
        missing.slice(from, from + FEW),
        (is) => `MATCH (s:Scope) WHERE ${is("s.id")} ${COLUMNS}`,
      ))
        known.set(String(row.scope_id), row);
    return known;
  };
}
