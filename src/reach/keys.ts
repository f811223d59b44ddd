/** Keys of storage accounts: who may get at them opens the account, if it takes any. */
import type { GraphStore } from "../graph/store.ts";
import { chainOf } from "./tree.ts";

/** Where who may get at keys opens an account among these places: at it and above it, unless it takes none. */
export async function openedAt(
  query: GraphStore["query"],
  places: readonly string[],
): Promise<ReadonlySet<string>> {
  const rows = await query(
    `MATCH (s:Scope) WHERE s.id IN $places AND s.kind = 'StorageAccount' AND (s.sharedKey IS NULL OR s.sharedKey)
     RETURN s.id AS id`,
    { places },
  );
  const chains = await Promise.all(rows.map(({ id }) => chainOf(query, String(id))));
  return new Set(chains.flat());
}
