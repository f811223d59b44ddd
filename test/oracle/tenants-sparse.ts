/** Random tenants that lack whole kinds of relationship. */
import fc from "fast-check";
import type { Put } from "./records.ts";

/** One kind in so many goes. */
const EVERY = 3;
/** Without it there is no agent. */
const NEEDED = "ACTS_AS";

/** The tenant at this place of a run without some kinds: where a graph has none of a kind, rules start from less. */
export function sparse(tenant: readonly Put[], seed: number, place: number): Put[] {
  const kinds = new Set(tenant.flatMap((put) => ("from" in put && put.kind !== NEEDED ? [put.kind] : [])));
  const sorted = [...kinds].sort();
  const each = fc.array(fc.nat({ max: EVERY - 1 }), { minLength: sorted.length, maxLength: sorted.length });
  const [drawn] = fc.sample(each, { numRuns: 1, seed: seed * 1_000_003 + place });
  const gone = new Set<string>(sorted.filter((_, index) => drawn![index] === 0));
  return tenant.filter(({ kind }) => !gone.has(kind));
}
