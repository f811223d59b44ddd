/** Role assignments, active and eligible: pages of either become placed scopes and GRANTED relationships. */
import type { Page, Part, Pass, StepContext } from "../../src/connector.ts";
import type { Coverage } from "../../src/model.ts";
import { armId, type GraphRecord } from "../../src/schema.ts";
import { cursorOf, STEP } from "./arm.ts";
import { type Assignment, grantRecords, type Storage } from "./grants.ts";
import { controlRecords, type Host } from "./host-control.ts";
import { knownHosts, knownKeyed } from "./hosts.ts";
import { namedScope, placeScope } from "./management-groups.ts";
import type { Keyed } from "./planes.ts";
import { hidesConditions, type Roles, readRoles } from "./role-definitions.ts";
import { isAtOrBelow, isBlobService, scopeChain, scopeKind, subscriptionOf, within } from "./scopes.ts";
import { knownAccounts, knownContainers } from "./storage-known.ts";

/** What the steps of assignments state beside their own coverage. */
export const ASSIGNMENT_PARTS: readonly Part[] = [
  { id: STEP.roleDefinitions, title: "Roles that assignments name", hides: "grants" },
  { id: STEP.conditions, title: "Conditions of assignments and roles", hides: "denies" },
];

/** As ARM answers it; eligible ones carry times too. */
interface AssignmentAnswer {
  id: string;
  properties: {
    scope?: string;
    principalId: string;
    roleDefinitionId: string;
    condition?: string | null;
    endDateTime?: string | null;
  };
}

/** Reads one listing of assignments of a subscription: what is above, at and below it. */
export async function* readAssignments(
  c: StepContext,
  pass: Pass,
  path: string,
  tier: Assignment["tier"],
): AsyncGenerator<Page> {
  const subscription = pass.scope;
  let roles: Roles | undefined;
  let hosts: readonly Host[] | undefined;
  let keyed: Keyed | undefined;
  for await (const page of c.http.pages<AssignmentAnswer>("arm", pass.cursor ?? path)) {
    if (page.items.length === 0) {
      yield { changes: [], ...cursorOf(page) };
      continue;
    }
    // Definitions are read only where an assignment names one.
    roles ??= await readRoles(c, subscription);
    hosts ??= (await knownHosts(c)).filter(({ id }) => isAtOrBelow(id, subscription));
    keyed ??= await knownKeyed(c, subscription);
    const context = { subscription, keyed };
    // All roles before the first grant: one that is read by itself may be what hides conditions.
    for (const { properties } of page.items) await roles.find(properties.roleDefinitionId);
    const hidden = hidesConditions(page.recordedApiVersion) ?? roles.hidden();
    const changes: GraphRecord[] = [];
    for (const answer of page.items) {
      const named = assignmentOf(answer, tier);
      const assignment = { ...named, scope: await namedScope(c, named.scope, subscription) };
      const role = await roles.find(answer.properties.roleDefinitionId);
      const storage = await storageFor(c, assignment, role);
      changes.push(
        ...scopeRecords(assignment.scope),
        ...(await placeScope(c, assignment.scope, subscription)),
        ...(await containersOfService(c, assignment.scope)),
        ...grantRecords(assignment, role, { ...context, storage, conditionsHidden: hidden !== undefined }),
        ...controls(assignment, role, hosts),
      );
    }
    const rolesGap = roles.gap();
    const gaps = [
      rolesGap,
      // Without its role an assignment says less than before: the pass is then partial, and takes nothing away.
      rolesGap && {
        step: tier === "now" ? STEP.roleAssignments : STEP.eligibleAssignments,
        scope: subscription,
        state: "partial" as const,
        reason: "role definitions were not read; what was known of these assignments stays",
      },
      hidden === undefined ? undefined : conditionGap(subscription, hidden),
    ];
    yield {
      changes: changes.map((put) => ({ put })),
      gaps: gaps.filter((gap) => gap !== undefined),
      ...cursorOf(page),
    };
  }
}

/**
 * The scope of an assignment stands before `/providers/Microsoft.Authorization/` in its id, where it is not said. Privileged
 * Identity Management knows subscriptions by another name as well.
 * https://learn.microsoft.com/powershell/module/az.resources/new-azroleeligibilityschedulerequest
 */
export function scopeOfAssignment(id: string, scope: string | null | undefined): string {
  const end = Math.max(0, id.toLowerCase().lastIndexOf("/providers/microsoft.authorization/"));
  return armId(scope?.trim() || id.slice(0, end)).replace(
    /^\/providers\/microsoft\.subscription(?=\/subscriptions\/)/,
    "",
  );
}

const assignmentOf = ({ id, properties }: AssignmentAnswer, tier: Assignment["tier"]): Assignment => ({
  id,
  principalId: properties.principalId,
  scope: scopeOfAssignment(id, properties.scope),
  condition: properties.condition?.trim() || undefined,
  tier,
  expires: properties.endDateTime || undefined,
});

/** A scope that an assignment names, with what holds it. Anything without a listing of its own is named here. */
export function scopeRecords(scope: string): GraphRecord[] {
  const named = scopeKind(scope) === "Resource" ? { name: scope.slice(scope.lastIndexOf("/") + 1) } : {};
  return scopeChain(scope, named);
}

/** Containers hang on their account; where an assignment stands at the blob service between, it holds them too. */
async function containersOfService(c: StepContext, scope: string): Promise<GraphRecord[]> {
  if (!isBlobService(scope)) return [];
  const account = scope.split("/").slice(0, -2).join("/");
  return ((await knownContainers(c)).get(account) ?? []).map((container) => within(container, scope));
}

/**
 * Whose managed identities the assignee can act as: those of hosts at or below the assignment. An eligible one counts,
 * too: what a host's controller makes of itself is a step away in any case.
 */
function controls(
  { id, principalId, scope, condition }: Assignment,
  role: Awaited<ReturnType<Roles["find"]>>,
  hosts: readonly Host[],
): GraphRecord[] {
  if (role === undefined) return [];
  const rights = role.blocks.map((block) => ({
    allows: block.allows,
    conditions: [condition, block.condition].filter((each) => each !== undefined),
  }));
  // What lies in no subscription holds all of this one, since it was listed for it.
  const below = hosts.filter((host) => subscriptionOf(scope) === undefined || isAtOrBelow(host.id, scope));
  return controlRecords(principalId, armId(id), rights, below);
}

const NO_STORAGE: Storage = { accounts: [], containers: () => [] };

/** What is known of accounts and containers, looked up only where conditions may ask. */
async function storageFor(
  c: StepContext,
  assignment: Assignment,
  role: Awaited<ReturnType<Roles["find"]>>,
): Promise<Storage> {
  const conditions = [assignment.condition, ...(role?.blocks.map((block) => block.condition) ?? [])];
  if (conditions.every((condition) => condition === undefined)) return NO_STORAGE;
  const accounts = await knownAccounts(c);
  const containers = await knownContainers(c);
  return {
    accounts: [...accounts.values()],
    containers: (account) => containers.get(account) ?? [],
  };
}

const conditionGap = (subscription: string, why: string): Coverage => ({
  step: STEP.conditions,
  scope: subscription,
  state: "failed",
  reason: `${why}: conditions are hidden`,
});
