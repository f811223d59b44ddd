/** A simulated tenant: everything in it follows from a seed and sizes, and `change` lets time pass. */
import { AccessLists } from "./access-lists.ts";
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
import { createWorld, KIND, packRef, type World } from "./world.ts";

/** One thing that changed: what a delta call reports. */
export type Event =
  | { readonly kind: "user" | "group" | "agent"; readonly index: number }
  | { readonly kind: "member"; readonly index: number; readonly member: number; readonly removed: boolean };

export interface Tenant {
  readonly world: World;
  readonly size: TenantSize;
  readonly directory: Directory;
  readonly applications: Applications;
  readonly consents: Consents;
  readonly places: Places;
  readonly grants: Grants;
  readonly accessLists: AccessLists;
  readonly files: Files;
  readonly contents: Contents;
  /** Everything that changed since the tenant was made, oldest first. */
  readonly events: readonly Event[];
  /** Makes `n` changes: renames, disables, removals, joiners, leavers. The same calls make the same changes. */
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
    accessLists: new AccessLists(world),
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
  const bits = mix(seed, 110, salt);
  const user = mix(seed, 111, salt) % Math.max(1, size.users);
  const group = mix(seed, 112, salt) % Math.max(1, size.groups);
  const changeUser = (change: object): Event[] => {
    directory.changedUsers.set(user, { ...directory.changedUsers.get(user), ...change });
    return [{ kind: "user", index: user }];
  };
  const turn = bits % 10;
  if (size.users === 0 || size.groups === 0) return [];
  if (turn < 2) return changeUser({ displayName: `Renamed ${salt}` });
  if (turn === 2) return changeUser({ accountEnabled: bits % 3 === 0 });
  if (turn === 3) return changeUser({ removed: true });
  if (turn === 4) return [{ kind: "user", index: directory.addUser() }];
  if (turn === 5) {
    directory.changedGroups.set(group, {
      ...directory.changedGroups.get(group),
      displayName: `Renamed group ${salt}`,
    });
    return [{ kind: "group", index: group }];
  }
  if (turn === 6 && size.agents > 0) {
    const agent = mix(seed, 113, salt) % size.agents;
    if (!applications.disabledAgents.delete(agent)) applications.disabledAgents.add(agent);
    return [{ kind: "agent", index: agent }];
  }
  const members = directory.members(group);
  if (turn === 7 && members.length > 0) {
    const member = members[mix(seed, 114, salt) % members.length]!;
    directory.removeMember(group, member);
    return [{ kind: "member", index: group, member, removed: true }];
  }
  const member = packRef(KIND.user, user);
  return directory.addMember(group, member) ? [{ kind: "member", index: group, member, removed: false }] : [];
}
