/** The tree of scopes in memory: who is within whom. A few hundred bytes a scope, only where an answer expands. */

import type { GraphStore } from "../graph/store.ts";
import type { Row } from "../model.ts";

export interface ScopeTree {
  /** A scope and what contains it, nearest first. */
  chain(scope: string): string[];
  /** Everything below a scope, itself not included. */
  below(scope: string): Iterable<string>;
  /** What a row says of its scope. */
  columns(scope: string): Row;
}

export async function createTree(query: GraphStore["query"]): Promise<ScopeTree> {
  const scopes = new Map<string, Row>();
  for (const row of await query(
    "MATCH (s:Scope) OPTIONAL MATCH (s)-[t:TALLY]->(s) WHERE t.below <> 1 OPTIONAL MATCH (s)-[b:BLIND]->(s) RETURN s.id AS scope_id, s.name AS scope_name, s.url AS scope_url, s.kind AS scope_kind, s.owner AS scope_owner, s.plane AS plane, t.items AS items, t.labeled AS labeled, t.unlabeled AS unlabeled, t.label_unknown AS label_unknown, t.sensitive AS sensitive, t.unlabeled_sensitive AS unlabeled_sensitive, t.not_inspected AS not_inspected, t.top_label AS top_label, b.rank AS gap_rank, b.steps AS gap_steps",
  ))
    scopes.set(String(row.scope_id), row);
  const parents = new Map<string, string[]>();
  const children = new Map<string, string[]>();
  for (const row of await query(
    "MATCH (s:Scope)-[:WITHIN]->(p:Scope) RETURN s.id AS child, p.id AS parent",
  )) {
    const child = String(row.child);
    const parent = String(row.parent);
    parents.set(child, [...(parents.get(child) ?? []), parent]);
    children.set(parent, [...(children.get(parent) ?? []), child]);
  }
  const walk = (start: string, next: ReadonlyMap<string, readonly string[]>): string[] => {
    const seen = new Set([start]);
    for (const scope of seen) for (const each of next.get(scope) ?? []) seen.add(each);
    return [...seen];
  };
  return {
    chain: (scope) => walk(scope, parents),
    below: (scope) => walk(scope, children).slice(1),
    columns: (scope) => scopes.get(scope) ?? { scope_id: scope },
  };
}
