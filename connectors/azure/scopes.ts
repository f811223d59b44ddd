/** Azure scopes as graph records: kinds, parents and chains, all computed from the ARM id. Pure. */
import {
  armId,
  type GraphRecord,
  type NodeProps,
  type NodeRecord,
  planeId,
  type RelRecord,
} from "../../src/schema.ts";

export type ScopeKind =
  | "TenantRoot"
  | "ManagementGroup"
  | "Subscription"
  | "ResourceGroup"
  | "StorageAccount"
  | "Container"
  | "Resource";

export const TENANT_ROOT = "/";
const AZURE = planeId("azure");
/** Every tenant has one management group that holds all others; it is named like the tenant. */
export const rootGroupId = (tenantId: string) =>
  armId(`/providers/Microsoft.Management/managementGroups/${tenantId}`);

const SHAPES: readonly (readonly [ScopeKind, RegExp])[] = [
  ["TenantRoot", /^\/$/],
  ["ManagementGroup", /^\/providers\/microsoft\.management\/managementgroups\/[^/]+$/],
  ["Subscription", /^\/subscriptions\/[^/]+$/],
  ["ResourceGroup", /^\/subscriptions\/[^/]+\/resourcegroups\/[^/]+$/],
  ["StorageAccount", /\/providers\/microsoft\.storage\/storageaccounts\/[^/]+$/],
  [
    "Container",
    /\/providers\/microsoft\.storage\/storageaccounts\/[^/]+\/blobservices\/[^/]+\/containers\/[^/]+$/,
  ],
];
const BLOB_SERVICE = /\/providers\/microsoft\.storage\/storageaccounts\/[^/]+\/blobservices\/[^/]+$/;

/** What sort of scope an ARM id names; `Resource` for anything without a kind of its own. */
export const scopeKind = (id: string): ScopeKind =>
  SHAPES.find(([, shape]) => shape.test(armId(id)))?.[0] ?? "Resource";

/** True for `…/blobServices/default`, which stands between an account and its containers. */
export const isBlobService = (id: string): boolean => BLOB_SERVICE.test(armId(id));

/**
 * The scope that holds this one, as far as its id tells; undefined for `/`. Management groups and
 * subscriptions lie under `/`: between them stands what the management group tree says. A container lies in
 * its account, the blob service between them is left out.
 */
export function armParent(id: string): string | undefined {
  const scope = armId(id);
  if (scope === TENANT_ROOT) return undefined;
  const segments = scope.slice(1).split("/");
  const ends = levels(segments);
  const up = scopeKind(scope) === "Container" ? 3 : 2;
  return armId(segments.slice(0, ends.at(-up)).join("/"));
}

/** Where each level ends: `type/name`, or `providers/namespace/type/name` where a provider begins. */
function levels(segments: readonly string[]): number[] {
  const ends = [0];
  for (let at = 0; at < segments.length; ) {
    at = Math.min(at + (segments[at] === "providers" ? 4 : 2), segments.length);
    ends.push(at);
  }
  return ends;
}

/** True if `id` is `ancestor` or lies below it by its id alone: a prefix that ends at a slash. */
export function isAtOrBelow(id: string, ancestor: string): boolean {
  const [scope, top] = [armId(id), armId(ancestor)];
  return top === TENANT_ROOT || scope === top || scope.startsWith(`${top}/`);
}

/** The subscription that an id lies in, if it lies in one. */
export const subscriptionOf = (id: string): string | undefined =>
  /^\/subscriptions\/[^/]+/.exec(armId(id))?.[0];

export function scopeNode(id: string, props?: NodeProps<"Scope">): NodeRecord<"Scope"> {
  const kind = scopeKind(id);
  const name = kind === "TenantRoot" ? { name: "Tenant root" } : {};
  return { kind: "Scope", id: armId(id), props: { kind, plane: "azure", ...name, ...props } };
}

/** Both by their node ids. */
export const within = (child: string, parent: string): RelRecord<"WITHIN"> => ({
  kind: "WITHIN",
  from: { kind: "Scope", id: child },
  to: { kind: "Scope", id: parent },
});

/**
 * A scope with all that holds it, up to its subscription, or to `/` for what lies in none. Holders carry no
 * name here: the step that lists them knows it. What holds a subscription or a management group is not said.
 */
export function scopeChain(id: string, props?: NodeProps<"Scope">): GraphRecord[] {
  const records: GraphRecord[] = [scopeNode(id, props)];
  let scope = armId(id);
  while (scopeKind(scope) !== "Subscription" && scopeKind(scope) !== "ManagementGroup") {
    const parent = armParent(scope);
    if (parent === undefined) break;
    records.push(scopeNode(parent), within(scope, parent));
    scope = parent;
  }
  return records;
}

/**
 * `/` in Azure as a whole, where consents stand that let applications act for users: with it, Azure is a service that somebody
 * has looked at.
 */
export const tenantRoot = (): GraphRecord[] => [
  { kind: "Scope", id: AZURE, props: { kind: "Service", name: "Azure", plane: "azure" } },
  scopeNode(TENANT_ROOT),
  within(TENANT_ROOT, AZURE),
];

/** The tenant's root group in `/`: true of every tenant, whatever could be read. */
export const rootChain = (tenantId: string): GraphRecord[] => [
  ...tenantRoot(),
  scopeNode(rootGroupId(tenantId)),
  within(rootGroupId(tenantId), TENANT_ROOT),
];

/** Where a person opens a scope in the portal. */
export const portalUrl = (id: string, tenantId: string): string =>
  `https://portal.azure.com/#@${tenantId}/resource${encodeURI(id)}`;
