/** Deny assignments of each subscription: made by Azure for managed applications and deployment stacks. */
import type { Page, Step } from "../../src/connector.ts";
import type { Coverage } from "../../src/model.ts";
import { armId, directoryId, EVERYONE, type GraphRecord } from "../../src/schema.ts";
import { API, cursorOf, reader, STEP, subscriptionScopes } from "./arm.ts";
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
 * out, for it may not hold: access is never taken away on a guess.
 * https://learn.microsoft.com/azure/role-based-access-control/deny-assignments
 */
export function denyRecords({ id, properties: p }: DenyAssignment, scope: string): GraphRecord[] {
  const blocks = (p.permissions ?? []).filter((block) => !isConditioned(block)).map(evaluateBlock);
  if (p.condition?.trim()) return [];
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

/** True if a condition decides about the deny or a part of it. */
const hasCondition = ({ properties: p }: DenyAssignment) =>
  Boolean(p.condition?.trim()) || (p.permissions ?? []).some(isConditioned);

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
    const path =
      pass.cursor ??
      `${pass.scope}/providers/Microsoft.Authorization/denyAssignments?api-version=${API.authorization}`;
    for await (const page of c.http.pages<DenyAssignment>("arm", path)) {
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
      const conditioned = page.items.filter(hasCondition).map(({ id }) => armId(id));
      const gap: Coverage = {
        step: STEP.denyAssignments,
        scope: pass.scope,
        state: "partial",
        reason: `conditions of deny assignments are not evaluated: ${conditioned.join(", ")}`,
      };
      yield {
        changes: records.map((put) => ({ put })),
        ...(conditioned.length > 0 ? { gaps: [gap] } : {}),
        ...cursorOf(page),
      };
    }
  },
};
