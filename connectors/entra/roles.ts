/** What holding a directory role means: read from the actions that its definition allows, custom roles too. Pure. */
import type { Action, Change } from "../../src/schema.ts";
import { directoryId } from "../../src/schema.ts";
import { granted } from "./grants.ts";
import type { Opening } from "./permissions.ts";
import {
  type Class,
  classChanges,
  classRef,
  controls,
  placeChange,
  planePlace,
  unmodelledPlace,
} from "./planes.ts";
import { principalByApplication, principalRef } from "./principals.ts";

/** https://learn.microsoft.com/graph/api/resources/unifiedroledefinition */
export interface RoleDefinition {
  id: string;
  templateId?: string | null;
  displayName?: string | null;
  isEnabled?: boolean | null;
  rolePermissions?: readonly RolePermission[] | null;
  /** Built-in roles alone; nearly all of them inherit what Directory Readers may. */
  inheritsPermissionsFrom?: readonly { id: string }[] | null;
}
interface RolePermission {
  allowedResourceActions?: readonly string[] | null;
  condition?: string | null;
}

/** https://learn.microsoft.com/graph/api/resources/unifiedroleassignment */
export interface RoleAssignment {
  id: string;
  principalId: string;
  roleDefinitionId: string;
  /** `/` the tenant, `/administrativeUnits/{id}`, or `/{id}` one object. */
  directoryScopeId?: string | null;
  appScopeId?: string | null;
}

/**
 * A definition with the permissions that it inherits beside its own; without any where one that it inherits from was not
 * read, for then it is not known what it gives.
 */
export function withInherited(
  definition: RoleDefinition,
  definitions: ReadonlyMap<string, RoleDefinition>,
): RoleDefinition {
  const all = new Set([definition]);
  const permissions: RolePermission[] = [];
  // What is added to a set while it is gone through has its turn as well.
  for (const { rolePermissions, inheritsPermissionsFrom } of all) {
    const above = (inheritsPermissionsFrom ?? []).map(({ id }) => definitions.get(directoryId(id)));
    if (!rolePermissions || above.includes(undefined)) return { ...definition, rolePermissions: null };
    permissions.push(...rolePermissions);
    for (const each of above) if (each !== undefined) all.add(each);
  }
  return { ...definition, rolePermissions: permissions };
}

const scopeOf = (assignment: RoleAssignment): string => {
  const scope = (assignment.directoryScopeId ?? assignment.appScopeId ?? "/").toLowerCase();
  return scope === "" ? "/" : scope;
};

/** A role held over part of the tenant is a principal of its own: it controls less. */
export function roleIdOf(assignment: RoleAssignment): string {
  const role = directoryId(assignment.roleDefinitionId);
  const scope = scopeOf(assignment);
  return scope === "/" ? role : `${role}@${scope}`;
}

export const roleAssignmentChanges = (assignment: RoleAssignment): Change[] => [
  {
    put: {
      kind: "MEMBER_OF",
      from: principalRef(assignment.principalId),
      to: { kind: "Principal", id: roleIdOf(assignment) },
      props: { tier: "now" },
    },
  },
];

/** Bound to the holder itself or to what it owns: ownership is read on its own. */
const OWN_ONLY = /\$(ResourceIsSelf|SubjectIsOwner)/i;

/** Actions with which the holder can become every principal of a class. */
const BECOMES: readonly (readonly [RegExp, readonly Class[]])[] = [
  [
    /^microsoft\.directory\/((roleAssignments|directoryRoles)\/(allProperties\/allTasks|allTasks|create|members\/update)|privilegedIdentityManagement\/allProperties\/allTasks)$/i,
    ["any-app", "any-group", "any-user"],
  ],
  [
    /^microsoft\.directory\/(applications|servicePrincipals)(\.[a-z]+)*\/(credentials\/update|owners\/update|allProperties\/(allTasks|update)|allTasks)$/i,
    ["any-app"],
  ],
  [
    /^microsoft\.directory\/(agentIdentityBlueprints|agentIdentities)[a-z.]*\/(credentials\/update|owners\/update|allProperties\/(allTasks|update)|allTasks)$/i,
    ["any-blueprint"],
  ],
  [
    /^microsoft\.directory\/groups(\.[a-z]+)*\/(members\/update|owners\/update|allProperties\/(allTasks|update)|allTasks)$/i,
    ["any-group"],
  ],
  [
    /^microsoft\.directory\/(users(\.[a-z]+)*\/(password\/update|authenticationMethods\/(basic\/update|create|allTasks)|allProperties\/(allTasks|update)|allTasks)|domains\/(allProperties\/allTasks|allTasks|federation(Configuration)?\/(basic\/)?(update|create|allTasks)))$/i,
    ["any-user"],
  ],
];

/**
 * Built-in roles mean the same in every tenant, whatever part of their actions an answer shows; so their classes
 * stand here as well, by template. https://learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference
 */
const BUILT_IN: Readonly<Record<string, readonly Class[]>> = {
  "62e90394-69f5-4237-9190-012177145e10": ["any-app", "any-group", "any-user"], // Global Administrator
  "e8611ab8-c189-46e8-94e1-60213ab1f814": ["any-app", "any-group", "any-user"], // Privileged Role Administrator
  "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3": ["any-app"], // Application Administrator
  "158c047a-c907-4556-b7ef-446551a6b5f7": ["any-app"], // Cloud Application Administrator
  "8ac3fc64-6eca-42ea-9e69-59f4c7b60eb2": ["any-app"], // Hybrid Identity Administrator
  "db506228-d27e-4b7d-95e5-295956d6615f": ["any-blueprint"], // Agent ID Administrator
  "d2562ede-74db-457e-a7b6-544e236ebb61": ["any-blueprint"], // AI Administrator
  "45d8d3c5-c802-45c6-b32a-1d70b5e1e86e": ["any-group"], // Identity Governance Administrator
  "fdd7a751-b60b-444a-984c-02652fe8fa1c": ["any-group"], // Groups Administrator
  "9360feb5-f418-4baa-8175-e2a00bac4301": ["any-group"], // Directory Writers
  "29232cdf-9323-42fd-ade2-1d097af3e4de": ["any-group"], // Exchange Administrator
  "f28a1f50-f6e7-4571-818b-6a12f2af6b6c": ["any-group"], // SharePoint Administrator
  "69091246-20e8-4a56-aa4d-066075b2a7a8": ["any-group"], // Teams Administrator
  "3a2c62db-5318-420d-8d74-23affee5d9d5": ["any-group"], // Intune Administrator
  "b5a8dcf3-09d5-43a9-a639-8e29ef291470": ["any-group"], // Knowledge Administrator
  "fe930be7-5e62-47db-91af-98c3a49a38b1": ["any-group", "any-user"], // User Administrator
  "7be44c8a-adaf-4e2a-84d6-ab2649e08a13": ["any-user"], // Privileged Authentication Administrator
  "c4e39bd9-1100-46d3-8c65-fb160da0071f": ["any-user"], // Authentication Administrator
  "966707d0-3269-4727-9be2-8c3a10f19b9d": ["any-user"], // Password Administrator
  "729827e3-9c14-49f7-bb1b-9608f156bbb8": ["any-user"], // Helpdesk Administrator
};

/**
 * Roles that run a whole service let the holder give itself access to its data, so they are a right to change
 * who has access. https://learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference
 */
const RUNS_SERVICE: readonly (readonly [RegExp, "sharepoint" | "exchange" | "teams" | "intune"])[] = [
  [/^microsoft\.office365\.sharePoint\/allEntities\/(basic\/|allProperties\/)?allTasks$/i, "sharepoint"],
  [/^microsoft\.office365\.exchange\/allEntities\/(basic\/|allProperties\/)?allTasks$/i, "exchange"],
  [/^microsoft\.teams\/allEntities\/(basic\/|allProperties\/)?allTasks$/i, "teams"],
  [/^microsoft\.intune\/allEntities\/(basic\/|allProperties\/)?allTasks$/i, "intune"],
];

/** Services where running them opens no data of the organization. */
const NO_DATA =
  /^microsoft\.(directory|azure\.(serviceHealth|supportTickets|advancedThreatProtection|print)|commerce\.billing|hardware\.support|office365\.(serviceHealth|supportTickets|webPortal|usageReports|messageCenter|network|lockbox|desktopAnalytics|organizationalMessages))\//i;

const READS = /read$/i;

/** Everything that a role's definition allows without owning the object. */
function actionsOf(definition: RoleDefinition): string[] {
  return (definition.rolePermissions ?? [])
    .filter(({ condition }) => !condition?.match(OWN_ONLY))
    .flatMap(({ allowedResourceActions }) => [...(allowedResourceActions ?? [])]);
}

function classesOf(template: string, actions: readonly string[]): Set<Class> {
  const shown = BECOMES.flatMap(([pattern, classes]) =>
    actions.some((action) => pattern.test(action)) ? classes : [],
  );
  return new Set([...(Object.hasOwn(BUILT_IN, template) ? BUILT_IN[template]! : []), ...shown]);
}

/** Rights of a role held over the whole tenant: the directory, services that it runs, services nobody models. */
function openingsOf(actions: readonly string[]): Opening[] {
  const directory = actions.filter((action) => /^microsoft\.directory\//i.test(action));
  const changes = directory.some((action) => !READS.test(action));
  const assigns = directory.some((action) => BECOMES[0]![0].test(action));
  const rights: Action[] = [
    ...(changes ? (["write"] as const) : []),
    ...(assigns ? (["assign"] as const) : []),
  ];
  const opened: Opening[] =
    directory.length === 0 ? [] : [{ place: planePlace("directory"), actions: ["see", ...rights] }];
  const others = new Set<string>();
  for (const action of actions) {
    const runs = RUNS_SERVICE.find(([pattern]) => pattern.test(action));
    if (runs !== undefined) opened.push({ place: planePlace(runs[1]), actions: ["see", "assign"] });
    else if (!NO_DATA.test(action) && /\/allTasks$/i.test(action))
      others.add(action.split("/")[0]!.toLowerCase());
  }
  for (const service of others)
    opened.push({ place: unmodelledPlace("directory-role", service, `${service} (by directory role)`) });
  return opened;
}

/** The node of a role as one assignment holds it, and what it gives. */
export function roleChanges(assignment: RoleAssignment, definition: RoleDefinition | undefined): Change[] {
  const id = roleIdOf(assignment);
  const ref = { kind: "Principal", id } as const;
  const scope = scopeOf(assignment);
  const role = definition?.displayName ?? assignment.roleDefinitionId;
  const name = scope === "/" ? role : `${role} (over ${scope})`;
  const node: Change = {
    put: { kind: "Principal", id, props: { kind: "DirectoryRole", name, enabled: definition?.isEnabled } },
  };
  const grant = (opening: Opening): Change[] => [
    placeChange(opening.place),
    granted(ref, opening, { source: "directory-role", role, key: id }),
  ];
  const template = (definition?.templateId ?? assignment.roleDefinitionId).toLowerCase();
  const actions = definition === undefined ? [] : actionsOf(definition);
  const classes = classesOf(template, actions);
  const become = [...classes].flatMap((of) => [...classChanges(of), controls(ref, classRef(of), role)]);
  if (definition?.rolePermissions === undefined || definition.rolePermissions === null)
    return [
      node,
      ...(scope === "/" ? become : []),
      ...grant({ place: unmodelledPlace("directory-role", id, `${name} (definition not read)`) }),
    ];
  if (scope === "/") return [node, ...openingsOf(actions).flatMap(grant), ...become];
  if (classes.size === 0 && actions.every((action) => READS.test(action))) return [node];
  // Members of an administrative unit are not read here; one object is named by the scope itself.
  const object = /^\/([0-9a-f-]{36})$/.exec(scope)?.[1];
  if (object === undefined || classes.size === 0)
    return [
      node,
      ...grant({ place: unmodelledPlace("directory-role", scope, `What ${role} may change in ${scope}`) }),
    ];
  // An application is no principal itself: its service principal goes by the object id of both.
  return [
    node,
    controls(ref, principalRef(object), role),
    controls(ref, principalByApplication(object), role),
  ];
}
