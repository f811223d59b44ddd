/**
 * What application permissions open, by the API that defines them and their name: never by name alone, as
 * several APIs use one name. https://learn.microsoft.com/graph/permissions-reference
 */
import type { Action } from "../../src/schema.ts";
import { AZURE_PLACE, type Class, type Place, type Plane, planePlace, unreadService } from "./planes.ts";

export const GRAPH = "00000003-0000-0000-c000-000000000000";
export const SHAREPOINT = "00000003-0000-0ff1-ce00-000000000000";
export const EXCHANGE = "00000002-0000-0ff1-ce00-000000000000";
export const AAD_GRAPH = "00000002-0000-0000-c000-000000000000";

const API_NAMES: Readonly<Record<string, string>> = {
  [GRAPH]: "graph",
  [SHAREPOINT]: "sharepoint",
  [EXCHANGE]: "exchange",
  [AAD_GRAPH]: "aad-graph",
};

/** Graph and its predecessor, which name their permissions alike. */
const isDirectoryApi = (appId: string): boolean => [GRAPH, AAD_GRAPH].includes(appId.toLowerCase());

const SEE = ["see"] as const;
const READ = ["read", "see"] as const;
const CHANGE = ["read", "write", "add", "delete", "see"] as const;
const CONFIGURE = ["write", "see"] as const;
const MEMBERS = ["assign", "see"] as const;

type Meaning = Partial<Record<Plane, readonly Action[]>>;
type Table = Readonly<Record<string, Meaning>>;

/** Permissions of mailboxes; Graph and Exchange's own API name them alike. */
const MAIL: Table = {
  "Mail.ReadBasic": { exchange: SEE },
  "Mail.ReadBasic.All": { exchange: SEE },
  "Mail.Read": { exchange: READ },
  "Mail.ReadWrite": { exchange: CHANGE },
  // Puts new mail into mailboxes as any user; can neither list, read nor change what is there.
  "Mail.Send": { exchange: ["add"] },
  "Calendars.ReadBasic": { exchange: SEE },
  "Calendars.ReadBasic.All": { exchange: SEE },
  "Calendars.Read": { exchange: READ },
  "Calendars.Read.All": { exchange: READ },
  "Calendars.ReadWrite": { exchange: CHANGE },
  "Calendars.ReadWrite.All": { exchange: CHANGE },
  "Contacts.Read": { exchange: READ },
  "Contacts.ReadWrite": { exchange: CHANGE },
  "MailboxSettings.Read": { exchange: SEE },
  // Settings include rules that forward, move and delete mail as it comes.
  "MailboxSettings.ReadWrite": { exchange: CONFIGURE },
};

const SITES: Table = {
  "Sites.Read.All": { sharepoint: READ },
  "Sites.ReadWrite.All": { sharepoint: CHANGE },
  "Sites.Manage.All": { sharepoint: CHANGE },
  "Sites.FullControl.All": { sharepoint: [...CHANGE, "setAcl", "own"] },
  "TermStore.Read.All": { sharepoint: SEE },
};

const GRAPH_TABLE: Table = {
  ...MAIL,
  ...SITES,
  "Files.Read.All": { sharepoint: READ },
  "Files.ReadWrite.All": { sharepoint: CHANGE },
  "SharePointTenantSettings.Read.All": { sharepoint: SEE },
  "MailboxFolder.Read.All": { exchange: SEE },
  "MailboxFolder.ReadWrite.All": { exchange: ["write", "add", "delete", "see"] },
  "MailboxItem.Read.All": { exchange: READ },
  "MailboxItem.ReadWrite.All": { exchange: CHANGE },
  "MailboxItem.Export.All": { exchange: READ },
  "MailboxItem.ImportExport.All": { exchange: ["read", "write", "add", "see"] },
  "MailTips.ReadBasic.All": { exchange: SEE },
  "Chat.ReadBasic.All": { teams: SEE },
  "Chat.Read.All": { teams: READ },
  "ChatMessage.Read.All": { teams: READ },
  "Chat.ReadWrite.All": { teams: CHANGE },
  "Chat.UpdatePolicyViolation.All": { teams: ["write"] },
  "Chat.ManageDeletion.All": { teams: ["delete"] },
  "Chat.Create": { teams: ["add"] },
  "ChatMember.Read.All": { teams: SEE },
  "ChatMember.ReadWrite.All": { teams: MEMBERS },
  "Channel.ReadBasic.All": { teams: SEE },
  "Channel.Create": { teams: ["add"] },
  "Channel.Delete.All": { teams: ["delete"] },
  "ChannelMessage.Read.All": { teams: READ },
  "ChannelMessage.UpdatePolicyViolation.All": { teams: ["write"] },
  "ChannelMember.Read.All": { teams: SEE },
  "ChannelMember.ReadWrite.All": { teams: MEMBERS },
  "ChannelSettings.Read.All": { teams: SEE },
  "ChannelSettings.ReadWrite.All": { teams: CONFIGURE },
  "Team.ReadBasic.All": { teams: SEE },
  "Team.Create": { teams: ["add"] },
  "TeamMember.Read.All": { teams: SEE },
  "TeamMember.ReadWrite.All": { teams: MEMBERS },
  "TeamMember.ReadWriteNonOwnerRole.All": { teams: MEMBERS },
  "TeamSettings.Read.All": { teams: SEE },
  "TeamSettings.ReadWrite.All": { teams: CONFIGURE },
  "TeamsTab.Read.All": { teams: SEE },
  "Teamwork.Migrate.All": { teams: ["add"] },
  "CallRecords.Read.All": { teams: SEE },
  "CallTranscripts.Read.All": { teams: READ },
  "CallRecordings.Read.All": { teams: READ },
  "OnlineMeetings.Read.All": { teams: READ },
  "OnlineMeetings.ReadWrite.All": { teams: CHANGE },
  "OnlineMeetingArtifact.Read.All": { teams: SEE },
  "OnlineMeetingTranscript.Read.All": { teams: READ },
  "OnlineMeetingRecording.Read.All": { teams: READ },
  "OnlineMeetingAiInsight.Read.All": { teams: READ },
  "Group.Read.All": { directory: SEE, groups: READ, teams: READ, sharepoint: READ },
  // Changes channels and their messages; of files it gets no more than to read them.
  "Group.ReadWrite.All": { directory: CONFIGURE, groups: CHANGE, teams: CHANGE, sharepoint: READ },
  "Group-Conversation.Read.All": { groups: READ },
  "Group-Conversation.ReadWrite.All": { groups: CHANGE },
  "Notes.Read.All": { onenote: READ },
  "Notes.ReadWrite.All": { onenote: CHANGE },
  "Tasks.Read.All": { planner: READ },
  "Tasks.ReadWrite.All": { planner: CHANGE },
  "AiEnterpriseInteraction.Read.All": { copilot: READ },
  "ExternalConnection.Read.All": { connectors: SEE },
  "ExternalItem.Read.All": { connectors: READ },
  "ExternalItem.ReadWrite.All": { connectors: CHANGE },
  // These change what anybody may do: with them the holder can open every service to itself.
  "AppRoleAssignment.ReadWrite.All": {
    directory: ["assign", "see"],
    sharepoint: ["assign"],
    exchange: ["assign"],
    teams: ["assign"],
    groups: ["assign"],
    onenote: ["assign"],
    planner: ["assign"],
    copilot: ["assign"],
    connectors: ["assign"],
    intune: ["assign"],
  },
  "DelegatedPermissionGrant.ReadWrite.All": { directory: MEMBERS },
  "Policy.ReadWrite.PermissionGrant": { directory: MEMBERS },
  // With it the holder lifts what blocks anybody, itself too.
  "Policy.ReadWrite.ConditionalAccess": { directory: [...CONFIGURE, "assign"] },
  "RoleManagement.ReadWrite.Directory": { directory: [...CONFIGURE, "assign"] },
  "RoleManagement.ReadWrite.Exchange": { exchange: ["assign"] },
  "RoleAssignmentSchedule.ReadWrite.Directory": { directory: [...CONFIGURE, "assign"] },
  "RoleEligibilitySchedule.ReadWrite.Directory": { directory: [...CONFIGURE, "assign"] },
};

const TABLES: Readonly<Record<string, Table>> = {
  [GRAPH]: GRAPH_TABLE,
  [SHAREPOINT]: {
    ...SITES,
    "User.Read.All": { directory: SEE },
    "User.ReadWrite.All": { directory: CONFIGURE },
  },
  [EXCHANGE]: {
    ...MAIL,
    // https://learn.microsoft.com/exchange/client-developer/exchange-web-services/how-to-authenticate-an-ews-application-by-using-oauth
    full_access_as_app: { exchange: [...CHANGE, "setAcl"] },
  },
  [AAD_GRAPH]: {},
};

/**
 * First words of permissions that open the configuration of one plane and no content. `Read` sees; anything
 * else changes settings too.
 */
const AREAS: readonly (readonly [Plane, RegExp])[] = [
  [
    "intune",
    /^(DeviceManagement(Apps|Configuration|ManagedDevices|RBAC|Scripts|ServiceConfig|CloudCA)|CloudPC)\./i,
  ],
  [
    "directory",
    new RegExp(
      "^(User|User-[A-Za-z]+|Directory|Group|GroupMember|GroupSettings|Group-[A-Z][A-Za-z]+|Member|Application|AppRoleAssignment" +
        "|AdministrativeUnit|Agreement|AgreementAcceptance|APIConnectors|AuditLog|ProvisioningLog|AuthenticationContext" +
        "|AccessReview|ConsentRequest|CrossTenant[A-Za-z]+|CustomAuthenticationExtension|CustomSecAttribute[A-Za-z]+" +
        "|DelegatedAdminRelationship|DelegatedPermissionGrant|Device|Domain|EntitlementManagement" +
        "|Identity[A-Za-z]+|LicenseAssignment|LifeCycleInfo|LifecycleWorkflows[A-Za-z-]*|MultiTenantOrganization" +
        "|MutualTlsOauthConfiguration|NetworkAccess[A-Za-z-]*|OnPremDirectorySynchronization|OrgContact|Organization" +
        "|OrganizationalBranding|OrgSettings-[A-Za-z0-9]+|People|Policy|PrivilegedA[A-Za-z]+|PrivilegedEligibilitySchedule" +
        "|ProfilePhoto|PublicKeyInfrastructure|ReportSettings|Reports|ResourceSpecificPermissionGrant" +
        "|RoleManagement|RoleManagementAlert|RoleManagementPolicy|RoleAssignmentSchedule|RoleEligibilitySchedule" +
        "|ServiceHealth|ServiceMessage|SignInIdentifier|Synchronization|TenantGovernance-[A-Za-z]+|TrustFrameworkKeySet" +
        "|UserAuthenticationMethod|UserAuthMethod-[A-Za-z]+|AppCatalog|InformationProtectionPolicy|SensitivityLabels" +
        "|AgentIdentity|AgentIdentityBlueprint|AgentIdentityBlueprintPrincipal|AgentIdUser|AgentInstance|AgentCollection" +
        "|AgentCardManifest|AgentRegistration|CopilotPackages)\\.",
      "i",
    ),
  ],
];

/**
 * Of a group these give what it has in other services: messages of its team's channels, items of its drive. What belongs to no
 * group, such as a chat between two, is not said there: an upper bound.
 * https://learn.microsoft.com/graph/api/channel-list-messages#permissions
 * https://learn.microsoft.com/graph/api/driveitem-get#permissions
 */
const OF_GROUPS = new Set(["Group.Read.All", "Group.ReadWrite.All"]);
/** Only people's groups have plans: https://learn.microsoft.com/graph/api/plannergroup-list-plans#permissions */
const FOR_USERS: Readonly<Record<string, readonly Plane[]>> = {
  "Group.Read.All": ["planner"],
  "Group.ReadWrite.All": ["planner"],
};

/** In an area of configuration, yet more than configuration: exports of a user's data, roles on Azure. */
const NOT_CONFIGURATION = new Set(["User.Export.All", "PrivilegedAccess.ReadWrite.AzureResources"]);

/** Permissions of one place at a time: the rows that open something are kept in SharePoint itself. */
const SELECTED = /^(Sites\.Selected|(Lists|ListItems|Files)\.SelectedOperations\.Selected)$/i;

export interface Opening {
  place: Place;
  /** What it allows there; absent if no rule says. */
  actions?: readonly Action[];
  /** True if something that is not read keeps it from part of what lies there. */
  narrowed?: boolean;
}

/** The API as the tenant's own service principal names it. */
export interface Resource {
  id: string;
  appId: string;
  name: string;
}

const meaningIn = (table: Table | undefined, permission: string): Meaning | undefined =>
  table !== undefined && Object.hasOwn(table, permission) ? table[permission] : undefined;

/** What an application permission opens. Never empty: what no table knows is a place with unknown rights. */
export function openings(resource: Resource, permission: string, tenantId: string): Opening[] {
  const table = TABLES[resource.appId.toLowerCase()];
  if (table === undefined) return [{ place: apiPlace(resource) }];
  const known = meaningIn(table, permission);
  if (known !== undefined)
    return Object.entries(known).map(([plane, actions]) => ({
      ...{ place: planePlace(plane as Plane), actions },
      narrowed: isNarrowed(permission, plane as Plane),
    }));
  if (SELECTED.test(permission))
    return [
      {
        place: unreadService("sharepoint-selected", tenantId, "Sites, lists and files granted one by one"),
      },
    ];
  if (isDirectoryApi(resource.appId) && !NOT_CONFIGURATION.has(permission))
    for (const [plane, area] of AREAS)
      if (area.test(permission))
        return [{ place: planePlace(plane), actions: reads(permission) ? SEE : CONFIGURE }];
  const area = permission.split(".")[0] ?? permission;
  const api = API_NAMES[resource.appId.toLowerCase()] ?? "api";
  return [{ place: unreadService(api, area, `${resource.name}: ${area}`) }];
}

/**
 * Policies of Exchange Online, which are not read, may keep an application from some mailboxes:
 * https://learn.microsoft.com/exchange/permissions-exo/application-access-policies
 */
const isNarrowed = (permission: string, plane: Plane): boolean =>
  plane === "exchange" || (OF_GROUPS.has(permission) && (plane === "teams" || plane === "sharepoint"));

const reads = (permission: string): boolean => /\.Read(Basic|For[A-Z][a-z]+)?(\.|$)/i.test(permission);

/** An API without a table: custom ones, security products, anything that is not Microsoft 365 or Entra. */
export const apiPlace = (resource: Resource): Place =>
  unreadService("api", resource.id, `${resource.name} (API)`);

/** First words of delegated permissions, whose short forms (`Files.Read`, `Mail.Read.Shared`) no application has. */
const DELEGATED_AREAS: readonly (readonly [Plane, RegExp])[] = [
  ["sharepoint", /^(Files|Sites|AllSites|MyFiles)\./i],
  ["exchange", /^(Mail|Calendars|Contacts|MailboxSettings|MailboxFolder|MailboxItem|EWS|IMAP|POP|SMTP)\./i],
  ["teams", /^(Chat|ChatMessage|ChannelMessage|Channel|Team|OnlineMeetings|OnlineMeetingTranscript)\./i],
  ["onenote", /^Notes\./i],
  ["planner", /^Tasks\./i],
  ["connectors", /^ExternalItem\./i],
  ["directory", /^(openid|profile|email|offline_access|user_impersonation|User\..*)$/i],
];

/**
 * With these APIs an application does for a user what that user's Azure roles say: at the control plane, or with blobs.
 * https://learn.microsoft.com/entra/agent-id/sidecar-call-azure-api-as-user
 */
const AZURE: Readonly<Record<string, readonly Action[]>> = {
  "797f4846-ba00-4fd7-a4dc-ca6d6d2ef0b6": ["see", "assign"],
  "e406a681-f3d4-42a8-90b6-c2b029497af1": ["read", "write", "add", "delete", "see"],
};
const IMPERSONATION = "user_impersonation";

/**
 * Delegated permissions that let more than their name says: SharePoint's own service principal describes both as to read, create,
 * update and delete. No application has them.
 */
const DELEGATED_TABLES: Readonly<Record<string, Table>> = {
  [SHAREPOINT]: { "AllSites.Write": { sharepoint: CHANGE }, "MyFiles.Write": { sharepoint: CHANGE } },
};

/**
 * How the tables here spell permissions. A grant keeps the letters of whoever made it, and the service compares scopes without
 * regard to case. https://github.com/AzureAD/microsoft-authentication-library-for-go/issues/214
 */
const SPELLINGS: ReadonlyMap<string, string> = new Map(
  [
    ...[...Object.values(TABLES), ...Object.values(DELEGATED_TABLES)].flatMap(Object.keys),
    ...NOT_CONFIGURATION,
    IMPERSONATION,
  ].map((name) => [name.toLowerCase(), name]),
);
const spelled = (permission: string): string => SPELLINGS.get(permission.toLowerCase()) ?? permission;

/**
 * What such a consent comes to where it depends on how the user holds a right: who may list keys at the control plane opens blobs with
 * them, who has blobs by a role does not; and blobs can be managed by their own lists, while roles are assigned elsewhere.
 * Nobody's permission has this name, so that it stays unknown.
 */
const INDIRECT = `${IMPERSONATION}:indirect`;

/** Scopes of an API that go wherever these go, as consents spell them. */
export function withIndirect(resourceAppId: string, scopes: readonly string[]): readonly string[] {
  const named = scopes.map(spelled);
  return AZURE[resourceAppId.toLowerCase()] !== undefined && named.includes(IMPERSONATION)
    ? [...named, INDIRECT]
    : named;
}

/** Bound to what the application made itself or is authorized to, which is no part of what its user has. */
const OWN_PART = /\.(AppFolder|CreatedByApp|OwnedBy)$/i;

interface Delegated extends Opening {
  permission: string;
}

/**
 * Places that a delegated permission concerns; what it gives there is never more than its user has. Where a table knows a
 * permission of this name that is what it lets: the name alone takes terms of a store, or settings, for content. Without actions its
 * name tells what it lets.
 */
export function delegated(resource: Resource, scope: string, tenantId: string): Delegated[] {
  const permission = spelled(scope);
  const actions = AZURE[resource.appId.toLowerCase()];
  if (actions !== undefined && permission === IMPERSONATION)
    return [
      { place: AZURE_PLACE, permission, actions },
      { place: AZURE_PLACE, permission: INDIRECT },
    ];
  const known = delegatedMeaning(resource, permission);
  if (known !== undefined)
    return Object.entries(known).map(([plane, actions]) => ({
      place: planePlace(plane as Plane),
      permission,
      actions,
    }));
  return delegatedPlaces(resource, permission, tenantId).map((place) => ({ place, permission }));
}

/** What tables say of a delegated permission. Those of groups let users more than applications: their names tell. */
function delegatedMeaning({ appId }: Resource, permission: string): Meaning | undefined {
  if (OF_GROUPS.has(permission)) return undefined;
  const api = appId.toLowerCase();
  return meaningIn(DELEGATED_TABLES[api], permission) ?? meaningIn(TABLES[api], permission);
}

function delegatedPlaces(resource: Resource, permission: string, tenantId: string): Place[] {
  const opened = openings(resource, permission, tenantId);
  const more = resource.appId.toLowerCase() === GRAPH ? (FOR_USERS[permission] ?? []) : [];
  if (
    TABLES[resource.appId.toLowerCase()] === undefined ||
    opened.every(({ actions }) => actions !== undefined)
  )
    return [...opened.map(({ place }) => place), ...more.map(planePlace)];
  const area = DELEGATED_AREAS.find(([, names]) => names.test(permission));
  return area === undefined || SELECTED.test(permission) || OWN_PART.test(permission)
    ? opened.map(({ place }) => place)
    : [planePlace(area[0])];
}

const EVERYTHING = ["any-app", "any-group", "any-user"] as const;

/** Permissions with which the holder can become others. Both Graph and its predecessor use these names. */
const BECOMES: Readonly<Record<string, readonly Class[]>> = {
  "RoleManagement.ReadWrite.Directory": EVERYTHING,
  "RoleAssignmentSchedule.ReadWrite.Directory": EVERYTHING,
  "RoleEligibilitySchedule.ReadWrite.Directory": EVERYTHING,
  "PrivilegedAccess.ReadWrite.AzureAD": EVERYTHING,
  "AppRoleAssignment.ReadWrite.All": EVERYTHING,
  "Application.ReadWrite.All": ["any-app"],
  "Application.ReadUpdate.All": ["any-app"],
  "AgentIdentityBlueprint.AddRemoveCreds.All": ["any-blueprint"],
  "AgentIdentityBlueprint.ReadWrite.All": ["any-blueprint"],
  "AgentIdentityBlueprint.UpdateAuthProperties.All": ["any-blueprint"],
  // New agent identities and agent users have what their blueprint hands on. Those that are bound to the holder's own children give
  // nothing that it does not control as their blueprint.
  "AgentIdentity.Create.All": ["any-blueprint"],
  "AgentIdentity.ReadWrite.All": ["any-blueprint"],
  "AgentIdUser.ReadWrite.All": ["any-blueprint"],
  // Consents for users: what they open is what the users may.
  "DelegatedPermissionGrant.ReadWrite.All": ["any-user"],
  "Policy.ReadWrite.PermissionGrant": ["any-user"],
  "GroupMember.ReadWrite.All": ["any-group"],
  "Group.ReadWrite.All": ["any-group"],
  // Attributes of users decide about who follows the rule of a group.
  "Directory.ReadWrite.All": ["any-group", "any-dynamic-group"],
  "User.ReadWrite.All": ["any-dynamic-group"],
  // A policy of an access package may let anybody have it: https://learn.microsoft.com/entra/id-governance/entitlement-management-delegate
  "EntitlementManagement.ReadWrite.All": ["any-group"],
  "PrivilegedAccess.ReadWrite.AzureADGroup": ["any-group"],
  "PrivilegedAssignmentSchedule.ReadWrite.AzureADGroup": ["any-group"],
  "PrivilegedEligibilitySchedule.ReadWrite.AzureADGroup": ["any-group"],
  "UserAuthenticationMethod.ReadWrite.All": ["any-user"],
  "UserAuthMethod-Password.ReadWrite.All": ["any-user"],
  "UserAuthMethod-Passkey.ReadWrite.All": ["any-user"],
  "UserAuthMethod-TAP.ReadWrite.All": ["any-user"],
  "User-PasswordProfile.ReadWrite.All": ["any-user"],
  "Domain.ReadWrite.All": ["any-user"],
  "Organization.ReadWrite.All": ["any-user"],
  "DeviceManagementConfiguration.ReadWrite.All": ["any-user"],
  "DeviceManagementScripts.ReadWrite.All": ["any-user"],
  "DeviceManagementApps.ReadWrite.All": ["any-user"],
  "DeviceManagementRBAC.ReadWrite.All": ["any-user"],
};

/** Whom the holder of an application permission can become (latent reach, never reach today). */
export function becomes(resourceAppId: string, permission: string): readonly Class[] {
  return isDirectoryApi(resourceAppId) && Object.hasOwn(BECOMES, permission)
    ? (BECOMES[permission] ?? [])
    : [];
}
