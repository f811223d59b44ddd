/**
 * Clauses without which a rule derives what shows nowhere else: they spare work. Each with the reason; the ids are those
 * of `mutantsOf`, and a test sees to it that every one of them still exists.
 */
const KNOWN_AGAIN = "the rows of an earlier round are found again and are known: it spares that work";
const SAME_LEVEL = "all rows of one level have the same mark";

export const EQUIVALENT: ReadonlyMap<string, string> = new Map([
  ["calls 2 without: k.level = $level", KNOWN_AGAIN],
  ["calls 2 min for max: min(k.far)", SAME_LEVEL],
  [
    "consents 1 without: x.capped = 1",
    "cap and part-whole take consents of capped actors alone; others would only get places to look at",
  ],
]);

/** Branches of TypeScript without which nothing is different, likewise: the ids are those of `branchesOf`. */
export const EQUIVALENT_BRANCHES: ReadonlyMap<string, string> = new Map([]);
