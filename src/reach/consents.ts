/** What an agent's application may do for users, for rows that show no grant: what each of them holds is not known there. */
import type { GraphStore } from "../graph/store.ts";
import type { Row } from "../model.ts";
import { eachOrAll, type Named, named, textOf } from "./links.ts";

interface At {
  agent: string;
  scope: string;
}
export interface Consent {
  /** Whoever stands between the agent and the place: its identity, and its blueprint's where that holds the consent. */
  holders: readonly (readonly [holder: Named, via: "ACTS_AS" | "MADE_FROM"])[];
  /** What to revoke. */
  id: string;
  /** `delegated User.Read and 2 more`. */
  role: string;
  /** False if the consent may be another: a blueprint need not hand on all that it holds, and some are one user's. */
  sure: boolean;
}

export async function consentsOf(
  query: GraphStore["query"],
  wanted: readonly At[],
): Promise<{ of(at: At): Consent | undefined }> {
  const agents = [...new Set(wanted.map(({ agent }) => agent))];
  const columns =
    "a.id AS agent, s.id AS scope, p.id AS id, p.name AS name, p.kind AS kind, c.key AS key, c.permission AS permission, c.user AS user";
  const [own, handed] = await Promise.all([
    eachOrAll(
      query,
      agents,
      (is) => `MATCH (a:Agent)-[i:ACTS_AS]->(p:Principal) WHERE ${is("a.id")} AND i.mode = 'app'
       OPTIONAL MATCH (p)-[c:CONSENTED]->(s:Scope) WHERE c.type = 'delegated' RETURN DISTINCT ${columns}`,
    ),
    eachOrAll(
      query,
      agents,
      (is) => `MATCH (a:Agent)-[h:HAS_RIGHTS_OF]->(p:Principal)
       WHERE ${is("a.id")} AND h.mode = 'app' AND h.hops = 0 AND p.kind = 'BlueprintPrincipal'
       MATCH (p)-[c:CONSENTED]->(s:Scope) WHERE c.type = 'delegated' RETURN DISTINCT ${columns}`,
    ),
  ]);
  // Of several identities the same one on every engine.
  const identities = new Map(
    own
      .toSorted((a, b) => (String(a.id) > String(b.id) ? -1 : 1))
      .map((row) => [String(row.agent), named(row, String(row.id))]),
  );
  const [direct, inherited] = [byPlace(own), byPlace(handed)];
  return {
    of(at) {
      const mine = direct.get(keyOf(at));
      const held = mine ?? inherited.get(keyOf(at)) ?? [];
      const [first] = held.toSorted((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1));
      if (first === undefined) return undefined;
      const identity = mine === undefined ? identities.get(at.agent) : undefined;
      return {
        holders: [
          ...(identity === undefined ? [] : [[identity, "ACTS_AS"] as const]),
          [named(first, String(first.id)), mine === undefined ? "MADE_FROM" : "ACTS_AS"],
        ],
        id: textOf(first.key),
        role: `delegated ${textOf(first.permission) || "permission"}${held.length === 1 ? "" : ` and ${held.length - 1} more`}`,
        sure: held.length === 1 || (mine !== undefined && held.every(isForAll)),
      };
    },
  };
}

const keyOf = ({ agent, scope }: At): string => `${agent}\n${scope}`;
const isForAll = ({ user }: Row): boolean => user === null || user === undefined || user === "*";
const orderOf = ({ permission, key }: Row): string => `${textOf(permission)}\n${textOf(key)}`;

function byPlace(rows: readonly Row[]): ReadonlyMap<string, readonly Row[]> {
  const found = new Map<string, Row[]>();
  for (const row of rows) {
    if (row.scope === null || row.scope === undefined) continue;
    const at = keyOf({ agent: String(row.agent), scope: String(row.scope) });
    const same = found.get(at);
    if (same === undefined) found.set(at, [row]);
    else same.push(row);
  }
  return found;
}
