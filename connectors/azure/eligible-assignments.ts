/** Eligible role assignments (Privileged Identity Management): not active, one activation away. */
import type { Step } from "../../src/connector.ts";
import { API, reader, STEP, subscriptionScopes } from "./arm.ts";
import { ASSIGNMENT_PARTS, readAssignments } from "./assignments.ts";
import { ROLE_DEFINITION_READS } from "./role-assignments.ts";

/** https://learn.microsoft.com/rest/api/authorization/role-eligibility-schedule-instances/list-for-scope */
export const eligibleAssignments: Step = {
  id: STEP.eligibleAssignments,
  title: "Eligible role assignments",
  produces: ["Scope", "WITHIN", "GRANTED"],
  needs: [reader("to read who may activate which role")],
  reads: [
    "GET arm /subscriptions/{id}/providers/Microsoft.Authorization/roleEligibilityScheduleInstances",
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
      `${pass.scope}/providers/Microsoft.Authorization/roleEligibilityScheduleInstances?api-version=${API.eligibility}`,
      "potential",
    ),
};
