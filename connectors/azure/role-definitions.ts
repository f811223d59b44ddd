/** Role definitions as role assignments need them: by the last GUID of the id, evaluated to rights. */
import type { StepContext } from "../../src/connector.ts";
import type { Coverage } from "../../src/model.ts";
import { API, gapOf, isRefused, STEP } from "./arm.ts";
import { type BlockRights, evaluateBlock, type PermissionBlock } from "./rights.ts";

interface RoleDefinition {
  id: string;
  properties: { roleName?: string; permissions?: readonly PermissionBlock[] | null };
}

export interface Role {
  name: string;
  blocks: readonly BlockRights[];
}

export interface Roles {
  /** The role that an assignment names, or undefined if it cannot be read. */
  find(roleDefinitionId: string): Promise<Role | undefined>;
  /** Why the conditions of definitions are not known, if they are not. */
  hidden(): string | undefined;
  /** What could not be read so far, as one gap. */
  gap(): Coverage | undefined;
}

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Ids come with and without a subscription in front: the last segment names the role.
 * https://learn.microsoft.com/azure/role-based-access-control/role-definitions-list
 */
export const roleGuid = (roleDefinitionId: string): string =>
  roleDefinitionId.slice(roleDefinitionId.lastIndexOf("/") + 1).toLowerCase();

/** Conditions of assignments are answered from this version on, by its date. */
const CONDITIONS_SINCE = "2020-03-01";
/**
 * Why answers leave conditions out, if a recording was made at an api-version that does.
 * https://learn.microsoft.com/azure/role-based-access-control/conditions-role-assignments-rest#prerequisites
 */
export const hidesConditions = (
  recordedApiVersion: string | undefined,
  since = CONDITIONS_SINCE,
): string | undefined =>
  recordedApiVersion !== undefined && recordedApiVersion.slice(0, 10) < since.slice(0, 10)
    ? `recorded at api-version ${recordedApiVersion}`
    : undefined;
/** Those of permissions, from this one: https://learn.microsoft.com/azure/templates/microsoft.authorization/change-log/roledefinitions */
const inDefinitions = (recordedApiVersion: string | undefined) =>
  hidesConditions(recordedApiVersion, API.roleDefinitions);

/**
 * Lists built-in and custom definitions of a subscription. One that the listing lacks (a custom role of
 * something below) is asked for by itself when it is named.
 */
export async function readRoles(c: StepContext, subscription: string): Promise<Roles> {
  const base = `${subscription}/providers/Microsoft.Authorization/roleDefinitions`;
  let version: string = API.roleDefinitions;
  const definitions = new Map<string, RoleDefinition>();
  // Hundreds are listed and a few are named: only those are evaluated.
  const roles = new Map<string, Role | undefined>();
  const unread: string[] = [];
  let hidden: string | undefined;
  let listing: Coverage | undefined;
  async function list(): Promise<void> {
    for await (const page of c.http.pages<RoleDefinition>("arm", `${base}?api-version=${version}`)) {
      hidden ??= inDefinitions(page.recordedApiVersion);
      for (const definition of page.items) definitions.set(roleGuid(definition.id), definition);
    }
  }
  try {
    try {
      await list();
    } catch (error) {
      if (definitions.size > 0 || !isRefused(error)) throw error;
      hidden = `read at api-version ${API.authorization}, as ${version} is refused`;
      version = API.authorization;
      await list();
    }
  } catch (error) {
    listing = gapOf(STEP.roleDefinitions, subscription, error);
  }

  async function readOne(guid: string): Promise<RoleDefinition | undefined> {
    // A refused listing would be refused again, and only a GUID may become part of a path.
    if (listing !== undefined || !GUID.test(guid)) return undefined;
    try {
      const answer = await c.http.get<RoleDefinition>("arm", `${base}/${guid}?api-version=${version}`);
      hidden ??= inDefinitions(answer.recordedApiVersion);
      return answer.body;
    } catch (error) {
      unread.push(`${guid} (${gapOf(STEP.roleDefinitions, subscription, error).reason})`);
      return undefined;
    }
  }

  return {
    async find(roleDefinitionId) {
      const guid = roleGuid(roleDefinitionId);
      if (!roles.has(guid)) {
        const definition = definitions.get(guid) ?? (await readOne(guid));
        const role = definition && evaluate(definition);
        if (definition !== undefined && role === undefined) unread.push(`${guid} (told without permissions)`);
        roles.set(guid, role);
      }
      return roles.get(guid);
    },
    hidden: () => hidden,
    gap() {
      if (listing !== undefined) return listing;
      if (unread.length === 0) return undefined;
      const reason = `role definitions that assignments name: ${unread.join("; ")}`;
      return { step: STEP.roleDefinitions, scope: subscription, state: "partial", reason };
    },
  };
}

/** Undefined where a definition does not tell permissions: what it gives is then not known. An empty list gives nothing. */
function evaluate({ id, properties }: RoleDefinition): Role | undefined {
  const blocks = properties.permissions?.map(evaluateBlock);
  return blocks && { name: properties.roleName ?? roleGuid(id), blocks };
}
