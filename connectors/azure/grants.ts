/**
 * One role assignment to GRANTED relationships: the role's rights, narrowed by its conditions, at the scope
 * or, where a condition tells accounts or containers apart, at each of those. Pure.
 */
import {
  armId,
  directoryId,
  type GraphRecord,
  type RelProps,
  type RelRecord,
  unmodelledId,
} from "../../src/schema.ts";
import { readCondition } from "./condition.ts";
import {
  ALWAYS,
  type Carried,
  type Cause,
  type Compiled,
  compileWays,
  either,
  NEVER,
  openCauses,
  type Place,
  resolveAt,
  type Way,
} from "./condition-evaluate.ts";
import { inWords } from "./condition-words.ts";
import { pathSetId, pathSetRecords } from "./path-sets.ts";
import { type Keyed, mayHold, unmodelledRecords } from "./planes.ts";
import { actionFlags, PRIMITIVES, type Primitive, SUPER_USER } from "./rights.ts";
import type { Role } from "./role-definitions.ts";
import { armParent, isAtOrBelow, scopeKind } from "./scopes.ts";

export interface Assignment {
  id: string;
  principalId: string;
  scope: string;
  condition: string | undefined;
  tier: "now" | "potential";
  expires: string | undefined;
}

/** Accounts and containers of the tenant, as far as they are known. */
export interface Storage {
  accounts: readonly { id: string; hns: boolean | undefined }[];
  containers(account: string): readonly string[];
}

export interface GrantContext {
  /** Where the assignment was listed: the widest place that a condition is decided for. */
  subscription: string;
  storage: Storage;
  /** True if the answers leave conditions out, so that any grant may be narrower than it seems. */
  conditionsHidden: boolean;
  keyed: Keyed;
}

/** How a right holds at a place, besides without question. */
interface Manner {
  tier: "now" | "conditional";
  certainty: "exact" | "upper-bound";
  reason_code?: string;
  residual?: string;
}
const PLAINLY: Manner = { tier: "now", certainty: "exact" };

/** Listing is a right to read as far as the role goes, but conditions may let it pass where content may not. */
type Right = Primitive | "list";

/**
 * GRANTED relationships of one assignment. Without a role (its definition was not read) the grant stays, with
 * rights unknown: never dropped.
 */
export function grantRecords(assignment: Assignment, role: Role | undefined, c: GrantContext): GraphRecord[] {
  const scope = armId(assignment.scope);
  const key = armId(assignment.id);
  if (role === undefined) {
    const props = { unknown: true, reason_code: "role-unread", certainty: "upper-bound" };
    return [granted(assignment, scope, `${key}#role-unread`, NOTHING, props)];
  }
  const hidden: Partial<RelProps<"GRANTED">> = c.conditionsHidden
    ? { certainty: "upper-bound", reason_code: "condition-unread" }
    : {};
  const records: GraphRecord[] = [];
  for (const { at, manner, rights, place } of spread(narrowed(role, assignment.condition), scope, c)) {
    records.push(...place);
    // One assignment may give several relationships to one scope: the key tells them apart.
    const suffix = manner === PLAINLY ? "" : `#${[...rights].sort().join("+")}`;
    const flags = actionFlags(primitivesOf(rights));
    const certain = manner.certainty === "exact" ? hidden : {};
    const props = { role: role.name, ...manner, ...certain };
    records.push(granted(assignment, at, key + suffix, flags, props));
  }
  const byKeys = role.blocks
    .flatMap((block) => block.keyPlanes)
    .filter((plane) => mayHold(c.keyed, plane, scope));
  for (const plane of new Set([...role.blocks.flatMap((block) => block.planes), ...byKeys])) {
    const props = { ...hidden, unknown: true, role: role.name, reason_code: "plane-not-modelled" };
    records.push(
      ...unmodelledRecords(plane, scope),
      granted(assignment, unmodelledId(plane, scope), key, NOTHING, props),
    );
  }
  // A role that gives nothing modelled is still a fact about who was assigned what.
  if (records.length === 0)
    records.push(granted(assignment, scope, key, NOTHING, { role: role.name, ...hidden }));
  return records;
}

/**
 * Listing without reading shows that blobs exist, which is sight. Beside reading it says nothing of its own:
 * `see` then means the account's own action, so that a deny of reading takes listing with it.
 */
const primitivesOf = (rights: ReadonlySet<Right>): Set<Primitive> =>
  new Set(
    [...rights].flatMap((right) => (right !== "list" ? [right] : rights.has("read") ? [] : ["see" as const])),
  );

const NOTHING = actionFlags(new Set());

function granted(
  { principalId, tier, expires }: Assignment,
  scope: string,
  key: string,
  flags: ReturnType<typeof actionFlags>,
  props: Partial<RelProps<"GRANTED">>,
): RelRecord<"GRANTED"> {
  return {
    kind: "GRANTED",
    from: { kind: "Principal", id: directoryId(principalId) },
    to: { kind: "Scope", id: scope },
    props: {
      key,
      ...flags,
      flow: "containment",
      source: "role",
      certainty: "exact",
      ...props,
      // Of two tiers the worse one stands: eligible is a click away, whatever else must hold.
      tier: tier === "potential" ? tier : (props.tier ?? tier),
      ...(expires === undefined ? {} : { expires }),
    },
  };
}

/**
 * Each right of the role with what must hold for it, made ready once: blocks are OR-ed, a block's condition is
 * AND-ed to the assignment's.
 */
function narrowed(role: Role, condition: string | undefined): Map<Right, Compiled> {
  const whole = condition === undefined ? [] : [readCondition(condition)];
  const rights = new Map<Right, Compiled>();
  for (const block of role.blocks) {
    const args = [...whole, ...(block.condition === undefined ? [] : [readCondition(block.condition)])];
    for (const primitive of block.primitives)
      for (const right of primitive === "read" ? (["read", "list"] as const) : [primitive]) {
        const ways = waysOf(right, block.superUser);
        const term = ways.length === 0 ? ALWAYS : compileWays({ op: "and", args }, ways);
        rights.set(right, either(rights.get(right) ?? NEVER, term));
      }
  }
  return rights;
}

/**
 * What a condition is asked for a right: one call that passes suffices; none if conditions do not bind it. They bind
 * data actions and changes of role assignments; other control actions are allowed whatever a condition says.
 * https://learn.microsoft.com/azure/role-based-access-control/conditions-authorization-actions-attributes
 *
 * With a hierarchical namespace a condition that does not target the superuser's action does not bind its holder.
 * https://learn.microsoft.com/azure/storage/blobs/storage-auth-abac-attributes
 */
function waysOf(right: Right, superUser: boolean): readonly Way[] {
  if (right !== "list" && PRIMITIVES[right].plane === "control")
    return right === "assign" ? [{ action: PRIMITIVES.assign.action }] : [];
  const { action } = PRIMITIVES[right === "list" ? "read" : right];
  const carries = CARRIES[right] ?? [];
  const calls = (SUBOPERATIONS[right] ?? [undefined]).map((suboperation) => ({
    action,
    suboperation,
    carries: suboperation === WITH_TAGS ? [...carries, "tags" as const] : carries,
  }));
  return superUser ? [...calls, { action: SUPER_USER, hierarchical: true, carries }] : calls;
}

/**
 * What calls say of blobs besides which path is meant; others say nothing of the kind.
 * https://learn.microsoft.com/azure/storage/blobs/storage-auth-abac-attributes#azure-blob-storage-actions-and-suboperations
 */
const CARRIES: Readonly<Partial<Record<Right, readonly Carried[]>>> = {
  list: ["prefix"],
  read: ["state"],
  delete: ["state"],
};
const WITH_TAGS = "Blob.Write.WithTagHeaders";

/**
 * Suboperations by which a right is used; undefined: none of them. Reading content counts as the older
 * `Blob.Read.WithTagConditions`, which is what conditions of version 1.0 target to guard it.
 * https://learn.microsoft.com/azure/storage/blobs/storage-auth-abac-attributes#suboperations
 */
const SUBOPERATIONS: Readonly<Partial<Record<Right, readonly (string | undefined)[]>>> = {
  list: ["Blob.List"],
  read: ["Blob.Read.WithTagConditions"],
  write: [undefined, WITH_TAGS],
  add: [undefined, WITH_TAGS],
};

interface Spread {
  at: string;
  manner: Manner;
  rights: Set<Right>;
  /** The place itself, where no listing tells of it. */
  place: readonly GraphRecord[];
}

/** Decides each right at the scope, then at accounts, then at containers, no lower than it must. */
function spread(rights: ReadonlyMap<Right, Compiled>, scope: string, c: GrantContext): Spread[] {
  const found = new Map<string, Spread>();
  const add = (at: string, right: Right, manner: Manner, place: readonly GraphRecord[] = []) => {
    const key = `${at}\n${JSON.stringify(manner)}`;
    const same = found.get(key);
    if (same === undefined) found.set(key, { at, manner, rights: new Set([right]), place });
    else same.rights.add(right);
  };
  /** Where only paths keep a right open, it holds for those of each container that satisfy the condition. */
  const addPaths = (at: string, right: Right, compiled: Compiled) => {
    for (const container of containersAt(at, c)) {
      const resolve = resolveAt(placeOf(container, c));
      const rest = compiled(resolve);
      if (typeof rest === "boolean") continue;
      const causes = openCauses(rest, resolve);
      if (causes === true || !causes.has("path") || causes.has("item") || causes.has("asked")) continue;
      const others = new Set([...causes].filter((cause) => cause !== "path"));
      const manner = mannerOf(others, inWords(rest));
      add(pathSetId(container, rest), right, manner, pathSetRecords(container, rest));
    }
  };
  /** False if the answer differs from place to place below; at the last place it must stay open. */
  const decide = (at: string, right: Right, compiled: Compiled, last: boolean): boolean => {
    // Assigning roles is not done at a container: what a condition says of one is unread there.
    const placeless = right === "assign";
    const place = placeless ? {} : placeOf(at, c);
    const manner = judge(compiled, place, last || placeless);
    if (manner === "below") return false;
    if (manner !== "never") {
      add(at, right, manner);
      if (manner !== PLAINLY && !placeless) addPaths(at, right, compiled);
    }
    return true;
  };

  for (const [right, compiled] of rights) {
    if (decide(scope, right, compiled, false)) continue;
    const top = isAtOrBelow(scope, c.subscription) ? scope : c.subscription;
    const accounts = c.storage.accounts.filter(({ id }) => isAtOrBelow(id, top));
    // Nothing is known below: not read, or not there. The right stands, with its condition unread.
    if (accounts.length === 0) decide(top, right, compiled, true);
    for (const { id } of accounts) {
      const containers = c.storage.containers(id);
      if (decide(id, right, compiled, containers.length === 0)) continue;
      for (const container of containers) decide(container, right, compiled, true);
    }
  }
  return [...found.values()];
}

/** Known containers at or below a scope; a container counts whether it was listed or not. */
function containersAt(at: string, { storage, subscription }: GrantContext): readonly string[] {
  if (scopeKind(at) === "Container") return [at];
  const top = isAtOrBelow(at, subscription) ? at : subscription;
  return storage.accounts.flatMap(({ id }) => (isAtOrBelow(id, top) ? storage.containers(id) : []));
}

/** What a scope's id, and what is known of its account, tell a condition. */
function placeOf(scope: string, { storage }: GrantContext): Place {
  const container = scopeKind(scope) === "Container" ? scope : undefined;
  const account = container === undefined ? scope : armParent(container)!;
  if (scopeKind(account) !== "StorageAccount") return {};
  return {
    account: lastSegment(account),
    container: container && lastSegment(container),
    hns: storage.accounts.find(({ id }) => id === account)?.hns,
  };
}

const lastSegment = (id: string) => id.slice(id.lastIndexOf("/") + 1);

/** How a right holds under a condition at a place; `below` if accounts or containers decide it. */
function judge(compiled: Compiled, place: Place, last: boolean): Manner | "never" | "below" {
  const resolve = resolveAt(place);
  const rest = compiled(resolve);
  if (rest === false) return "never";
  if (rest === true) return PLAINLY;
  const causes = openCauses(rest, resolve);
  const residual = inWords(rest);
  if (causes === true) return { ...PLAINLY, residual };
  if (causes.has("place") && !last) return "below";
  return mannerOf(causes, residual);
}

function mannerOf(causes: ReadonlySet<Cause>, residual: string): Manner {
  // What was not read could only take the right away: it stands, as an upper bound.
  const unread = UNREAD.some((cause) => causes.has(cause));
  const reason = REASONS.find(([cause]) => causes.has(cause))?.[1];
  return {
    tier: CONDITIONAL.some((cause) => causes.has(cause)) ? "conditional" : "now",
    certainty: unread ? "upper-bound" : "exact",
    ...(reason === undefined ? {} : { reason_code: reason }),
    residual,
  };
}

const CONDITIONAL: readonly Cause[] = ["asked", "item", "path"];

const UNREAD: readonly Cause[] = ["unparsed", "unread", "place"];
/** The first that applies names the reason. */
const REASONS: readonly (readonly [Cause, string])[] = [
  ["unparsed", "condition-unparsed"],
  ["unread", "condition-unread"],
  ["place", "condition-unread"],
  // Path and tags differ from blob to blob; sets of paths are places of their own besides.
  ["path", "condition-item"],
  ["item", "condition-item"],
  ["asked", "condition-asked"],
];
