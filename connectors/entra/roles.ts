/** What holding a directory role means: read from the actions that its definition allows, not from its name. Pure. */
import type { Action, Change } from "../../src/schema.ts";
import { directoryId } from "../../src/schema.ts";
import { granted } from "./grants.ts";
import type { Opening } from "./permissions.ts";
import {
  type Class,
  classChange,
  classRef,
  controls,
  placeChange,
  planePlace,
  unmodelledPlace,
} from "./planes.ts";
import { principalRef } from "./principals.ts";

/** https://learn.microsoft.com/graph/api/resources/unifiedroledefinition */
export interface RoleDefinition {
  id: string;
  displayName?: string | null;
  isEnabled?: boolean | null;
  rolePermissions?: readonly RolePermission[] | null;
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

/** Everything that a role's definition allows without owning the object. */
function actionsOf(definition: RoleDefinition): string[] {
  return (definition.rolePermissions ?? [])
    .filter(({ condition }) => !condition || !OWN_ONLY.test(condition))
    .flatMap(({ allowedResourceActions }) => allowedResourceActions ?? []);
}

function classesOf(actions: readonly string[]): Set<Class> {
  return new Set(
    BECOMES.flatMap(([pattern, classes]) => (actions.some((action) => pattern.test(action)) ? classes : [])),
  );
}

/** Rights of a role held over the whole tenant: the directory, services that it runs, services nobody models. */
function openingsOf(actions: readonly string[]): Opening[] {
  const directory = actions.filter((action) => /^microsoft\.directory\//i.test(action));
  const changes = directory.some((action) => !/read$/i.test(action));
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
  if (definition?.rolePermissions === undefined || definition.rolePermissions === null)
    return [
      node,
      ...grant({ place: unmodelledPlace("directory-role", id, `${name} (definition not read)`) }),
    ];

  const actions = actionsOf(definition);
  const classes = classesOf(actions);
  if (scope === "/")
    return [
      node,
      ...openingsOf(actions).flatMap(grant),
      ...[...classes].flatMap((of) => [classChange(of), controls(ref, classRef(of), role)]),
    ];
  if (classes.size === 0) return [node];
  // Members of an administrative unit are not read here; one object is named by the scope itself.
  const object = /^\/([0-9a-f-]{36})$/.exec(scope)?.[1];
  return object === undefined
    ? [
        node,
        ...grant({ place: unmodelledPlace("directory-role", scope, `What ${role} may change in ${scope}`) }),
      ]
    : [node, controls(ref, principalRef(object), role)];
}
