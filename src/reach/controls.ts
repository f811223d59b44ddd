/** Which steps of a way are steps of control, and by what: an agent that can become somebody is not in them. */
import type { GraphStore } from "../graph/store.ts";
import { eachOrAll, type Named, textOf } from "./links.ts";

/** A way as the principals on it, and how many of its steps are steps of control. */
export interface Way {
  hops: number;
  nodes: readonly (Named | undefined)[];
}

/** For each way what its steps of control are made by, by their place on it. */
export async function controlsOn(
  query: GraphStore["query"],
  ways: readonly Way[],
): Promise<ReadonlyMap<number, string>[]> {
  const from = new Set(
    ways.flatMap(({ hops, nodes }) =>
      hops === 0 ? [] : nodes.slice(0, -1).flatMap((node) => node?.id ?? []),
    ),
  );
  const known = new Map<string, string>();
  const [own, handed] = await Promise.all([
    eachOrAll(
      query,
      [...from],
      (is) => `MATCH (p:Principal)-[c:CONTROLS]->(q:Principal) WHERE ${is("p.id")}
     RETURN p.id AS a, q.id AS b, min(c.how) AS how`,
    ),
    // What a blueprint's principal could become, its agents could where the blueprint hands that permission on.
    from.size === 0
      ? []
      : query(
          `MATCH (s:Principal)-[c:CONTROLS]->(q:Principal) WHERE s.kind = 'BlueprintPrincipal'
       MATCH (b:Blueprint) WHERE b.appId = s.appId
       MATCH (b)<-[:MADE_FROM]-(:Agent)-[r:ACTS_AS]->(p:Principal) WHERE r.mode = 'app' AND p.id IN $ids
       RETURN p.id AS a, q.id AS b, min(c.how) AS how`,
          { ids: [...from] },
        ),
  ]);
  for (const row of [...handed, ...own]) known.set(keyOf(textOf(row.a), textOf(row.b)), textOf(row.how));
  return ways.map(({ hops, nodes }) => {
    const steps = nodes.flatMap((node, at) => {
      const how = known.get(keyOf(nodes[at - 1]?.id, node?.id));
      return how === undefined ? [] : [{ at, how, joined: JOINED.has(node?.kind ?? "") }];
    });
    // Whoever is in a group may be its owner as well: what nobody can be a member of was become.
    const sure = steps.toSorted((a, b) => Number(a.joined) - Number(b.joined)).slice(0, hops);
    return new Map(sure.map(({ at, how }) => [at, how]));
  });
}

const keyOf = (from = "", to = ""): string => `${from}\n${to}`;
/** Kinds of principals that have members, or hand on what they hold. */
const JOINED: ReadonlySet<string> = new Set(["Group", "DirectoryRole", "SiteGroup", "BlueprintPrincipal"]);
