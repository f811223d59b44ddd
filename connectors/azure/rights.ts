/**
 * From a role definition to the primitive actions that it allows. Pure.
 * https://learn.microsoft.com/azure/role-based-access-control/role-definitions
 */
import { ACTIONS, type Action } from "../../src/schema.ts";
import { globMatches } from "./glob.ts";
import { keyPlanes, unmodelledPlanes } from "./planes.ts";

/** One entry of `permissions`, as ARM answers it. Entries are OR-ed. */
export interface PermissionBlock {
  actions?: readonly string[] | null;
  notActions?: readonly string[] | null;
  dataActions?: readonly string[] | null;
  notDataActions?: readonly string[] | null;
  condition?: string | null;
}

const STORAGE = "Microsoft.Storage/storageAccounts";
const BLOBS = `${STORAGE}/blobServices/containers/blobs`;

/** Each primitive is one action string on one plane; the two planes are disjoint. */
export const PRIMITIVES = {
  read: { plane: "data", action: `${BLOBS}/read` },
  write: { plane: "data", action: `${BLOBS}/write` },
  add: { plane: "data", action: `${BLOBS}/add/action` },
  delete: { plane: "data", action: `${BLOBS}/delete` },
  setAcl: { plane: "data", action: `${BLOBS}/modifyPermissions/action` },
  own: { plane: "data", action: `${BLOBS}/manageOwnership/action` },
  listKeys: { plane: "control", action: `${STORAGE}/listKeys/action` },
  regenerateKey: { plane: "control", action: `${STORAGE}/regenerateKey/action` },
  accountSas: { plane: "control", action: `${STORAGE}/listAccountSas/action` },
  serviceSas: { plane: "control", action: `${STORAGE}/listServiceSas/action` },
  assign: { plane: "control", action: "Microsoft.Authorization/roleAssignments/write" },
  see: { plane: "control", action: `${STORAGE}/read` },
} as const satisfies Record<Action, { plane: "data" | "control"; action: string }>;
/** Whoever holds it acts as the superuser of a hierarchical namespace: no access list is asked. */
export const SUPER_USER = `${BLOBS}/runAsSuperUser/action`;
export type Primitive = Action;
export const PRIMITIVE_NAMES = Object.keys(PRIMITIVES) as readonly Primitive[];

/** What one permission block allows, the block's own condition apart. */
export interface BlockRights {
  primitives: ReadonlySet<Primitive>;
  superUser: boolean;
  /** Data planes without a rule that the block opens by data actions, or by keys of a service that it names. */
  planes: readonly string[];
  /** Those that it opens by keys, though it names no service: where there is a resource of theirs. */
  keyPlanes: readonly string[];
  condition: string | undefined;
  /** Any other action. */
  allows(plane: "control" | "data", action: string): boolean;
}

/** Actions minus NotActions: a subtraction inside one block, which takes nothing from another block. */
const allows = (action: string, granted: readonly string[], taken: readonly string[]) =>
  granted.some((pattern) => globMatches(pattern, action)) &&
  !taken.some((pattern) => globMatches(pattern, action));

/** Evaluates one permission block of a role definition or of a deny assignment. */
export function evaluateBlock(block: PermissionBlock): BlockRights {
  const dataActions = block.dataActions ?? [];
  const notDataActions = block.notDataActions ?? [];
  const holds = (plane: "control" | "data", action: string) =>
    plane === "data"
      ? allows(action, dataActions, notDataActions)
      : allows(action, block.actions ?? [], block.notActions ?? []);
  const naming = (block.actions ?? []).filter((pattern) => !pattern.split("/")[0]!.includes("*"));
  const named = keyPlanes((action) => allows(action, naming, block.notActions ?? []));
  return {
    primitives: new Set(
      PRIMITIVE_NAMES.filter((name) => holds(PRIMITIVES[name].plane, PRIMITIVES[name].action)),
    ),
    superUser: holds("data", SUPER_USER),
    planes: [...new Set([...unmodelledPlanes(dataActions, notDataActions), ...named])],
    keyPlanes: keyPlanes((action) => holds("control", action)).filter((plane) => !named.includes(plane)),
    condition: block.condition?.trim() || undefined,
    allows: holds,
  };
}

export type ActionFlags = Record<Action, boolean>;

/** The booleans of a grant or a deny: each primitive is one action of the schema. */
export const actionFlags = (primitives: ReadonlySet<Primitive>): ActionFlags =>
  Object.fromEntries(ACTIONS.map((action) => [action, primitives.has(action)])) as ActionFlags;
