/** Gaps of coverage as nodes, so that rules can follow them to what they concern. */
import { planeId } from "../schema.ts";
import type { Gap } from "./store.ts";

/** What the root of Azure lies in, where the connector has looked. */
const AZURE = planeId("azure");

/** States in the order in which a row carries the worst. */
const RANK = { failed: 5, denied: 4, partial: 3, skipped: 2, "not-modelled": 1, complete: 0 } as const;

export type UnreadNode = {
  id: string;
  step: string;
  rank: number;
  /** 1 if it may hide something that takes access away. */
  denies: number;
};

/** Tables of the embedded engine for them and for what they concern; no kind of the schema, since no reader meets them. */
export const GAPS_DDL: readonly string[] = [
  "CREATE NODE TABLE Unread(id STRING PRIMARY KEY, step STRING, rank INT64, denies INT64)",
  "CREATE REL TABLE CONCERNS(FROM Unread TO Scope)",
];

export const GAPS_DROPS: readonly string[] = ["DROP TABLE CONCERNS", "DROP TABLE Unread"];

export const unreadNodes = (gaps: readonly Gap[]): UnreadNode[] =>
  gaps.map(({ step, state, hides }, index) => ({
    id: String(index),
    step,
    rank: RANK[state],
    denies: takesAway(hides) ? 1 : 0,
  }));

/** Whether policies guard places; a store asks it for `concerns`. */
export const POLICIES_ON_PLACES = "MATCH (:Policy)-[g:GATES]->(:Scope) RETURN count(g) AS n";

const takesAway = (hides: Gap["hides"]): boolean => hides === "denies" || hides === "both";

/** Scopes of gaps that the graph has: as places, or as somebody, such as a group whose members were not read. */
export interface KnownScopes {
  places: ReadonlySet<string>;
  principals: ReadonlySet<string>;
}

/**
 * Which places each of them concerns. One of no place, or of somebody, concerns every root if it may hide denies: only Azure
 * has any, so for a part of a tenant these are its roots, unless policies guard places (`guarded`), which name groups, too;
 * an import may hide anything, also under a name that nothing has. One that hides grants or use alone changes no row that is
 * there.
 */
export const concerns = (
  gaps: readonly Gap[],
  roots: readonly string[],
  guarded: boolean,
  { places, principals }: KnownScopes,
): { unread: string; scope: string }[] => {
  const azure = roots.filter((id) => id.startsWith("/") || id === AZURE);
  return gaps.flatMap(({ scope, step, hides }, index) => {
    const imported = step.startsWith("import.");
    const anywhere = scope === "" || principals.has(scope) || imported;
    const everywhere = guarded || imported ? roots : azure;
    const scopes = places.has(scope) ? [scope] : anywhere && takesAway(hides) ? everywhere : [];
    return scopes.map((id) => ({ unread: String(index), scope: id }));
  });
};
