/** Storage accounts with the settings that decide who gets at their data. Keys are never read. */
import type { Page, Step } from "../../src/connector.ts";
import type { NodeProps } from "../../src/schema.ts";
import { API, cursorOf, reader, STEP, subscriptionScopes } from "./arm.ts";
import { scopeChain } from "./scopes.ts";

export interface StorageAccount {
  id: string;
  name: string;
  properties?: {
    allowSharedKeyAccess?: boolean | null;
    allowBlobPublicAccess?: boolean | null;
    isHnsEnabled?: boolean | null;
    publicNetworkAccess?: string | null;
    networkAcls?: { defaultAction?: string | null } | null;
    primaryEndpoints?: { blob?: string | null } | null;
  };
}

/**
 * Absent settings stay absent: a missing allowSharedKeyAccess means that keys are accepted, a missing
 * allowBlobPublicAccess that the container decides.
 * https://learn.microsoft.com/azure/storage/common/shared-key-authorization-prevent
 */
export function accountProps({ name, properties: p }: StorageAccount): NodeProps<"Scope"> {
  return {
    name,
    ...(p?.primaryEndpoints?.blob ? { url: p.primaryEndpoints.blob } : {}),
    ...(typeof p?.allowSharedKeyAccess === "boolean" ? { sharedKey: p.allowSharedKeyAccess } : {}),
    ...(typeof p?.allowBlobPublicAccess === "boolean" ? { allowPublic: p.allowBlobPublicAccess } : {}),
    // ARM leaves the property out where the namespace is flat.
    hns: p?.isHnsEnabled ?? false,
    network: network(p),
  };
}

/** A disabled public endpoint refuses like a default action of Deny does: private endpoints remain. */
function network(p: StorageAccount["properties"]): string {
  if (p?.publicNetworkAccess?.toLowerCase() === "disabled") return "Deny";
  const action = p?.networkAcls?.defaultAction;
  return action === "Allow" || action === "Deny" ? action : "unknown";
}

/** https://learn.microsoft.com/rest/api/storagerp/storage-accounts/list */
export const storageAccounts: Step = {
  id: STEP.storageAccounts,
  title: "Storage accounts",
  produces: ["Scope", "WITHIN"],
  needs: [reader("to list storage accounts and their access settings")],
  reads: ["GET arm /subscriptions/{id}/providers/Microsoft.Storage/storageAccounts"],
  after: [STEP.subscriptions],
  hides: "grants",
  scopes: subscriptionScopes,
  async *crawl(c, pass): AsyncGenerator<Page> {
    const path =
      pass.cursor ?? `${pass.scope}/providers/Microsoft.Storage/storageAccounts?api-version=${API.storage}`;
    for await (const page of c.http.pages<StorageAccount>("arm", path)) {
      const records = page.items.flatMap((account) => scopeChain(account.id, accountProps(account)));
      yield { changes: records.map((put) => ({ put })), ...cursorOf(page) };
    }
  },
};
