/** From directory objects to Principal and Agent nodes. Pure. */
import type { StepContext } from "../../src/connector.ts";
import { armId, type Change, directoryId, type NodeProps, type NodeRecord } from "../../src/schema.ts";
import type { Changed } from "./read.ts";

export interface DirectoryObject extends Changed {
  "@odata.type"?: string;
  id: string;
  displayName?: string | null;
}

/** https://learn.microsoft.com/graph/api/resources/user */
export interface User extends DirectoryObject {
  userPrincipalName?: string | null;
  mail?: string | null;
  accountEnabled?: boolean | null;
  userType?: string | null;
  onPremisesSyncEnabled?: boolean | null;
  /** Set on agent users: the agent identity that they belong to. */
  identityParentId?: string | null;
}

/** https://learn.microsoft.com/graph/api/resources/group */
export interface Group extends DirectoryObject {
  mail?: string | null;
  groupTypes?: readonly string[] | null;
  isAssignableToRole?: boolean | null;
  visibility?: string | null;
  onPremisesSyncEnabled?: boolean | null;
}

/** https://learn.microsoft.com/graph/api/resources/serviceprincipal */
export interface ServicePrincipal extends DirectoryObject {
  appId?: string | null;
  servicePrincipalType?: string | null;
  accountEnabled?: boolean | null;
  isDisabled?: boolean | null;
  disabledByMicrosoftStatus?: string | null;
  appOwnerOrganizationId?: string | null;
  alternativeNames?: readonly string[] | null;
  tags?: readonly string[] | null;
  /** Declared for agent identities only. */
  createdDateTime?: string | null;
  /** The app id, not the object id, of the blueprint of an agent identity. */
  agentIdentityBlueprintId?: string | null;
}

export const USER_SELECT =
  "id,displayName,userPrincipalName,mail,accountEnabled,userType,onPremisesSyncEnabled,identityParentId";
export const GROUP_SELECT =
  "id,displayName,mail,groupTypes,isAssignableToRole,visibility,onPremisesSyncEnabled";
export const SERVICE_PRINCIPAL_SELECT =
  "id,appId,displayName,servicePrincipalType,accountEnabled,isDisabled,disabledByMicrosoftStatus," +
  "appOwnerOrganizationId,alternativeNames,tags";

const isType = (object: DirectoryObject, type: string): boolean =>
  object["@odata.type"]?.toLowerCase() === `#microsoft.graph.${type}`.toLowerCase();

export const appAlias = (appId: string): string => `appid:${appId.toLowerCase()}`;

/** By the object id of the application that it belongs to: roles over one application name nothing else. */
export const applicationAlias = (objectId: string): string => `application:${directoryId(objectId)}`;

function aliases(names: Readonly<Record<string, string | null | undefined>>): string[] {
  return Object.entries(names).flatMap(([scheme, name]) => (name ? [`${scheme}:${name.toLowerCase()}`] : []));
}

export const principalRef = (id: string) => ({ kind: "Principal", id: directoryId(id) }) as const;
export const principalByApp = (appId: string) => ({ kind: "Principal", alias: appAlias(appId) }) as const;
export const principalByApplication = (objectId: string) =>
  ({ kind: "Principal", alias: applicationAlias(objectId) }) as const;
export const agentRef = (id: string) => ({ kind: "Agent", id: directoryId(id) }) as const;

const principal = (id: string, props: NodeProps<"Principal">): Change => ({
  put: { kind: "Principal", id: directoryId(id), props },
});

/** A tombstone. Its relationships of this partition go with the node. */
export const removal = (object: DirectoryObject): Change => ({
  remove: { kind: "Principal", id: directoryId(object.id) },
});

/**
 * Deleted users are removed whether or not they can be restored: in delta, soft-deleted users keep their
 * memberships until they are purged, so their reach ends with the node.
 * https://learn.microsoft.com/graph/delta-query-groups
 */
export function userChange(user: User): Change {
  if (user["@removed"] !== undefined) return removal(user);
  const guest = user.userType?.toLowerCase() === "guest";
  const agent = isType(user, "agentUser") || Boolean(user.identityParentId);
  return principal(user.id, {
    kind: agent ? "AgentUser" : guest ? "Guest" : "User",
    name: user.displayName,
    aliases: aliases({ upn: user.userPrincipalName, mail: user.mail }),
    enabled: user.accountEnabled,
    userType: user.userType,
    synced: user.onPremisesSyncEnabled,
  });
}

export const isHidden = (group: Group): boolean => group.visibility?.toLowerCase() === "hiddenmembership";

export function groupChange(group: Group): Change {
  if (group["@removed"] !== undefined) return removal(group);
  const types = group.groupTypes;
  return principal(group.id, {
    kind: "Group",
    name: group.displayName,
    aliases: aliases({ mail: group.mail }),
    dynamic: types?.some((type) => type.toLowerCase() === "dynamicmembership"),
    roleAssignable: group.isAssignableToRole,
    synced: group.onPremisesSyncEnabled,
    hidden: group.visibility === undefined ? undefined : isHidden(group),
  });
}

export function kindOf(object: ServicePrincipal): string {
  const type = object.servicePrincipalType?.toLowerCase();
  if (isType(object, "agentIdentity") || type === "serviceidentity") return "AgentIdentity";
  if (isType(object, "agentIdentityBlueprintPrincipal")) return "BlueprintPrincipal";
  return type === "managedidentity" ? "ManagedIdentity" : "ServicePrincipal";
}

/**
 * False if any of three switches is off, true if the account is on, absent if that was not read.
 * https://learn.microsoft.com/graph/api/resources/serviceprincipal#properties
 */
export function enabledOf(
  object: Pick<ServicePrincipal, "accountEnabled" | "isDisabled" | "disabledByMicrosoftStatus">,
): boolean | undefined {
  const { accountEnabled, isDisabled, disabledByMicrosoftStatus } = object;
  if (accountEnabled === false || isDisabled === true) return false;
  if (disabledByMicrosoftStatus?.toLowerCase().startsWith("disabled")) return false;
  return accountEnabled === true ? true : undefined;
}

export function servicePrincipalChange(object: ServicePrincipal, kind = kindOf(object)): Change {
  if (object["@removed"] !== undefined) return removal(object);
  // The resource that a managed identity belongs to stands among its alternative names.
  const host = object.alternativeNames?.find((name) => name.toLowerCase().startsWith("/subscriptions/"));
  return principal(object.id, {
    kind,
    name: object.displayName,
    aliases: aliases({ appid: object.appId }),
    appId: object.appId?.toLowerCase(),
    enabled: enabledOf(object),
    ownerTenant: object.appOwnerOrganizationId?.toLowerCase(),
    host: kind === "ManagedIdentity" && host !== undefined ? armId(host) : undefined,
  });
}

/** Evidence that this identity is an agent: its own type, or what the configuration says. */
export function evidenceOf(c: Pick<StepContext, "isAgent">, object: ServicePrincipal): string | undefined {
  const kind = kindOf(object);
  if (kind === "AgentIdentity") return "entra: agent identity";
  if (kind === "BlueprintPrincipal") return undefined;
  return c.isAgent({
    id: directoryId(object.id),
    kind,
    ...(object.appId ? { appId: object.appId.toLowerCase() } : {}),
    ...(object.displayName ? { name: object.displayName } : {}),
    ...(object.tags ? { tags: object.tags } : {}),
  });
}

/** The Agent node of an identity and with whose rights it acts: its own. */
export function agentChanges(object: ServicePrincipal, evidence: string): Change[] {
  const enabled = enabledOf(object);
  const agent: NodeRecord<"Agent"> = {
    kind: "Agent",
    id: directoryId(object.id),
    props: {
      kind: kindOf(object),
      name: object.displayName,
      aliases: aliases({ appid: object.appId }),
      platform: "entra",
      estate: kindOf(object) === "AgentIdentity" ? "managed" : "self-hosted",
      status: enabled === undefined ? "unknown" : enabled ? "enabled" : "disabled",
      evidence,
      created: object.createdDateTime,
    },
  };
  return [
    { put: agent },
    {
      put: {
        kind: "ACTS_AS",
        from: agentRef(object.id),
        to: principalRef(object.id),
        props: { mode: "app", key: "app" },
      },
    },
  ];
}

/** What takes an Agent node away again, when the identity is deleted or no longer counts as one. */
export function agentRemovals(id: string): Change[] {
  return [
    { remove: { kind: "ACTS_AS", from: agentRef(id), to: principalRef(id), key: "app" } },
    { remove: { kind: "Agent", id: directoryId(id) } },
  ];
}
