import type { Step, StepContext } from "../../src/connector.ts";
import { CursorExpired } from "../../src/model.ts";
import { type Change, directoryId } from "../../src/schema.ts";
import { type DelegatedGrant, delegatedChanges } from "./grants.ts";
import { DIRECTORY } from "./needs.ts";
import type { Resource } from "./permissions.ts";
import { deltaOrListing } from "./read.ts";

/** Service principals by object id: a grant names its API by nothing else. */
async function apisById(c: Pick<StepContext, "known">): Promise<Map<string, Resource>> {
  const apis = new Map<string, Resource>();
  for (const kind of ["ServicePrincipal", "BlueprintPrincipal", "AgentIdentity"])
    for await (const node of c.known("Principal", { kind }))
      if (node.kind === "Principal")
        apis.set(node.id, { id: node.id, appId: node.props.appId ?? "", name: node.props.name ?? node.id });
  return apis;
}

const removal = (change: Change): Change[] => {
  if (!("put" in change) || change.put.kind !== "CONSENTED") return [];
  const { kind, from, to, props } = change.put;
  return [{ remove: { kind, from, to, key: props?.key ?? "" } }];
};

/**
 * Delegated permission grants. A row of the delta says that a grant changed or went, but not which
 * permissions it had before, so a change of any kind asks for all of them anew: they are few, and most passes
 * find no change.
 */
export const delegatedGrants: Step = {
  id: "entra.delegated-grants",
  title: "Delegated permission grants",
  produces: ["Scope", "CONSENTED"],
  needs: [DIRECTORY],
  reads: ["GET graph /v1.0/oauth2PermissionGrants/delta", "GET graph /v1.0/oauth2PermissionGrants"],
  after: ["entra.service-principals"],
  hides: "grants",
  delta: true,
  async *crawl(c, pass) {
    const apis = await apisById(c);
    if (pass.mode === "full" && pass.cursor !== undefined)
      throw new CursorExpired(
        "grants-partly-read",
        "Grants are read in one go: what came before is not known.",
      );
    // A service may say one grant again while its first list goes on, with less in it, or that it is gone.
    const before = new Map<string, DelegatedGrant>();
    const unknown = new Set<string>();
    const changesOf = (grant: DelegatedGrant): Change[] => {
      const id = directoryId(grant.resourceId);
      if (!apis.has(id)) unknown.add(id);
      return delegatedChanges(grant, apis.get(id) ?? { id, appId: "", name: id }, c.tenantId);
    };
    const paths = {
      delta: "/v1.0/oauth2PermissionGrants/delta",
      list: "/v1.0/oauth2PermissionGrants?$top=999",
    };
    for await (const { items, end } of deltaOrListing<DelegatedGrant>(c, pass, paths)) {
      if (pass.mode === "delta" && items.length > 0)
        throw new CursorExpired("grants-changed", "Delegated grants have changed: all are read anew.");
      const changes = items.flatMap((grant) => {
        const known = before.get(grant.id);
        const gone = known === undefined ? [] : changesOf(known).flatMap(removal);
        if (grant["@removed"] !== undefined) return gone;
        before.set(grant.id, grant);
        return [...gone, ...changesOf(grant)];
      });
      // An API may be younger than the list of them. It will be known, and no change of a grant will say so: all are asked for.
      yield unknown.size === 0 ? { changes, ...end } : { changes };
    }
  },
};
