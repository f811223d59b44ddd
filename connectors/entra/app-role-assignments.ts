import type { Step, StepContext } from "../../src/connector.ts";
import { type Change, directoryId, EVERYONE } from "../../src/schema.ts";
import { askAboutAll } from "./ask.ts";
import { type Api, type AppRoleAssignment, assignmentChanges } from "./grants.ts";
import { APPLICATIONS } from "./needs.ts";
import { agentRef, evidenceOf, type ServicePrincipal } from "./principals.ts";
import { listing } from "./read.ts";

const ID = "entra.app-role-assignments";

interface ApiAnswer extends ServicePrincipal {
  appRoles?: readonly { id: string; value?: string | null; displayName?: string | null }[] | null;
  appRoleAssignmentRequired?: boolean | null;
}

/** Owner of Microsoft's own applications. */
const MICROSOFT = "f8cdef31-a31e-4b4a-93e4-5f571e91255a";

/**
 * Whether anybody can hold a role that matters. Permissions exist only where an API declares roles. Without
 * roles there is only default access, which is asked for where it says who may use something: applications that
 * demand assignment, agents, and everything that is not Microsoft's own.
 */
export const isAsked = (answer: ApiAnswer, agent: boolean): boolean =>
  agent ||
  answer.appRoles === undefined ||
  answer.appRoles === null ||
  answer.appRoles.length > 0 ||
  answer.appRoleAssignmentRequired === true ||
  answer.appOwnerOrganizationId?.toLowerCase() !== MICROSOFT;

/**
 * Without that switch whoever has an account in the tenant may use the application, assigned or not.
 * https://learn.microsoft.com/entra/identity-platform/howto-restrict-your-app-to-a-set-of-users
 */
const everyoneMayUse = (agent: string): Change[] => [
  { put: { kind: "Principal", id: EVERYONE, props: { kind: "Everyone", name: "Everyone" } } },
  { put: { kind: "MAY_USE", from: { kind: "Principal", id: EVERYONE }, to: agentRef(agent) } },
];

export function apiOf(c: Pick<StepContext, "isAgent">, answer: ApiAnswer): Api {
  return {
    id: directoryId(answer.id),
    appId: answer.appId?.toLowerCase() ?? "",
    name: answer.displayName ?? answer.id,
    roles: new Map(
      (answer.appRoles ?? []).map(({ id, value, displayName }) => [
        id.toLowerCase(),
        value || displayName || id,
      ]),
    ),
    agent: evidenceOf(c, answer) !== undefined,
    open: answer.appRoleAssignmentRequired === false,
  };
}

/**
 * Who holds which application permission, asked of the APIs and not of the holders: one list per API is
 * tenant-wide and takes far fewer reads. The listing that finds the APIs brings the names of their roles.
 * https://learn.microsoft.com/graph/api/serviceprincipal-list-approleassignedto
 */
export const appRoleAssignments: Step = {
  id: ID,
  title: "Application permissions and access to applications",
  produces: ["Principal", "Scope", "CONSENTED", "GRANTED", "CONTROLS", "MAY_USE"],
  needs: [APPLICATIONS],
  reads: ["GET graph /v1.0/servicePrincipals", "GET graph /v1.0/servicePrincipals/{id}/appRoleAssignedTo"],
  hides: "grants",
  async *crawl(c, pass) {
    const path =
      "/v1.0/servicePrincipals?$select=id,appId,displayName,servicePrincipalType,tags,appRoles," +
      "appRoleAssignmentRequired,appOwnerOrganizationId&$top=999";
    yield* askAboutAll<ApiAnswer, AppRoleAssignment, Api>(
      c,
      ID,
      listing<ApiAnswer>(c, pass, path),
      (answer) => {
        const api = apiOf(c, answer);
        if (!isAsked(answer, api.agent)) return undefined;
        const path = `/v1.0/servicePrincipals/${answer.id}/appRoleAssignedTo?$top=999`;
        return { item: api, id: api.id, path };
      },
      (api, assignments) => [
        ...assignments.flatMap((one) => assignmentChanges(one, api, c.tenantId)),
        ...(api.agent && api.open ? everyoneMayUse(api.id) : []),
      ],
    );
  },
};
