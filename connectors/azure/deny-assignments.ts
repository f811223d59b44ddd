/** Deny assignments of each subscription: made by Azure for managed applications and deployment stacks, or by people. */
import type { AnswerPage } from "../../src/collect/http.ts";
import type { Page, Pass, Step, StepContext } from "../../src/connector.ts";
import type { Coverage } from "../../src/model.ts";
import { armId, directoryId, EVERYONE, type GraphRecord } from "../../src/schema.ts";
import { API, cursorOf, isRefused, reader, STEP, subscriptionScopes } from "./arm.ts";
import { scopeOfAssignment, scopeRecords } from "./assignments.ts";
import { everyone } from "./everyone.ts";
import { namedScope, placeScope } from "./management-groups.ts";
import { actionFlags, evaluateBlock, type PermissionBlock } from "./rights.ts";

export interface DenyAssignment {
  id: string;
  properties: {
    scope?: string;
    permissions?: readonly PermissionBlock[] | null;
    doNotApplyToChildScopes?: boolean | null;
    principals?: readonly DeniedPrincipal[] | null;
    excludePrincipals?: readonly DeniedPrincipal[] | null;
    condition?: string | null;
    denyAssignmentEffect?: string | null;
  };
}
interface DeniedPrincipal {
  id: string;
  type?: string;
}

/** Azure names everybody by the empty GUID of type SystemDefined. */
const EMPTY_GUID = "00000000-0000-0000-0000-000000000000";
const principalOf = ({ id, type }: DeniedPrincipal) =>
  id === EMPTY_GUID || type === "SystemDefined" ? EVERYONE : directoryId(id);

/**
 * DENIED relationships at a scope, one for each principal. Permission blocks are OR-ed. A block under a condition is left
 * out, for it may not hold, and so is what does not block: access is never taken away on a guess.
 * https://learn.microsoft.com/azure/role-based-access-control/deny-assignments
 */
export function denyRecords({ id, properties: p }: DenyAssignment, scope: string): GraphRecord[] {
  const blocks = (p.permissions ?? []).filter((block) => !isConditioned(block)).map(evaluateBlock);
  if (p.condition?.trim() || effectOf(p) !== ENFORCED) return [];
  const flags = actionFlags(new Set(blocks.flatMap((block) => [...block.primitives])));
  const excluded = (p.excludePrincipals ?? []).map(principalOf).sort();
  return (p.principals ?? []).flatMap((principal): GraphRecord[] => {
    const from = { kind: "Principal" as const, id: principalOf(principal) };
    return [
      ...(from.id === EVERYONE ? [everyone()] : []),
      {
        kind: "DENIED",
        from,
        to: { kind: "Scope", id: scope },
        props: { key: armId(id), ...flags, children: p.doNotApplyToChildScopes !== true, excluded },
      },
    ];
  });
}

const isConditioned = (block: PermissionBlock) => Boolean(block.condition?.trim());

/**
 * What a deny assignment does: `enforced`, `audit` (it logs and blocks nothing), or what is not known here. All those that were
 * made before there was a choice are enforced.
 * https://learn.microsoft.com/dotnet/api/azure.resourcemanager.authorization.models.denyassignmenteffect
 */
const effectOf = (p: DenyAssignment["properties"]): string =>
  p.denyAssignmentEffect?.toLowerCase() || ENFORCED;
const ENFORCED = "enforced";
const AUDIT = "audit";

/**
 * What keeps a deny or a part of it from being evaluated: a condition, an effect that is not known, or a list that every deny
 * has and this one does not tell.
 * https://learn.microsoft.com/azure/role-based-access-control/deny-assignments#deny-assignment-properties
 */
function unreadOf({ properties: p }: DenyAssignment): string[] {
  const effect = effectOf(p);
  if (effect === AUDIT) return [];
  const conditioned = Boolean(p.condition?.trim()) || (p.permissions ?? []).some(isConditioned);
  return [
    ...(conditioned ? ["condition"] : []),
    ...(effect === ENFORCED ? [] : [`effect ${effect}`]),
    ...(p.permissions?.length ? [] : ["permissions"]),
    ...(p.principals?.length ? [] : ["principals"]),
  ];
}

/** Pages from where the pass stopped. A service that refuses the version which tells effects knows none but the usual one. */
async function* denyPages(c: StepContext, pass: Pass): AsyncGenerator<AnswerPage<DenyAssignment>> {
  const path = `${pass.scope}/providers/Microsoft.Authorization/denyAssignments?api-version=`;
  let answered = pass.cursor !== undefined;
  try {
    const start = pass.cursor ?? path + API.denyAssignments;
    for await (const page of c.http.pages<DenyAssignment>("arm", start)) {
      answered = true;
      yield page;
    }
    return;
  } catch (error) {
    if (answered || !isRefused(error)) throw error;
  }
  yield* c.http.pages<DenyAssignment>("arm", path + API.authorization);
}

export const denyAssignments: Step = {
  id: STEP.denyAssignments,
  title: "Deny assignments",
  produces: ["Scope", "WITHIN", "Principal", "DENIED"],
  needs: [reader("to read deny assignments, which take rights away")],
  reads: [
    "GET arm /subscriptions/{id}/providers/Microsoft.Authorization/denyAssignments",
    "GET arm /providers/Microsoft.Management/managementGroups/{id}",
    "GET arm /subscriptions",
  ],
  after: [STEP.subscriptions],
  hides: "denies",
  scopes: subscriptionScopes,
  async *crawl(c, pass): AsyncGenerator<Page> {
    for await (const page of denyPages(c, pass)) {
      const records: GraphRecord[] = [];
      for (const deny of page.items) {
        const named = scopeOfAssignment(deny.id, deny.properties.scope);
        const scope = await namedScope(c, named, pass.scope);
        records.push(
          ...scopeRecords(scope),
          ...(await placeScope(c, scope, pass.scope)),
          ...denyRecords(deny, scope),
        );
      }
      const unread = page.items.flatMap((deny) =>
        unreadOf(deny).map((what) => `${what} of ${armId(deny.id)}`),
      );
      const gap: Coverage = {
        step: STEP.denyAssignments,
        scope: pass.scope,
        state: "partial",
        reason: `not evaluated of deny assignments: ${unread.join(", ")}`,
      };
      yield {
        changes: records.map((put) => ({ put })),
        ...(unread.length > 0 ? { gaps: [gap] } : {}),
        ...cursorOf(page),
      };
    }
  },
};
