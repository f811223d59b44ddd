/** Broken rules and branches that show nowhere, and why each may. */
/**
 * Kinds whose rows only say where to look: at a place too many the same is found as without it. Not PEOPLED: whom nobody
 * follows is said to be unknown.
 */
export const HINTS: ReadonlySet<string> = new Set([
  ...["NEAR", "AT", "SPOT", "UNDER", "TOUCHES", "STAKES", "POOLED", "CROWDED", "MIXED", "BOTH"],
]);

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

const SPARES = "finds again what is known, or finds nothing: it spares that work";
const COMPILER = "never so, by what is asked for before: it is for the compiler";

/** Branches of TypeScript without which nothing is different, likewise: the ids are those of `branchesOf`. */
export const EQUIVALENT_BRANCHES: ReadonlyMap<string, string> = new Map([
  [
    'azure/grants addPaths never: typeof rest === "boolean"',
    "what is decided has no cause, and is passed over for that, too",
  ],
  ["azure/grants decide without manner !== PLAINLY: manner !== PLAINLY && !placeless", SPARES],
  [
    "azure/assignments readAssignments without what was: hosts ??= (await knownHosts(c)).filter(({ id }) => isAtOrBelow(id, subscription))",
    SPARES,
  ],
  ["azure/assignments storageFor never: conditions.every((condition) => condition === undefined)", SPARES],
  ["azure/host-control controlRecords always: !byType.has(type)", SPARES],
  ['azure/condition-evaluate leafCauses always: leaf.op === "compare"', COMPILER],
  ["azure/path-sets placesOfPaths never: sets.length === 0", SPARES],
  [
    'azure/path-sets placesOfPaths without node.kind === "Scope": node.kind === "Scope" && node.id.startsWith(container + MARK)',
    COMPILER,
  ],
  ["azure/acl waysThrough never: [...way].some((id) => groups.has(id))", SPARES],
]);
