/** Role assignments of each subscription, active and eligible, with the role definitions that they name. */
import type { Page, Step } from "../../src/connector.ts";
import { ProviderError } from "../../src/model.ts";
import { API, reader, STEP, subscriptionScopes } from "./arm.ts";
import { ASSIGNMENT_PARTS, readAssignments } from "./assignments.ts";
import type { Assignment } from "./grants.ts";

/** A listing of assignments: what it is called, and in which tier its grants stand. */
interface Listing {
  id: string;
  title: string;
  why: string;
  resource: "roleAssignments" | "roleEligibilityScheduleInstances";
  version: string;
  tier: Assignment["tier"];
}

const assignmentStep = ({ id, title, why, resource, version, tier }: Listing): Step => ({
  id,
  title,
  produces: ["Scope", "WITHIN", "GRANTED", "CONTROLS"],
  needs: [reader(why)],
  reads: [
    `GET arm /subscriptions/{id}/providers/Microsoft.Authorization/${resource}`,
    "GET arm /subscriptions/{id}/providers/Microsoft.Authorization/roleDefinitions",
    "GET arm /subscriptions/{id}/providers/Microsoft.Authorization/roleDefinitions/{id}",
    "GET arm /providers/Microsoft.Management/managementGroups/{id}",
    "GET arm /subscriptions",
  ],
  after: [STEP.subscriptions],
  // Conditions may name accounts and containers, roles may give control of hosts; what of these was not read is
  // their own gap.
  follows: [STEP.storageAccounts, STEP.containers, STEP.managedIdentities, STEP.hosts],
  hides: "grants",
  parts: ASSIGNMENT_PARTS,
  scopes: subscriptionScopes,
  crawl(c, pass) {
    const path = `${pass.scope}/providers/Microsoft.Authorization/${resource}?api-version=${version}`;
    const pages = readAssignments(c, pass, path, tier);
    return tier === "potential" ? noneWithoutLicence(pages) : pages;
  },
});

/**
 * A tenant without the licence of Privileged Identity Management has no eligible assignments: what there was of them
 * was removed when the licence ended. https://learn.microsoft.com/entra/id-governance/licensing-fundamentals
 */
export async function* noneWithoutLicence(pages: AsyncGenerator<Page>): AsyncGenerator<Page> {
  let read = false;
  try {
    for await (const page of pages) {
      read = true;
      yield page;
    }
  } catch (error) {
    // After a page there are some, whatever is said of licences.
    if (read || !(error instanceof ProviderError && error.code === "not-licensed")) throw error;
  }
}

/** https://learn.microsoft.com/azure/role-based-access-control/role-assignments-list-rest */
export const roleAssignments = assignmentStep({
  id: STEP.roleAssignments,
  title: "Role assignments and the roles they name",
  why: "to read role assignments and role definitions at every scope",
  resource: "roleAssignments",
  version: API.authorization,
  tier: "now",
});

/**
 * Privileged Identity Management: not active, one activation away.
 * https://learn.microsoft.com/rest/api/authorization/role-eligibility-schedule-instances/list-for-scope
 */
export const eligibleAssignments = assignmentStep({
  id: STEP.eligibleAssignments,
  title: "Eligible role assignments",
  why: "to read who may activate which role",
  resource: "roleEligibilityScheduleInstances",
  version: API.eligibility,
  tier: "potential",
});
