/** Users, groups and direct memberships of a simulated tenant, with what changed since it was made. */
import { DEPARTMENTS, DOMAIN, FAMILY, GIVEN, GROUP_TOPICS } from "./names.ts";
import { chance, mix, pick, shares } from "./random.ts";
import { graphType, type Json, KIND, packRef, Rows, unpackRef, type World } from "./world.ts";

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

/** What sort of group it is; each decides which members it may have. */
export type GroupSort = "security" | "microsoft365" | "dynamic" | "roleAssignable";

export interface Changed {
  displayName?: string;
  accountEnabled?: boolean;
  removed?: boolean;
  /** Removed for good. */
  purged?: boolean;
}

export class Directory {
  readonly #world: World;
  readonly #nested: Rows;
  readonly #userSlots: Float64Array;
  readonly #step: number;
  /** Cloud security groups: they may hold groups and service principals. In order. */
  readonly nestable: readonly number[];
  #addedUsers = 0;
  readonly changedUsers = new Map<number, Changed>();
  readonly changedGroups = new Map<number, Changed>();
  readonly #addedMembers = new Map<number, number[]>();
  readonly #removedMembers = new Map<number, Set<number>>();

  /** `joined`: memberships of service principals, agents and agent users, as (group position, packed member). */
  constructor(world: World, joined: readonly (readonly [nestable: number, member: number])[]) {
    this.#world = world;
    const { groups, users, memberships } = world.size;
    const nestable: number[] = [];
    for (let g = 0; g < groups; g++)
      if (this.sortOf(g) === "security" && !this.#isSynced(g)) nestable.push(g);
    this.nestable = nestable;
    const seen = new Set<number>();
    const pairs: (readonly [number, number])[] = [];
    const add = (group: number, member: number): void => {
      const key = group * 2 ** 32 + member;
      if (!seen.has(key)) pairs.push([group, member]);
      seen.add(key);
    };
    for (const [group, member] of this.#nesting(nestable)) add(group, member);
    if (nestable.length > 0)
      for (const [position, member] of joined) add(nestable[position % nestable.length]!, member);
    const budget = Math.min(pairs.length, memberships);
    this.#nested = new Rows(groups, pairs.slice(0, budget));
    // A few groups are large, most are small, as in every directory.
    const slots = shares(memberships - budget, groups, (g) => 0.05 + chance(world.seed, 21, g) ** 6);
    this.#userSlots = capped(slots, users);
    let step = 7919;
    while (users > 0 && gcd(step, users) !== 1) step++;
    this.#step = step;
  }

  /** Chains six deep; one in ten closes into a cycle, some groups stand in two chains. */
  *#nesting(nestable: readonly number[]): Generator<[number, number]> {
    const { seed } = this.#world;
    for (let p = 0; p < nestable.length; p++) {
      const last = p % 6 === 5;
      const child = !last ? nestable[p + 1] : p % 60 === 5 ? nestable[p - 5] : undefined;
      if (child !== undefined && chance(seed, 22, Math.floor(p / 6)) < 0.5)
        yield [nestable[p]!, packRef(KIND.group, child)];
      if (chance(seed, 23, p) < 0.05 && nestable.length > 12)
        yield [nestable[p]!, packRef(KIND.group, nestable[(p + 7) % nestable.length]!)];
    }
  }

  sortOf(g: number): GroupSort {
    if (g % 50 === 7) return "roleAssignable";
    const x = chance(this.#world.seed, 20, g);
    return x < 0.08 ? "dynamic" : x < 0.33 ? "microsoft365" : "security";
  }

  /** Managed on premises: such a group takes no cloud objects as members. */
  #isSynced(g: number): boolean {
    return mix(this.#world.seed, 25, g) % 100 < 15;
  }

  /** The first groups that may hold directory roles. */
  roleAssignable(count: number): number[] {
    const out: number[] = [];
    for (let g = 0; g < this.#world.size.groups && out.length < count; g++)
      if (this.sortOf(g) === "roleAssignable") out.push(g);
    return out;
  }

  get userCount(): number {
    return this.#world.size.users + this.#addedUsers;
  }

  user(i: number): Json | undefined {
    const change = this.changedUsers.get(i);
    if (change?.removed) return undefined;
    const { seed, guids, tenantId } = this.#world;
    const bits = mix(seed, 1, i);
    const given = pick(GIVEN, bits);
    const family = pick(FAMILY, bits >>> 8);
    const login = `${given}.${family}${i}`.toLowerCase();
    const guest = bits % 100 < 6;
    const upn = guest ? `${login}_partner.example#EXT#@${DOMAIN}` : `${login}@${DOMAIN}`;
    return {
      id: guids.of(KIND.user, i),
      displayName: change?.displayName ?? `${given} ${family} ${i}`,
      givenName: given,
      surname: family,
      userPrincipalName: upn,
      mail: guest ? `${login}@partner.example` : upn,
      accountEnabled: change?.accountEnabled ?? mix(seed, 2, i) % 100 >= 4,
      userType: guest ? "Guest" : "Member",
      department: pick(DEPARTMENTS, bits >>> 16),
      jobTitle: null,
      onPremisesSyncEnabled: !guest && mix(seed, 3, i) % 10 < 3 ? true : null,
      securityIdentifier: `S-1-12-1-${mix(seed, 4, i)}-${mix(seed, 5, i)}-${mix(seed, 6, i)}-${i}`,
      createdDateTime: this.#world.time,
      assignedLicenses: guest ? [] : [{ disabledPlans: [], skuId: guids.of(KIND.other, 1) }],
      identityParentId: null,
      businessPhones: [],
      mobilePhone: null,
      officeLocation: null,
      preferredLanguage: null,
      ...(guest ? { creationType: "Invitation" } : { employeeId: tenantId.slice(0, 4) + i }),
    };
  }

  group(g: number): Json | undefined {
    const change = this.changedGroups.get(g);
    if (change?.removed || g >= this.#world.size.groups) return undefined;
    const { seed, guids, time } = this.#world;
    const bits = mix(seed, 24, g);
    const sort = this.sortOf(g);
    const unified = sort === "microsoft365";
    const nickname = `group${g}`;
    const department = pick(DEPARTMENTS, bits);
    const types = [...(unified ? ["Unified"] : []), ...(sort === "dynamic" ? ["DynamicMembership"] : [])];
    return {
      id: guids.of(KIND.group, g),
      displayName: change?.displayName ?? `${department} ${pick(GROUP_TOPICS, bits >>> 8)} ${g}`,
      description: null,
      groupTypes: types,
      securityEnabled: !unified,
      mailEnabled: unified,
      mailNickname: nickname,
      mail: unified ? `${nickname}@${DOMAIN}` : null,
      isAssignableToRole: sort === "roleAssignable" ? true : null,
      membershipRule: sort === "dynamic" ? `user.department -eq "${department}"` : null,
      membershipRuleProcessingState: sort === "dynamic" ? (bits % 9 === 0 ? "Paused" : "On") : null,
      visibility: unified ? (bits % 12 === 0 ? "HiddenMembership" : bits % 2 ? "Private" : "Public") : null,
      onPremisesSyncEnabled: sort === "security" && this.#isSynced(g) ? true : null,
      isManagementRestricted: false,
      securityIdentifier: `S-1-12-1-${mix(seed, 26, g)}-${mix(seed, 27, g)}-${mix(seed, 28, g)}-${g}`,
      uniqueName: null,
      createdDateTime: time,
    };
  }

  /** Packed members of a group, `from` up to `count` slots on. A slot of a removed user is left out. */
  members(g: number, from = 0, count = Number.POSITIVE_INFINITY, withGone = false): number[] {
    const removed = this.#removedMembers.get(g);
    const added = this.#addedMembers.get(g) ?? [];
    const nested = this.#nested.count(g);
    const users = this.#userSlots[g + 1]! - this.#userSlots[g]!;
    const out: number[] = [];
    const until = Math.min(from + count, nested + users + added.length);
    for (let slot = from; slot < until; slot++) {
      const member =
        slot < nested
          ? this.#nested.at(g, slot)
          : slot < nested + users
            ? packRef(KIND.user, this.#userAt(g, slot - nested))
            : added[slot - nested - users]!;
      if (!removed?.has(member) && (withGone || !this.isGone(member))) out.push(member);
    }
    return out;
  }

  /** Groups that a user is in, though the user or the group may be removed. Looks through all groups. */
  groupsWith(member: number): number[] {
    const groups = Array.from({ length: this.#world.size.groups }, (_, g) => g);
    return groups.filter((g) => this.members(g, 0, Number.POSITIVE_INFINITY, true).includes(member));
  }

  /** Members that left a group. */
  leftMembers(g: number): number[] {
    return [...(this.#removedMembers.get(g) ?? [])];
  }

  removedUsers(): number[] {
    return [...this.changedUsers].flatMap(([i, { removed, purged }]) => (removed && !purged ? [i] : []));
  }

  removedGroups(): number[] {
    return [...this.changedGroups].flatMap(([g, { removed }]) => (removed ? [g] : []));
  }

  /** Number of member slots: memberships, those of removed members included. */
  memberSlots(g: number): number {
    const users = this.#userSlots[g + 1]! - this.#userSlots[g]!;
    return this.#nested.count(g) + users + (this.#addedMembers.get(g)?.length ?? 0);
  }

  #userAt(g: number, slot: number): number {
    const { users } = this.#world.size;
    return (mix(this.#world.seed, 29, g) + slot * this.#step) % users;
  }

  /** Removed, for good or not. */
  isGone(member: number): boolean {
    const { kind, index } = unpackRef(member);
    if (kind === KIND.user) return this.changedUsers.get(index)?.removed === true;
    if (kind === KIND.group) return this.changedGroups.get(index)?.removed === true;
    return false;
  }

  /** Packed owners of a group: none, one or two users. */
  owners(g: number): number[] {
    const { seed, size } = this.#world;
    const bits = mix(seed, 30, g);
    return Array.from({ length: bits % 3 }, (_, k) => packRef(KIND.user, mix(bits, k) % size.users));
  }

  addUser(): number {
    return this.#world.size.users + this.#addedUsers++;
  }

  /** True if the group did not have the member yet. */
  addMember(g: number, member: number): boolean {
    const has = () => this.members(g, 0, Number.POSITIVE_INFINITY, true).includes(member);
    if (has()) return false;
    this.#removedMembers.get(g)?.delete(member);
    if (!has()) {
      const added = this.#addedMembers.get(g);
      if (added) added.push(member);
      else this.#addedMembers.set(g, [member]);
    }
    return true;
  }

  removeMember(g: number, member: number): void {
    const removed = this.#removedMembers.get(g);
    if (removed) removed.add(member);
    else this.#removedMembers.set(g, new Set([member]));
  }

  /** A member as lists print it: type and id, and a name where the list has one. */
  reference(packed: number): Json {
    const { kind, index } = unpackRef(packed);
    return { "@odata.type": graphType(kind), id: this.#world.guids.of(kind, index) };
  }
}

/** Running totals whose every share is at most `most`; what is over goes to the groups with room. */
function capped(totals: Float64Array, most: number): Float64Array {
  const count = totals.length - 1;
  const sizes = Array.from({ length: count }, (_, i) => totals[i + 1]! - totals[i]!);
  let over = 0;
  for (let i = 0; i < count; i++) {
    over += Math.max(0, sizes[i]! - most);
    sizes[i] = Math.min(sizes[i]!, most);
  }
  for (let i = 0; i < count && over > 0; i++) {
    const room = Math.min(over, most - sizes[i]!);
    sizes[i]! += room;
    over -= room;
  }
  const out = new Float64Array(count + 1);
  for (let i = 0; i < count; i++) out[i + 1] = out[i]! + sizes[i]!;
  return out;
}
