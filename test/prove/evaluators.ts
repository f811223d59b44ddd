/** What decides about rights in TypeScript, before any rule runs: roles, conditions, access lists. */
export interface Evaluator {
  /** Below connectors/, without its ending. */
  file: string;
  /** The tests that guard it, likewise: the quickest first. */
  tests: readonly string[];
}

export const EVALUATORS: readonly Evaluator[] = [
  // Roles.
  { file: "azure/glob", tests: ["azure/rights"] },
  { file: "azure/planes", tests: ["azure/rights", "azure/planes"] },
  { file: "azure/rights", tests: ["azure/rights", "azure/grants"] },
  { file: "azure/grants", tests: ["azure/grants", "azure/assignments", "azure/built-in-roles"] },
  { file: "azure/assignments", tests: ["azure/assignments", "azure/grants", "azure/hosts"] },
  { file: "azure/deny-assignments", tests: ["azure/deny-assignments"] },
  { file: "azure/role-definitions", tests: ["azure/assignments", "azure/grants", "azure/azure"] },
  { file: "azure/host-control", tests: ["azure/hosts"] },
  { file: "azure/scopes", tests: ["azure/scopes", "azure/grants", "azure/assignments"] },
  { file: "entra/roles", tests: ["entra/control", "entra/grants"] },
  // Conditions.
  { file: "azure/condition", tests: ["azure/condition"] },
  { file: "azure/condition-compare", tests: ["azure/condition"] },
  { file: "azure/condition-evaluate", tests: ["azure/condition", "azure/grants"] },
  { file: "azure/condition-words", tests: ["azure/condition", "azure/grants"] },
  { file: "azure/path-sets", tests: ["azure/grants"] },
  // Access lists, and containers that are open to everybody.
  { file: "azure/acl", tests: ["azure/acl"] },
  { file: "azure/acl-grants", tests: ["azure/acl", "azure/blob-acls"] },
  { file: "azure/public-access", tests: ["azure/public-access"] },
];
