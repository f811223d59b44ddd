/** Subscriptions, each in the management group that holds it. */
import type { Page, Step } from "../../src/connector.ts";
import type { Coverage } from "../../src/model.ts";
import { armId } from "../../src/schema.ts";
import { cursorOf, reader, STEP, SUBSCRIPTIONS } from "./arm.ts";
import { holders } from "./management-groups.ts";
import { portalUrl, rootChain, rootGroupId, scopeNode, within } from "./scopes.ts";

interface Subscription {
  id: string;
  displayName?: string;
  /** Absent in old api-versions. Another tenant's where a subscription is managed for a customer. */
  tenantId?: string | null;
}

export const subscriptions: Step = {
  id: STEP.subscriptions,
  title: "Subscriptions",
  produces: ["Scope", "WITHIN"],
  needs: [reader("to list subscriptions")],
  reads: ["GET arm /subscriptions", "GET arm /providers/Microsoft.Management/managementGroups/{id}"],
  after: [STEP.managementGroups],
  hides: "both",
  parts: [
    {
      id: STEP.delegations,
      title: "Delegated resources of other tenants (Azure Lighthouse)",
      hides: "grants",
    },
  ],
  async *crawl(c, pass): AsyncGenerator<Page> {
    const holderOf = await holders(c);
    for await (const page of c.http.pages<Subscription>("arm", pass.cursor ?? SUBSCRIPTIONS)) {
      const records = page.items.flatMap((subscription) => {
        const id = armId(subscription.id);
        const node = scopeNode(id, {
          name: subscription.displayName ?? id.slice(id.lastIndexOf("/") + 1),
          url: portalUrl(id, c.tenantId),
        });
        // Wherever it stands in the tree, a subscription lies under the root group of its own tenant. That of
        // another tenant is not under ours, nor is it under our `/`.
        const holder = holderOf.get(id) ?? rootGroupId(subscription.tenantId || c.tenantId);
        return [node, scopeNode(holder), within(id, holder)];
      });
      // What its own tenant was delegated there, the listing of role assignments leaves out.
      // https://learn.microsoft.com/azure/role-based-access-control/role-assignments-list-rest
      const foreign: Coverage[] = page.items
        .filter(({ tenantId }) => tenantId && tenantId.toLowerCase() !== c.tenantId.toLowerCase())
        .map(({ id }) => ({
          step: STEP.delegations,
          scope: armId(id),
          state: "not-modelled",
          reason:
            "A subscription of another tenant: what this tenant was delegated there (Azure Lighthouse) is not read.",
        }));
      yield {
        changes: [...rootChain(c.tenantId), ...records].map((put) => ({ put })),
        ...(foreign.length > 0 ? { gaps: foreign } : {}),
        ...cursorOf(page),
      };
    }
  },
};
