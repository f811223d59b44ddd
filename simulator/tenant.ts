/** A simulated tenant: everything in it follows from a seed and sizes, and `change` lets time pass. */
import { Applications } from "./applications.ts";
import { Consents } from "./consents.ts";
import { Directory } from "./directory.ts";
import { Files } from "./files.ts";
import { Grants } from "./grants.ts";
import { Contents } from "./office.ts";
import { sizeOf, type TenantOptions, type TenantSize } from "./options.ts";
import { Places } from "./places.ts";
import { mix } from "./random.ts";
import { SERVICES } from "./services.ts";
import { createWorld, KIND, packRef, unpackRef, type World } from "./world.ts";

/** One thing that changed: what a delta call reports. */
export type Event =
  | { readonly kind: "user" | "group" | "agent"; readonly index: number; readonly restored?: boolean }
  | { readonly kind: "member"; readonly index: number; readonly member: number; readonly removed: boolean };

export interface Tenant {
  readonly world: World;
  readonly size: TenantSize;
  readonly directory: Directory;
  readonly applications: Applications;
  readonly consents: Consents;
  readonly places: Places;
  readonly grants: Grants;
  readonly files: Files;
  readonly contents: Contents;
  /** Everything that changed since the tenant was made, oldest first. */
  readonly events: readonly Event[];
  /** Makes `n` changes: people and groups come, go and return, members move. The same calls make the same changes. */
  change(n: number): void;
}

/** Makes a tenant. Costs time and memory with groups, agents and accounts, not with users or files. */
export function createTenant(options: TenantOptions): Tenant {
  const world = createWorld(sizeOf(options));
  const places = new Places(world);
  const applications = new Applications(world, places);
  const directory = new Directory(world, [...joined(world)]);
  const events: Event[] = [];
  let turn = 0;
  return {
    world,
    size: world.size,
    directory,
    applications,
    consents: new Consents(world, applications, directory),
    places,
    grants: new Grants(world, places, directory.roleAssignable(2)),
    files: new Files(world),
    contents: new Contents(world.tenantId),
    events,
    change(n) {
      for (let i = 0; i < n; i++) events.push(...changeOnce(world, directory, applications, turn++));
    },
  };
}

/** Group memberships of agents, agent users and applications, as (group position, packed member). */
function* joined(world: World): Generator<readonly [number, number]> {
  const { seed, size } = world;
  for (let a = 0; a < size.agents; a++) {
    const bits = mix(seed, 31, a);
    const groups = bits % 10 < 5 ? 0 : bits % 10 < 9 ? 1 : 3;
    for (let k = 0; k < groups; k++) yield [mix(seed, 32, a, k), packRef(KIND.agent, a)];
  }
  for (let u = 0; u < size.agentUsers; u++) yield [mix(seed, 33, u), packRef(KIND.agentUser, u)];
  for (let p = 0; p < size.apps; p++)
    if (mix(seed, 34, p) % 5 === 0)
      yield [mix(seed, 35, p), packRef(KIND.servicePrincipal, SERVICES.length + p)];
}

function changeOnce(world: World, directory: Directory, applications: Applications, salt: number): Event[] {
  const { seed, size } = world;
  if (size.users === 0 || size.groups === 0) return [];
  const bits = mix(seed, 110, salt);
  const user = mix(seed, 111, salt) % size.users;
  const group = mix(seed, 112, salt) % size.groups;
  const variant = mix(seed, 115, salt) % 3;
  const turn = bits % 10;
  if (turn < 4)
    return changeUser(directory, user, turn < 2 ? "rename" : turn === 2 ? "disable" : "remove", salt);
  if (turn === 4)
    return variant === 0
      ? [{ kind: "user", index: directory.addUser() }]
      : changeUser(directory, user, variant === 1 ? "restore" : "purge", salt);
  if (turn === 5) return changeGroup(directory, group, variant, salt);
  if (turn === 6 && size.agents > 0) {
    const agent = mix(seed, 113, salt) % size.agents;
    if (!applications.disabledAgents.delete(agent)) applications.disabledAgents.add(agent);
    return [{ kind: "agent", index: agent }];
  }
  if (directory.isGone(packRef(KIND.group, group))) return [];
  const members = directory.members(group);
  if (turn < 9 && members.length > 0) {
    const member = members[mix(seed, 114, salt) % members.length]!;
    directory.removeMember(group, member);
    const left: Event = { kind: "member", index: group, member, removed: true };
    return turn === 7 ? [left] : [left, ...join(directory, mix(seed, 116, salt) % size.groups, member)];
  }
  return join(directory, group, packRef(KIND.user, user));
}

function join(directory: Directory, group: number, member: number): Event[] {
  const { kind } = unpackRef(member);
  // Of all that moves only users may join any group.
  if (kind !== KIND.user || directory.isGone(member) || directory.isGone(packRef(KIND.group, group)))
    return [];
  return directory.addMember(group, member) ? [{ kind: "member", index: group, member, removed: false }] : [];
}

/**
 * A removed user can be restored, with all memberships, until the user is purged. Groups tell of members that leave
 * only then. https://learn.microsoft.com/graph/delta-query-groups
 */
function changeUser(
  directory: Directory,
  chosen: number,
  change: "rename" | "disable" | "remove" | "restore" | "purge",
  salt: number,
): Event[] {
  const back = change === "restore" || change === "purge";
  const user = back ? directory.removedUsers()[salt % Math.max(1, directory.removedUsers().length)] : chosen;
  if (user === undefined) return [];
  const known = directory.changedUsers.get(user);
  if (known?.purged) return [];
  const after = {
    ...known,
    ...(change === "rename" ? { displayName: `Renamed ${salt}` } : {}),
    ...(change === "disable" ? { accountEnabled: salt % 3 === 0 } : {}),
    ...(change === "remove" ? { removed: true } : {}),
    ...(change === "restore" ? { removed: false } : {}),
    ...(change === "purge" ? { purged: true } : {}),
  };
  const member = packRef(KIND.user, user);
  const left = change === "purge" ? directory.groupsWith(member) : [];
  directory.changedUsers.set(user, after);
  for (const group of left) directory.removeMember(group, member);
  return [
    { kind: "user", index: user },
    ...left.map((group): Event => ({ kind: "member", index: group, member, removed: true })),
  ];
}

/** A group goes with its memberships and comes back with them. */
function changeGroup(directory: Directory, chosen: number, variant: number, salt: number): Event[] {
  const removed = directory.removedGroups();
  const group = variant === 2 ? removed[salt % Math.max(1, removed.length)] : chosen;
  if (group === undefined) return [];
  directory.changedGroups.set(group, {
    ...directory.changedGroups.get(group),
    ...(variant === 0 ? { displayName: `Renamed group ${salt}` } : { removed: variant === 1 }),
  });
  return [{ kind: "group", index: group, restored: variant === 2 }];
}
