/**
 * Places of which nobody knows where they lie: what a server or an agent of unknown identity opens. It may be any place, so
 * an answer about one place is unknown for whoever has such a row, and not no.
 */
import type { GraphStore } from "../graph/store.ts";

/** Of a place `s`. */
export const NOWHERE = "(s.kind = 'Unmodelled' AND s.plane IN ['agent', 'mcp'])";
/** The same where nobody knows either in which mode: the agent acts as nobody known. */
export const IN_ANY_MODE = "(s.kind = 'Unmodelled' AND s.plane = 'agent')";

type Place = { scope_kind?: unknown; plane?: unknown };
const isUnmodelled = ({ scope_kind }: Place): boolean => scope_kind === "Unmodelled";
export const isNowhere = (place: Place): boolean =>
  isUnmodelled(place) && (place.plane === "agent" || place.plane === "mcp");
export const isInAnyMode = (place: Place): boolean => isUnmodelled(place) && place.plane === "agent";

/** How many agents have a row of today of which nobody knows whether it reads. */
export async function doubtfulReaders(query: GraphStore["query"]): Promise<number> {
  const rows = await query(
    `MATCH (a:Agent)-[r:CAN_REACH]->(:Scope) WHERE r.read IS NULL AND r.tier = 'now' AND r.absorbed = false
     RETURN count(DISTINCT a.id) AS agents`,
  );
  return Number(rows[0]?.agents ?? 0);
}
