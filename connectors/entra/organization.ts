import type { Step } from "../../src/connector.ts";
import { armId, type Change } from "../../src/schema.ts";
import { USERS } from "./needs.ts";
import type { DirectoryObject } from "./principals.ts";
import { listing } from "./read.ts";

/** The tenant's name, for the scope `/` under which everything in Azure stands. */
export const organizationChange = (organization: DirectoryObject): Change => ({
  put: { kind: "Scope", id: armId("/"), props: { name: organization.displayName } },
});

/** Several permissions open it. User.Read.All is one that is asked for anyway: https://learn.microsoft.com/graph/permissions-reference */
export const organization: Step = {
  id: "entra.organization",
  title: "Name of the tenant",
  produces: ["Scope"],
  needs: [USERS],
  reads: ["GET graph /v1.0/organization"],
  hides: "grants",
  async *crawl(c, pass) {
    const path = "/v1.0/organization?$select=id,displayName";
    for await (const { items, end } of listing<DirectoryObject>(c, pass, path))
      yield { changes: items.map(organizationChange), ...end };
  },
};
