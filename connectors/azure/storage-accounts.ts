/** Storage accounts with the settings that decide who gets at their data. Keys are never read. */
import type { Page, Step } from "../../src/connector.ts";
import type { Coverage } from "../../src/model.ts";
import { armId, type NodeProps } from "../../src/schema.ts";
import { API, cursorOf, reader, STEP, subscriptionScopes } from "./arm.ts";
import { scopeChain } from "./scopes.ts";

export interface StorageAccount {
  id: string;
  name: string;
  properties?: {
    allowSharedKeyAccess?: boolean | null;
    allowBlobPublicAccess?: boolean | null;
    isHnsEnabled?: boolean | null;
    isSftpEnabled?: boolean | null;
    isLocalUserEnabled?: boolean | null;
    isNfsV3Enabled?: boolean | null;
    publicNetworkAccess?: string | null;
    networkAcls?: NetworkRules | null;
    privateEndpointConnections?: readonly object[] | null;
    primaryEndpoints?: { blob?: string | null } | null;
  };
}

/** https://learn.microsoft.com/azure/storage/common/storage-network-security */
interface NetworkRules {
  defaultAction?: string | null;
  bypass?: string | null;
  ipRules?: readonly { value?: string | null }[] | null;
  virtualNetworkRules?: readonly object[] | null;
  resourceAccessRules?: readonly object[] | null;
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
    ...network(p),
  };
}

/**
 * What the network rules do by default, and in words who they let in if that is not everybody: the request decides.
 * A disabled public endpoint, or a perimeter in its place, refuses like a default action of Deny does.
 */
function network(p: StorageAccount["properties"]): Pick<NodeProps<"Scope">, "network" | "gates"> {
  const endpoints = p?.privateEndpointConnections ?? [];
  const rules = p?.networkAcls;
  const closed = (who: string) => ({ network: "Deny", gates: [`network: only from ${who}`] });
  // They are let in whatever else is closed.
  const exceptions = [
    ...counted(rules?.resourceAccessRules, "resource instance"),
    ...(rules?.bypass?.toLowerCase().includes("azureservices") ? ["trusted Azure services"] : []),
  ];
  switch (p?.publicNetworkAccess?.toLowerCase() || "enabled") {
    case "enabled":
      break;
    case "disabled":
      return closed(["private endpoints", ...exceptions].join(", "));
    case "securedbyperimeter":
      return closed("what its network security perimeter lets in, and private endpoints");
    default:
      // A way to close it that is newer than this.
      return { network: "unknown" };
  }
  const action = rules?.defaultAction?.toLowerCase();
  if (action === "allow") return { network: "Allow" };
  if (action !== "deny") return { network: "unknown" };
  const addresses = (rules?.ipRules ?? []).map(({ value }) => value ?? "an address");
  const shown = addresses.length > MOST_ADDRESSES ? [`${addresses.length} address ranges`] : addresses;
  const who = [
    ...shown,
    ...counted(rules?.virtualNetworkRules, "subnet"),
    ...exceptions,
    ...counted(endpoints, "private endpoint"),
  ];
  return closed(who.length > 0 ? who.join(", ") : "nowhere but future private endpoints");
}

/** More addresses than these are counted, not listed. */
const MOST_ADDRESSES = 3;
const counted = (list: readonly object[] | null | undefined, what: string): string[] =>
  list && list.length > 0 ? [`${list.length} ${what}${list.length === 1 ? "" : "s"}`] : [];

/**
 * SFTP knows local users alone, whose passwords and keys work without any role, and where shared keys are refused, too.
 * An account that does not say whether it has some may have them.
 * https://learn.microsoft.com/azure/storage/blobs/secure-file-transfer-protocol-support
 */
const hasLocalUsers = ({ properties: p }: StorageAccount): boolean =>
  p?.isSftpEnabled === true && p.isLocalUserEnabled !== false;

const localUsersGap = ({ id }: StorageAccount): Coverage => ({
  step: STEP.localUsers,
  scope: armId(id),
  state: "not-modelled",
  reason: "SFTP is switched on: what local users may read and write, and who may make one, is not read.",
});

/**
 * Network rules alone say who mounts a container by NFS: neither roles nor keys nor access lists are asked.
 * https://learn.microsoft.com/azure/storage/blobs/network-file-system-protocol-known-issues
 */
const nfsGap = ({ id }: StorageAccount): Coverage => ({
  step: STEP.nfs,
  scope: armId(id),
  state: "not-modelled",
  reason: "NFS is switched on: machines that the network rules let in read and write without any identity.",
});

/** Ways to the data of an account that no role tells of. */
const otherWays = (account: StorageAccount): Coverage[] => [
  ...(hasLocalUsers(account) ? [localUsersGap(account)] : []),
  ...(account.properties?.isNfsV3Enabled ? [nfsGap(account)] : []),
];

/** https://learn.microsoft.com/rest/api/storagerp/storage-accounts/list */
export const storageAccounts: Step = {
  id: STEP.storageAccounts,
  title: "Storage accounts",
  produces: ["Scope", "WITHIN"],
  needs: [reader("to list storage accounts and their access settings")],
  reads: ["GET arm /subscriptions/{id}/providers/Microsoft.Storage/storageAccounts"],
  after: [STEP.subscriptions],
  hides: "grants",
  parts: [
    { id: STEP.localUsers, title: "Local users of storage accounts (SFTP)", hides: "grants" },
    { id: STEP.nfs, title: "Mounts of storage accounts (NFS)", hides: "grants" },
  ],
  scopes: subscriptionScopes,
  async *crawl(c, pass): AsyncGenerator<Page> {
    const path =
      pass.cursor ?? `${pass.scope}/providers/Microsoft.Storage/storageAccounts?api-version=${API.storage}`;
    for await (const page of c.http.pages<StorageAccount>("arm", path)) {
      const records = page.items.flatMap((account) => scopeChain(account.id, accountProps(account)));
      const gaps = page.items.flatMap(otherWays);
      yield {
        changes: records.map((put) => ({ put })),
        ...(gaps.length > 0 ? { gaps } : {}),
        ...cursorOf(page),
      };
    }
  },
};
