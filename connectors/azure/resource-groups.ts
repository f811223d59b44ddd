/** Resource groups of each subscription. */
import type { Page, Step } from "../../src/connector.ts";
import { API, cursorOf, reader, STEP, subscriptionScopes } from "./arm.ts";
import { portalUrl, scopeChain } from "./scopes.ts";

interface ResourceGroup {
  id: string;
  name: string;
}

/** https://learn.microsoft.com/rest/api/resources/resource-groups/list */
export const resourceGroups: Step = {
  id: STEP.resourceGroups,
  title: "Resource groups",
  produces: ["Scope", "WITHIN"],
  needs: [reader("to list resource groups")],
  reads: ["GET arm /subscriptions/{id}/resourcegroups"],
  after: [STEP.subscriptions],
  hides: "grants",
  scopes: subscriptionScopes,
  async *crawl(c, pass): AsyncGenerator<Page> {
    const path = pass.cursor ?? `${pass.scope}/resourcegroups?api-version=${API.resourceGroups}`;
    for await (const page of c.http.pages<ResourceGroup>("arm", path)) {
      const records = page.items.flatMap(({ id, name }) =>
        scopeChain(id, { name, url: portalUrl(id, c.tenantId) }),
      );
      yield { changes: records.map((put) => ({ put })), ...cursorOf(page) };
    }
  },
};
