/**
 * Places of which nobody knows where they lie: what a server or an agent of unknown identity opens. It may be any place, so
 * an answer about one place is unknown for whoever has such a row, and not no.
 */
import type { GraphStore } from "../graph/store.ts";
import { unmodelledId } from "../schema.ts";

/** Of a place `s`. */
export const NOWHERE = "(s.kind = 'Unmodelled' AND s.plane IN ['agent', 'mcp'])";
/** The same where nobody knows either in which mode: the agent acts as nobody known. */
export const IN_ANY_MODE = "(s.kind = 'Unmodelled' AND s.plane = 'agent')";

const PREFIXES = [unmodelledId("agent", ""), unmodelledId("mcp", "")];
/** Whether a place is one of these: who asks about it asks about what one server or agent opens. */
export const liesNowhere = (place: string): boolean => PREFIXES.some((prefix) => place.startsWith(prefix));
export const isInAnyMode = (row: { scope_kind?: unknown; plane?: unknown }): boolean =>
  row.scope_kind === "Unmodelled" && row.plane === "agent";

/** How many agents have a row of today of which nobody knows whether it reads. */
export async function doubtfulReaders(query: GraphStore["query"]): Promise<number> {
  const rows = await query(
    `MATCH (a:Agent)-[r:CAN_REACH]->(:Scope) WHERE r.read IS NULL AND r.tier = 'now' AND r.absorbed = false
     RETURN count(DISTINCT a.id) AS agents`,
  );
  return Number(rows[0]?.agents ?? 0);
}
