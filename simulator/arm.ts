/** Azure Resource Manager as the simulator speaks it. https://learn.microsoft.com/rest/api/resources */
import type { Tenant } from "./tenant.ts";
import {
  failure,
  json,
  linkTo,
  notFound,
  offsetOf,
  type Reply,
  type SimulatedRequest,
  writeToken,
} from "./wire.ts";
import { type Json, KIND } from "./world.ts";

const PAGE = 1000;
/** https://learn.microsoft.com/rest/api/storagerp/blob-containers/list */
const CONTAINER_PAGE = 5000;
/** Earlier versions of the API leave conditions out. */
const CONDITIONS_SINCE = "2020-03-01-preview";

/** One page of `count` rows, made as they are asked for. */
function page(request: SimulatedRequest, count: number, at: (i: number) => Json, size = PAGE): Reply {
  const from = offsetOf(request.query.get("$skipToken") ?? request.query.get("$skiptoken"));
  const until = Math.min(count, from + size);
  const value = Array.from({ length: Math.max(0, until - from) }, (_, i) => at(from + i));
  const next = until < count ? { nextLink: linkTo(request, { $skipToken: writeToken({ at: until }) }) } : {};
  return json({ value, ...next });
}
const rows = (request: SimulatedRequest, list: readonly Json[]): Reply =>
  page(request, list.length, (i) => list[i]!);

/** A place that a path names, and the lower-cased ids of the places above it. */
export interface Place {
  readonly id: string;
  readonly above: readonly string[];
  readonly subscription?: number;
  readonly account?: number;
  readonly container?: number;
}

/** Finds a place by its id, whatever its case; undefined if there is none. */
export function placeOf(tenant: Tenant, scope: string): Place | undefined {
  const { places, size } = tenant;
  const lower = scope.toLowerCase().replace(/\/+$/, "");
  if (lower === "") return { id: "/", above: [] };
  const group = /^\/providers\/microsoft\.management\/managementgroups\/([^/]+)$/.exec(lower);
  if (group) {
    const m = places.managementGroups.findIndex(({ name }) => name.toLowerCase() === group[1]);
    if (m < 0) return undefined;
    const above = ["/"];
    for (let p = places.managementGroups[m]!.parent; p !== undefined; p = places.managementGroups[p]!.parent)
      above.push(places.managementGroupId(p).toLowerCase());
    return { id: places.managementGroupId(m), above };
  }
  const parts =
    /^\/subscriptions\/([^/]+)(?:\/resourcegroups\/([^/]+)(?:\/providers\/microsoft\.storage\/storageaccounts\/([^/]+)(?:\/blobservices\/default\/containers\/([^/]+))?)?)?$/.exec(
      lower,
    );
  if (!parts) return undefined;
  const [, subscription = "", resourceGroup, accountName, containerName] = parts;
  const s = tenant.world.guids.parse(subscription)?.index ?? size.subscriptions;
  if (s >= size.subscriptions || places.subscriptionGuid(s) !== subscription) return undefined;
  const above = ["/", ...places.ancestors(s).map((m) => places.managementGroupId(m).toLowerCase())];
  if (resourceGroup === undefined) return { id: places.subscriptionId(s), above, subscription: s };
  above.push(places.subscriptionId(s).toLowerCase());
  const r = Array.from({ length: places.groupsPerSubscription }, (_, i) => i).find(
    (i) =>
      places.groupId(s, i).toLowerCase() === `/subscriptions/${subscription}/resourcegroups/${resourceGroup}`,
  );
  if (r === undefined) return undefined;
  if (accountName === undefined) return { id: places.groupId(s, r), above, subscription: s };
  above.push(places.groupId(s, r).toLowerCase());
  const account = places.accountByName(accountName);
  if (account === undefined || !lower.startsWith(places.accountId(account).toLowerCase())) return undefined;
  if (containerName === undefined) return { id: places.accountId(account), above, subscription: s, account };
  const container = places.containerByName(account, containerName);
  if (container === undefined) return undefined;
  above.push(places.accountId(account).toLowerCase());
  return { id: places.containerId(container), above, subscription: s, account, container };
}

type Answer = (request: SimulatedRequest, tenant: Tenant, place: Place) => Reply;
interface ArmRoute {
  /** What follows the place in the path, lower-cased. */
  readonly suffix: string;
  readonly answer: Answer;
}

/** Where blobs of an account are: its own host, or a path of this server. */
function blobEndpoint(request: SimulatedRequest, account: string): string {
  return new URL(request.base).hostname.startsWith("management.")
    ? `https://${account}.blob.core.windows.net/`
    : `${request.base}/blob/${account}/`;
}

const subscriptionOnly =
  (answer: (request: SimulatedRequest, tenant: Tenant, s: number) => Reply): Answer =>
  (request, tenant, place) =>
    place.subscription === undefined ? notFound(request.path) : answer(request, tenant, place.subscription);

function managementGroup(request: SimulatedRequest, tenant: Tenant, place: Place): Reply {
  const { places, world } = tenant;
  const m = places.managementGroups.findIndex((_, i) => places.managementGroupId(i) === place.id);
  if (m < 0) return notFound(request.path);
  const wanted = request.query.get("$expand") === "children";
  const recurse = request.query.get("$recurse")?.toLowerCase() === "true";
  const { displayName, parent, name } = places.managementGroups[m]!;
  const parentInfo =
    parent === undefined
      ? {}
      : {
          parent: {
            id: places.managementGroupId(parent),
            name: places.managementGroups[parent]!.name,
            displayName: places.managementGroups[parent]!.displayName,
          },
        };
  return json({
    id: place.id,
    name,
    type: "Microsoft.Management/managementGroups",
    properties: {
      tenantId: world.tenantId,
      displayName,
      details: { version: 1, updatedTime: world.time, updatedBy: world.tenantId, ...parentInfo },
      ...(wanted ? { children: children(tenant, m, recurse) } : {}),
    },
  });
}

function children(tenant: Tenant, m: number, recurse: boolean): Json[] {
  const { places } = tenant;
  const groups = places.managementGroups.flatMap(({ name, displayName, parent }, child): Json[] => {
    if (parent !== m) return [];
    const below = recurse ? { children: children(tenant, child, true) } : {};
    return [
      {
        id: places.managementGroupId(child),
        type: "Microsoft.Management/managementGroups",
        name,
        displayName,
        ...below,
      },
    ];
  });
  const subscriptions = places.subscriptionsUnder(m).map((s) => ({
    id: places.subscriptionId(s),
    type: "/subscriptions",
    name: places.subscriptionGuid(s),
    displayName: String(places.subscription(s).displayName),
  }));
  return [...groups, ...subscriptions];
}

function accounts(request: SimulatedRequest, tenant: Tenant, place: Place): Reply {
  const { places } = tenant;
  if (place.subscription === undefined) return notFound(request.path);
  const inside = `${place.id.toLowerCase()}/`;
  const list = places
    .accountsOf(place.subscription)
    .filter((a) => places.accountId(a).toLowerCase().startsWith(inside));
  return page(request, list.length, (i) =>
    places.account(list[i]!, blobEndpoint(request, places.accountName(list[i]!))),
  );
}

/** Object id of managed identity k. */
const identityId = (tenant: Tenant, k: number): string =>
  tenant.world.guids.of(KIND.servicePrincipal, tenant.applications.firstIdentity + k);

/** What the host of managed identity k says of its identities: a machine has a user-assigned one, too. */
function identityOf(tenant: Tenant, k: number): Json | undefined {
  const { places, world } = tenant;
  if (places.host(k).userAssigned) return undefined;
  const own = { principalId: identityId(tenant, k), tenantId: world.tenantId };
  if (k === 0 || !places.host(k - 1).userAssigned) return { type: "SystemAssigned", ...own };
  const assigned = { [places.host(k - 1).id]: { principalId: identityId(tenant, k - 1) } };
  return { type: "SystemAssigned, UserAssigned", ...own, userAssignedIdentities: assigned };
}

function userAssignedIdentities(request: SimulatedRequest, tenant: Tenant, s: number): Reply {
  const list: Json[] = [];
  for (let k = s; k < tenant.size.managedIdentities; k += tenant.size.subscriptions) {
    const { id, type, userAssigned } = tenant.places.host(k);
    const properties = { principalId: identityId(tenant, k), tenantId: tenant.world.tenantId };
    if (userAssigned) list.push({ id, name: `host${k}`, type, location: "westeurope", properties });
  }
  return rows(request, list);
}

function resources(request: SimulatedRequest, tenant: Tenant, s: number): Reply {
  const { places, size } = tenant;
  const list: Json[] = places.accountsOf(s).map((a) => ({
    id: places.accountId(a),
    name: places.accountName(a),
    type: "Microsoft.Storage/storageAccounts",
    location: "westeurope",
  }));
  for (let k = s; k < size.managedIdentities; k += size.subscriptions) {
    const { id, type } = places.host(k);
    const identity = identityOf(tenant, k);
    list.push({ id, name: `host${k}`, type, location: "westeurope", ...(identity ? { identity } : {}) });
  }
  const wanted = /resourceType eq '([^']+)'/i.exec(request.query.get("$filter") ?? "")?.[1]?.toLowerCase();
  return rows(request, wanted ? list.filter(({ type }) => String(type).toLowerCase() === wanted) : list);
}

function roleAssignments(request: SimulatedRequest, tenant: Tenant, place: Place): Reply {
  const filter = request.query.get("$filter") ?? "";
  const principal = /^principalId eq '([^']+)'$/i.exec(filter)?.[1]?.toLowerCase();
  const atScope = filter.toLowerCase() === "atscope()";
  if (filter !== "" && !atScope && principal === undefined)
    return failure(400, "UnsupportedQuery", `The filter '${filter}' is not supported here.`);
  const found = tenant.grants.assignments(place.id, atScope, () => place.above);
  const list =
    principal === undefined ? found : found.filter((row) => property(row, "principalId") === principal);
  const old = (request.query.get("api-version") ?? "") < CONDITIONS_SINCE;
  return page(request, list.length, (i) => (old ? withoutCondition(list[i]!) : list[i]!));
}

const property = (row: Json, name: string): unknown => {
  const { properties } = row;
  return typeof properties === "object" && properties !== null && name in properties
    ? Object.entries(properties).find(([key]) => key === name)?.[1]
    : undefined;
};
function withoutCondition(row: Json): Json {
  const kept = Object.entries(row.properties ?? {}).filter(([name]) => !name.startsWith("condition"));
  return { ...row, properties: Object.fromEntries(kept) };
}

/** Rows at a place, above it and below it. */
const inPlace = ({ id, above }: Place, list: readonly Json[]): Json[] =>
  list.filter((row) => {
    const scope = String(property(row, "scope")).toLowerCase();
    return scope === id.toLowerCase() || above.includes(scope) || scope.startsWith(`${id.toLowerCase()}/`);
  });

const AUTHORIZATION = "/providers/microsoft.authorization/";
const STORAGE = "/providers/microsoft.storage/storageaccounts";

/** Longest suffix first. */
export const ARM_ROUTES: readonly ArmRoute[] = [
  { suffix: `${AUTHORIZATION}roleassignments`, answer: roleAssignments },
  {
    suffix: `${AUTHORIZATION}roledefinitions`,
    answer: (request, tenant, place) => rows(request, tenant.grants.roleDefinitions(place.id)),
  },
  {
    suffix: `${AUTHORIZATION}denyassignments`,
    answer: (request, tenant, place) =>
      rows(
        request,
        inPlace(
          place,
          place.subscription === undefined ? [] : tenant.grants.denyAssignments(place.subscription),
        ),
      ),
  },
  {
    suffix: `${AUTHORIZATION}roleeligibilityscheduleinstances`,
    answer: (request, tenant, place) =>
      rows(
        request,
        inPlace(
          place,
          place.subscription === undefined ? [] : tenant.grants.eligibilities(place.subscription),
        ),
      ),
  },
  { suffix: `${AUTHORIZATION}roleassignmentscheduleinstances`, answer: (request) => rows(request, []) },
  { suffix: STORAGE, answer: accounts },
  {
    suffix: "/blobservices/default/containers",
    answer(request, tenant, place) {
      if (place.account === undefined) return notFound(request.path);
      const [from, to] = tenant.places.containersOf(place.account);
      const asked = Number(request.query.get("$maxpagesize") ?? CONTAINER_PAGE);
      const size = Math.min(CONTAINER_PAGE, Math.max(1, asked || CONTAINER_PAGE));
      return page(request, to - from, (i) => tenant.places.container(from + i), size);
    },
  },
  {
    suffix: "/blobservices/default",
    answer: (request, tenant, place) =>
      place.account === undefined
        ? notFound(request.path)
        : json({
            id: `${place.id}/blobServices/default`,
            name: "default",
            type: "Microsoft.Storage/storageAccounts/blobServices",
            properties: { isVersioningEnabled: tenant.places.versioned(place.account) },
          }),
  },
  {
    suffix: "/resourcegroups",
    answer: subscriptionOnly((request, tenant, s) =>
      page(request, tenant.places.groupsPerSubscription, (r) => tenant.places.resourceGroup(s, r)),
    ),
  },
  { suffix: "/resources", answer: subscriptionOnly(resources) },
  {
    suffix: "/providers/microsoft.managedidentity/userassignedidentities",
    answer: subscriptionOnly(userAssignedIdentities),
  },
  {
    suffix: "/subscriptions",
    answer: (request, tenant) =>
      page(request, tenant.size.subscriptions, (s) => tenant.places.subscription(s)),
  },
  {
    suffix: "/tenants",
    answer: (request, tenant) =>
      rows(request, [{ id: `/tenants/${tenant.world.tenantId}`, tenantId: tenant.world.tenantId }]),
  },
  {
    suffix: "/providers/microsoft.management/managementgroups",
    answer: (request, tenant) =>
      page(request, tenant.places.managementGroups.length, (m) => ({
        id: tenant.places.managementGroupId(m),
        name: tenant.places.managementGroups[m]!.name,
        type: "Microsoft.Management/managementGroups",
        properties: {
          tenantId: tenant.world.tenantId,
          displayName: tenant.places.managementGroups[m]!.displayName,
        },
      })),
  },
  {
    suffix: "",
    answer(request, tenant, place) {
      const { places } = tenant;
      if (place.container !== undefined) return json(places.container(place.container));
      if (place.account !== undefined)
        return json(places.account(place.account, blobEndpoint(request, places.accountName(place.account))));
      if (place.id.startsWith("/providers/")) return managementGroup(request, tenant, place);
      if (place.subscription === undefined) return notFound(request.path);
      const group = Array.from({ length: places.groupsPerSubscription }, (_, r) => r).find(
        (r) => places.groupId(place.subscription!, r) === place.id,
      );
      return json(
        group === undefined
          ? places.subscription(place.subscription)
          : places.resourceGroup(place.subscription, group),
      );
    },
  },
];

/** One role definition of a scope, by its name. */
const oneDefinition = (name: string): ArmRoute => ({
  suffix: `${AUTHORIZATION}roledefinitions/{name}`,
  answer(_request, tenant, place) {
    const found = tenant.grants.roleDefinitions(place.id).find((row) => row.name === name);
    return found
      ? json(found)
      : failure(404, "RoleDefinitionDoesNotExist", `There is no role definition ${name}.`);
  },
});

/** Route and place of an ARM path, or undefined. */
export function matchArm(tenant: Tenant, path: string): { route: ArmRoute; place: Place } | undefined {
  const lower = path.toLowerCase().replace(/\/+$/, "");
  const definition = /^(.*)\/providers\/microsoft\.authorization\/roledefinitions\/([^/]+)$/.exec(lower);
  if (definition) {
    const place = placeOf(tenant, definition[1] ?? "");
    return place && { route: oneDefinition(definition[2] ?? ""), place };
  }
  for (const route of ARM_ROUTES) {
    if (!lower.endsWith(route.suffix)) continue;
    const place = placeOf(tenant, path.slice(0, lower.length - route.suffix.length));
    // Lists of the tenant as a whole stand at its root only.
    const rootOnly = ["/subscriptions", "/tenants", "/providers/microsoft.management/managementgroups"];
    if (place && (!rootOnly.includes(route.suffix) || place.id === "/")) return { route, place };
  }
  return undefined;
}
