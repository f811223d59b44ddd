/** Microsoft Graph as the simulator speaks it: what each path lists. */
import { deltaOf } from "./delta.ts";
import { objectOf, typed } from "./objects.ts";
import { type Collection, concat, listOf, page, select, selectedOf } from "./odata.ts";
import type { Ref } from "./random.ts";
import { SERVICES } from "./services.ts";
import type { Tenant } from "./tenant.ts";
import { failure, json, notFound, type Reply, type SimulatedRequest } from "./wire.ts";
import { graphType, type Json, type JsonValue, KIND, unpackRef } from "./world.ts";

/** https://learn.microsoft.com/graph/api/user-list: what comes without `$select`. */
const USER_DEFAULTS = [
  "id",
  "displayName",
  "givenName",
  "surname",
  "userPrincipalName",
  "mail",
  "jobTitle",
  "businessPhones",
  "mobilePhone",
  "officeLocation",
  "preferredLanguage",
] as const;
/** An expanded relationship is cut at 20. https://learn.microsoft.com/graph/query-parameters#expand */
const EXPAND_LIMIT = 20;

const ownersOf = (tenant: Tenant, { kind, index }: Ref): number[] =>
  kind === KIND.group ? tenant.directory.owners(index) : tenant.applications.owners(kind, index);

/** Objects of one kind; those whose type is more special than the list's say so. */
function objects(tenant: Tenant, kind: number, total: number, special: boolean): Collection {
  return {
    total,
    at: (index) => (special ? typed(tenant, { kind, index }) : objectOf(tenant, { kind, index })),
    expand: (index, name) => related(tenant, { kind, index }, name),
  };
}

function related(tenant: Tenant, ref: Ref, name: string): JsonValue | undefined {
  const print = (packed: readonly number[]): Json[] =>
    packed
      .slice(0, EXPAND_LIMIT)
      .map((one) => typed(tenant, unpackRef(one)))
      .filter((object) => object !== undefined);
  if (name === "owners") return print(ownersOf(tenant, ref));
  if (name === "sponsors") return print(tenant.applications.sponsors(ref.kind, ref.index));
  if (name === "members" && ref.kind === KIND.group)
    return print(tenant.directory.members(ref.index, 0, EXPAND_LIMIT));
  if (name === "appRoleAssignedTo") return tenant.consents.assignedTo(ref.index).slice(0, EXPAND_LIMIT);
  if (name === "appRoleAssignments") return held(tenant, ref).slice(0, EXPAND_LIMIT);
  if (name === "federatedIdentityCredentials")
    return tenant.applications.federatedCredentials(ref.kind, ref.index).slice(0, EXPAND_LIMIT);
  return undefined;
}

const held = (tenant: Tenant, { kind, index }: Ref): Json[] =>
  kind === KIND.servicePrincipal ||
  kind === KIND.agent ||
  kind === KIND.blueprintPrincipal ||
  kind === KIND.user ||
  kind === KIND.group
    ? tenant.consents.heldBy(kind, index)
    : [];

/** Packed references as a list of objects. */
function refs(tenant: Tenant, total: number, slots: (at: number) => readonly number[]): Collection {
  return {
    total,
    at(i) {
      const [packed] = slots(i);
      return packed === undefined ? undefined : typed(tenant, unpackRef(packed));
    },
  };
}
const packedList = (tenant: Tenant, packed: readonly number[]): Collection =>
  refs(tenant, packed.length, (i) => packed.slice(i, i + 1));

function members(request: SimulatedRequest, tenant: Tenant, group: number): Reply {
  const selected = selectedOf(request.query);
  const beta = request.base.endsWith("/beta");
  // Only type and id: no object need be made, and a large crawl asks for nothing else.
  const bare = selected?.every((name) => name === "id");
  return page(request, {
    total: tenant.directory.memberSlots(group),
    at(slot) {
      const [packed] = tenant.directory.members(group, slot, 1);
      if (packed === undefined) return undefined;
      // https://learn.microsoft.com/graph/api/group-list-members: v1.0 leaves service principals out.
      if (!beta && PRINCIPALS.some((kind) => kind === unpackRef(packed).kind)) return undefined;
      return bare ? tenant.directory.reference(packed) : typed(tenant, unpackRef(packed));
    },
  });
}

type Answer = (request: SimulatedRequest, tenant: Tenant, ref: Ref) => Reply;
export interface GraphRoute {
  /** `{id}` stands for an object id, or `appId=...`. */
  readonly path: string;
  /** Resource units before `$select`, `$expand` and `$top`. https://learn.microsoft.com/graph/throttling-limits */
  readonly units: number;
  /** Kinds that `{id}` may be. */
  readonly kinds?: readonly number[];
  readonly answer: Answer;
}

const PRINCIPALS = [KIND.servicePrincipal, KIND.agent, KIND.blueprintPrincipal] as const;
const REGISTRATIONS = [KIND.application, KIND.blueprint] as const;
const USERS = [KIND.user, KIND.agentUser] as const;

const list =
  (make: (tenant: Tenant, ref: Ref) => Collection): Answer =>
  (request, tenant, ref) =>
    page(request, make(tenant, ref));
const one: Answer = (request, tenant, ref) => {
  const object = objectOf(tenant, ref);
  if (!object) return notFound(request.path);
  return json(select({ "@odata.type": graphType(ref.kind), ...object }, selectedOf(request.query)));
};
const owners = list((tenant, ref) => packedList(tenant, ownersOf(tenant, ref)));
const sponsors = list((tenant, ref) => packedList(tenant, tenant.applications.sponsors(ref.kind, ref.index)));
const credentials = list((tenant, ref) =>
  listOf(tenant.applications.federatedCredentials(ref.kind, ref.index)),
);
const inheritable = list((tenant, ref) => listOf(tenant.applications.inheritable(ref.index)));

const agents = (tenant: Tenant, special: boolean): Collection => ({
  ...objects(tenant, KIND.agent, tenant.size.agents, special),
  max: 100,
});
const blueprintPrincipals = (tenant: Tenant, special: boolean): Collection =>
  objects(tenant, KIND.blueprintPrincipal, tenant.size.blueprints, special);
const blueprints = (tenant: Tenant, special: boolean): Collection =>
  objects(tenant, KIND.blueprint, tenant.size.blueprints, special);
const agentUsers = (tenant: Tenant, special: boolean): Collection => ({
  ...objects(tenant, KIND.agentUser, tenant.size.agentUsers, special),
  defaults: USER_DEFAULTS,
});
const applications = (tenant: Tenant): Collection => {
  const { registered } = tenant.applications;
  return {
    total: registered.length,
    at: (i) => tenant.applications.application(registered[i]!),
    expand: (i, name) => related(tenant, { kind: KIND.application, index: registered[i]! }, name),
  };
};

/** What agents get of their blueprint principal's application permissions; documented in beta only. */
function inherited(tenant: Tenant, agent: number): Json[] {
  const b = tenant.applications.blueprintOf(agent);
  const excluded = SERVICES[0]!.roles.find((role) => role.name === "AgentIdentity.CreateAsManager")!.id;
  const inherits = tenant.applications.inheritable(b).some((rule) => {
    const roles = rule.inheritableRoles;
    return typeof roles === "object" && roles !== null && "kind" in roles && roles.kind === "allAllowed";
  });
  const graphId = tenant.world.guids.of(KIND.servicePrincipal, 0);
  return tenant.consents
    .heldBy(KIND.blueprintPrincipal, b)
    .filter((row) => inherits && row.resourceId === graphId && row.appRoleId !== excluded)
    .map((row) => ({ ...row, principalId: tenant.world.guids.of(KIND.agent, agent) }));
}

const AGENT = "/servicePrincipals/microsoft.graph.agentIdentity";
const BLUEPRINT = "/applications/microsoft.graph.agentIdentityBlueprint";
const BLUEPRINT_PRINCIPAL = "/servicePrincipals/microsoft.graph.agentIdentityBlueprintPrincipal";
const ROLES = "/roleManagement/directory";

export const GRAPH_ROUTES: readonly GraphRoute[] = [
  {
    path: "/organization",
    units: 1,
    answer: list((tenant) =>
      listOf([
        {
          id: tenant.world.tenantId,
          displayName: "Simulated tenant",
          tenantType: "AAD",
          verifiedDomains: [],
        },
      ]),
    ),
  },
  {
    path: "/security/dataSecurityAndGovernance/sensitivityLabels",
    units: 1,
    answer: list((tenant) => listOf(tenant.files.taxonomy())),
  },
  {
    path: "/users",
    units: 2,
    answer: list((tenant) => ({
      ...concat(objects(tenant, KIND.user, tenant.directory.userCount, false), agentUsers(tenant, true)),
      defaults: USER_DEFAULTS,
    })),
  },
  { path: "/users/delta", units: 1, answer: (request, tenant) => deltaOf(request, tenant, "users") },
  { path: "/users/microsoft.graph.agentUser", units: 2, answer: list((tenant) => agentUsers(tenant, false)) },
  { path: "/users/{id}", units: 1, kinds: USERS, answer: one },
  {
    path: "/users/{id}/appRoleAssignments",
    units: 1,
    kinds: USERS,
    answer: list((tenant, ref) => listOf(held(tenant, ref))),
  },
  {
    path: "/groups",
    units: 1,
    answer: list((tenant) => objects(tenant, KIND.group, tenant.size.groups, false)),
  },
  { path: "/groups/delta", units: 1, answer: (request, tenant) => deltaOf(request, tenant, "groups") },
  { path: "/groups/{id}", units: 1, kinds: [KIND.group], answer: one },
  {
    path: "/groups/{id}/members",
    units: 3,
    kinds: [KIND.group],
    answer: (request, tenant, ref) => members(request, tenant, ref.index),
  },
  { path: "/groups/{id}/owners", units: 1, kinds: [KIND.group], answer: owners },
  {
    path: "/servicePrincipals",
    units: 1,
    answer: list((tenant) =>
      concat(
        objects(tenant, KIND.servicePrincipal, tenant.applications.servicePrincipalCount, false),
        blueprintPrincipals(tenant, true),
        agents(tenant, true),
      ),
    ),
  },
  {
    path: "/servicePrincipals/delta",
    units: 1,
    answer: (request, tenant) => deltaOf(request, tenant, "servicePrincipals"),
  },
  { path: AGENT, units: 1, answer: list((tenant) => agents(tenant, false)) },
  { path: BLUEPRINT_PRINCIPAL, units: 1, answer: list((tenant) => blueprintPrincipals(tenant, false)) },
  { path: "/servicePrincipals/{id}", units: 1, kinds: PRINCIPALS, answer: one },
  { path: `${AGENT}/{id}`, units: 1, kinds: [KIND.agent], answer: one },
  { path: "/servicePrincipals/{id}/owners", units: 1, kinds: PRINCIPALS, answer: owners },
  { path: `${AGENT}/{id}/owners`, units: 1, kinds: [KIND.agent], answer: owners },
  { path: `${AGENT}/{id}/sponsors`, units: 1, kinds: [KIND.agent], answer: sponsors },
  {
    path: "/servicePrincipals/{id}/microsoft.graph.agentIdentity/sponsors",
    units: 1,
    kinds: [KIND.agent],
    answer: sponsors,
  },
  {
    path: `${BLUEPRINT_PRINCIPAL}/{id}/sponsors`,
    units: 1,
    kinds: [KIND.blueprintPrincipal],
    answer: sponsors,
  },
  {
    path: "/servicePrincipals/{id}/appRoleAssignments",
    units: 2,
    kinds: PRINCIPALS,
    answer: list((tenant, ref) => listOf(held(tenant, ref))),
  },
  {
    path: "/servicePrincipals/{id}/appRoleAssignedTo",
    units: 1,
    kinds: PRINCIPALS,
    answer: list((tenant, ref) =>
      listOf(ref.kind === KIND.servicePrincipal ? tenant.consents.assignedTo(ref.index) : []),
    ),
  },
  {
    path: "/servicePrincipals/{id}/oauth2PermissionGrants",
    units: 2,
    kinds: PRINCIPALS,
    answer: list((tenant, ref) => listOf(tenant.consents.grantsOf(ref.kind, ref.index))),
  },
  {
    path: `${AGENT}/{id}/inheritedAppRoleAssignments`,
    units: 1,
    kinds: [KIND.agent],
    answer: (request, tenant, ref) =>
      request.base.endsWith("/beta")
        ? page(request, listOf(inherited(tenant, ref.index)))
        : notFound(request.path),
  },
  {
    path: "/applications",
    units: 2,
    answer: list((tenant) => concat(applications(tenant), blueprints(tenant, true))),
  },
  {
    path: "/applications/delta",
    units: 2,
    answer: (request, tenant) => deltaOf(request, tenant, "applications"),
  },
  { path: BLUEPRINT, units: 2, answer: list((tenant) => blueprints(tenant, false)) },
  { path: "/applications/{id}", units: 2, kinds: REGISTRATIONS, answer: one },
  { path: "/applications/{id}/owners", units: 2, kinds: REGISTRATIONS, answer: owners },
  { path: `${BLUEPRINT}/{id}/owners`, units: 2, kinds: [KIND.blueprint], answer: owners },
  { path: `${BLUEPRINT}/{id}/sponsors`, units: 2, kinds: [KIND.blueprint], answer: sponsors },
  {
    path: "/applications/{id}/microsoft.graph.agentIdentityBlueprint/sponsors",
    units: 2,
    kinds: [KIND.blueprint],
    answer: sponsors,
  },
  {
    path: "/applications/{id}/federatedIdentityCredentials",
    units: 2,
    kinds: REGISTRATIONS,
    answer: credentials,
  },
  {
    path: `${BLUEPRINT}/{id}/federatedIdentityCredentials`,
    units: 2,
    kinds: [KIND.blueprint],
    answer: credentials,
  },
  {
    path: "/applications/{id}/microsoft.graph.agentIdentityBlueprint/inheritablePermissions",
    units: 2,
    kinds: [KIND.blueprint],
    answer: inheritable,
  },
  {
    path: `${BLUEPRINT}/{id}/inheritablePermissions`,
    units: 2,
    kinds: [KIND.blueprint],
    answer: inheritable,
  },
  {
    path: "/oauth2PermissionGrants",
    units: 2,
    answer: list((tenant) => ({ total: tenant.consents.grants.length, at: (n) => tenant.consents.grant(n) })),
  },
  {
    path: "/oauth2PermissionGrants/delta",
    units: 2,
    answer: (request, tenant) => deltaOf(request, tenant, "oauth2PermissionGrants"),
  },
  {
    path: `${ROLES}/roleAssignments`,
    units: 1,
    answer: list((tenant) => {
      const rows = tenant.consents.directoryRoleAssignments();
      return {
        ...listOf(rows),
        expand(i, name) {
          const ref = tenant.world.guids.parse(String(rows[i]?.principalId));
          return name === "principal" && ref ? typed(tenant, ref) : undefined;
        },
      };
    }),
  },
  {
    path: `${ROLES}/roleDefinitions`,
    units: 1,
    answer: list((tenant) => listOf(tenant.consents.directoryRoleDefinitions())),
  },
  {
    path: `${ROLES}/roleEligibilityScheduleInstances`,
    units: 1,
    answer: list((tenant) => listOf(tenant.consents.roleEligibilities())),
  },
  {
    path: "/identityGovernance/privilegedAccess/group/eligibilityScheduleInstances",
    units: 1,
    answer(request, tenant) {
      const group = /groupId eq '([^']+)'/.exec(request.query.get("$filter") ?? "")?.[1];
      const ref = group === undefined ? undefined : tenant.world.guids.parse(group);
      if (!ref) return failure(400, "InvalidFilter", "The request needs $filter on groupId.");
      const assignable = tenant.directory.sortOf(ref.index) === "roleAssignable";
      return page(request, listOf(assignable ? tenant.consents.groupEligibilities(ref.index) : []));
    },
  },
];

/** The object that an id in a path names: an object id, or `appId=...` of an application or its principal. */
export function resolveId(tenant: Tenant, text: string, kinds: readonly number[]): Ref | undefined {
  if (!text.startsWith("appId=")) {
    const ref = tenant.world.guids.parse(text);
    return ref && kinds.includes(ref.kind) && objectOf(tenant, ref) ? ref : undefined;
  }
  const appId = text.slice(6).toLowerCase();
  const registration = kinds.includes(KIND.application);
  const service = SERVICES.findIndex((s) => s.appId === appId);
  const ref = service >= 0 ? { kind: KIND.appId, index: service } : tenant.world.guids.parse(appId);
  if (ref?.kind === KIND.appId)
    return { kind: registration ? KIND.application : KIND.servicePrincipal, index: ref.index };
  if (ref?.kind === KIND.blueprintAppId)
    return { kind: registration ? KIND.blueprint : KIND.blueprintPrincipal, index: ref.index };
  return ref && kinds.includes(ref.kind) ? ref : undefined;
}
