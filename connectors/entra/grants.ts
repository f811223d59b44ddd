/** From consents to relationships. Pure. */
import { ACTIONS, type Action, type Change, type NodeRef, type RelProps } from "../../src/schema.ts";
import { apiPlace, becomes, delegated, type Opening, openings, type Resource } from "./permissions.ts";
import { classChanges, classRef, controls, type Place, placeChange, placeRef } from "./planes.ts";
import { agentRef, principalRef } from "./principals.ts";

/** https://learn.microsoft.com/graph/api/resources/approleassignment */
export interface AppRoleAssignment {
  id: string;
  appRoleId: string;
  principalId: string;
  principalType?: string | null;
  resourceId: string;
}

/** https://learn.microsoft.com/graph/api/resources/oauth2permissiongrant */
export interface DelegatedGrant {
  id: string;
  clientId: string;
  consentType?: string | null;
  principalId?: string | null;
  resourceId: string;
  /** Names of permissions, separated by spaces. */
  scope?: string | null;
  "@removed"?: { reason?: string };
}

/** A service principal as the definer of permissions. */
export interface Api extends Resource {
  /** Names of its application permissions, by id. */
  roles: ReadonlyMap<string, string>;
  agent: boolean;
  /** True if nobody has to be assigned to use it. */
  open: boolean;
}

/** The id that says: may use the application, without any of its roles. */
const NO_ROLE = "00000000-0000-0000-0000-000000000000";
export const DEFAULT_ACCESS = "default access";

/** A grant, which goes down whatever the lists of access below say. */
export function granted(
  from: NodeRef,
  { place, actions, narrowed = false }: Opening,
  grant: { source: string; role: string; key: string; resource?: string },
): Change {
  const rights: RelProps<"GRANTED"> =
    actions === undefined
      ? { unknown: true, see: false, reason_code: "plane-not-modelled" }
      : {
          ...flags(actions),
          ...(narrowed ? { reason_code: "denies-unread" } : {}),
        };
  return {
    put: {
      kind: "GRANTED",
      from,
      to: placeRef(place),
      props: {
        ...{ ...rights, ...grant, flow: "containment", tier: "now" },
        certainty: narrowed && actions !== undefined ? "upper-bound" : "exact",
      },
    },
  };
}

const flags = (actions: readonly Action[]): Partial<Record<Action, true>> =>
  Object.fromEntries(ACTIONS.filter((action) => actions.includes(action)).map((a) => [a, true]));

function consented(from: NodeRef, place: Place, props: RelProps<"CONSENTED">): Change {
  return { put: { kind: "CONSENTED", from, to: placeRef(place), props } };
}

/**
 * What one app role assignment says.
 * - To a service principal: consent, the rights that the permission gives, and whom it lets the holder become.
 *   Default access is access to the application, not to data: consent only.
 * - To a user or a group: people may use the application. That is no grant on data, and application
 *   permissions never come through groups, so it is the audience of an agent or a consent of type `access`.
 * - To a principal whose type is not said: it may be either, so both.
 */
export function assignmentChanges(assignment: AppRoleAssignment, api: Api, tenantId: string): Change[] {
  const holder = principalRef(assignment.principalId);
  const role = api.roles.get(assignment.appRoleId.toLowerCase());
  const none = assignment.appRoleId === NO_ROLE;
  const permission = none ? DEFAULT_ACCESS : (role ?? assignment.appRoleId);
  const consent = { permission, resource: api.id, key: assignment.id };

  const type = assignment.principalType?.toLowerCase();
  const access: Change[] = [];
  if (type !== "serviceprincipal") {
    const place = apiPlace(api);
    access.push(placeChange(place), consented(holder, place, { ...consent, type: "access" }));
    if (api.agent) access.push({ put: { kind: "MAY_USE", from: holder, to: agentRef(api.id) } });
  }
  // Whoever is not said to be a person or a group may be an identity that holds the permission.
  if (type === "user" || type === "group") return access;

  const opened = none ? [{ place: apiPlace(api) }] : openings(api, permission, tenantId);
  const changes = opened.flatMap((opening) => [
    placeChange(opening.place),
    consented(holder, opening.place, { ...consent, type: "application" }),
    ...(none
      ? []
      : [
          granted(holder, opening, {
            ...{ source: "app-role", role: permission, resource: api.appId.toLowerCase() },
            key: assignment.id,
          }),
        ]),
  ]);
  for (const of of becomes(api.appId, permission))
    changes.push(...classChanges(of), controls(holder, classRef(of), permission));
  return [...access, ...changes];
}

/** Delegated consents: one a permission and place. The user is `*` where all users are covered. */
export function delegatedChanges(grant: DelegatedGrant, api: Resource, tenantId: string): Change[] {
  const client = principalRef(grant.clientId);
  const all = grant.consentType?.toLowerCase() === "allprincipals";
  // A grant that names neither all users nor one is not known to be narrower than all.
  const user = all || !grant.principalId ? "*" : grant.principalId.toLowerCase();
  const permissions = new Set((grant.scope ?? "").split(/\s+/).filter((name) => name !== ""));
  return [...permissions].flatMap((permission) =>
    delegated(api, permission, tenantId).flatMap(({ place, permission, actions = [] }) => [
      placeChange(place),
      consented(client, place, {
        permission,
        resource: api.id,
        type: "delegated",
        user,
        key: `${grant.id}:${permission}`,
        ...flags(actions),
      }),
    ]),
  );
}
