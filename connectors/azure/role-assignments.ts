/** Role assignments of each subscription, with the role definitions that they name. */
import type { Step } from "../../src/connector.ts";
import { API, reader, STEP, subscriptionScopes } from "./arm.ts";
import { ASSIGNMENT_PARTS, readAssignments } from "./assignments.ts";

export const ROLE_DEFINITION_READS = [
  "GET arm /subscriptions/{id}/providers/Microsoft.Authorization/roleDefinitions",
  "GET arm /subscriptions/{id}/providers/Microsoft.Authorization/roleDefinitions/{id}",
  "GET arm /providers/Microsoft.Management/managementGroups/{id}",
] as const;

/** https://learn.microsoft.com/azure/role-based-access-control/role-assignments-list-rest */
export const roleAssignments: Step = {
  id: STEP.roleAssignments,
  title: "Role assignments and the roles they name",
  produces: ["Scope", "WITHIN", "GRANTED"],
  needs: [reader("to read role assignments and role definitions at every scope")],
  reads: [
    "GET arm /subscriptions/{id}/providers/Microsoft.Authorization/roleAssignments",
    ...ROLE_DEFINITION_READS,
  ],
  after: [STEP.subscriptions],
  // Conditions may name accounts and containers; what of these was not read is their own gap.
  follows: [STEP.storageAccounts, STEP.containers],
  hides: "grants",
  parts: ASSIGNMENT_PARTS,
  scopes: subscriptionScopes,
  crawl: (c, pass) =>
    readAssignments(
      c,
      pass,
      `${pass.scope}/providers/Microsoft.Authorization/roleAssignments?api-version=${API.authorization}`,
      "now",
    ),
};
