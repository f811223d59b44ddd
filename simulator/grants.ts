/** Azure role assignments, deny assignments and eligibility of a simulated tenant. */
import type { Places } from "./places.ts";
import { mix, pick } from "./random.ts";
import { ROLE_KEYS, type RoleKey, roleOf } from "./roles.ts";
import { SERVICES } from "./services.ts";
import { type Json, KIND, packRef, principalType, unpackRef, type World } from "./world.ts";

interface Assignment {
  readonly scope: string;
  readonly principal: number;
  readonly role: RoleKey;
  readonly condition?: string;
}

const BLOB_READ = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read";
const BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers";
/** Reads only where the expression holds. https://learn.microsoft.com/azure/role-based-access-control/conditions-format */
const readsOnlyIf = (expression: string): string => `((!(ActionMatches{'${BLOB_READ}'})) OR (${expression}))`;

export class Grants {
  readonly #world: World;
  readonly #places: Places;
  readonly #admins: readonly number[];
  readonly #assignments: readonly Assignment[];
  /** Positions of assignments by lower-cased root: management group, subscription or `/`. */
  readonly #byRoot = new Map<string, number[]>();

  /** `admins`: groups that people administer all of Azure through; agents are not in them. */
  constructor(world: World, places: Places, admins: readonly number[]) {
    this.#world = world;
    this.#places = places;
    this.#admins = admins;
    this.#assignments = [
      ...this.#people(),
      ...this.#agents(),
      ...(world.size.overexposed ? this.#overexposed() : []),
    ];
    this.#assignments.forEach(({ scope }, n) => {
      const root = rootOf(scope);
      const there = this.#byRoot.get(root);
      if (there) there.push(n);
      else this.#byRoot.set(root, [n]);
    });
  }

  *#people(): Generator<Assignment> {
    const { seed, size } = this.#world;
    if (size.users === 0) return;
    const user = (salt: number): number => packRef(KIND.user, mix(seed, 80, salt) % size.users);
    const group = (salt: number): number =>
      size.groups > 0 ? packRef(KIND.group, mix(seed, 81, salt) % size.groups) : user(salt);
    const admin = (n: number): number => {
      const g = this.#admins[n % Math.max(1, this.#admins.length)];
      return g === undefined ? user(n) : packRef(KIND.group, g);
    };
    yield { scope: "/", principal: user(0), role: "userAccessAdministrator" };
    yield { scope: this.#places.managementGroupId(0), principal: admin(0), role: "reader" };
    yield { scope: this.#places.managementGroupId(2), principal: admin(1), role: "contributor" };
    for (let s = 0; s < size.subscriptions; s++) {
      yield { scope: this.#places.subscriptionId(s), principal: user(100 + s), role: "owner" };
      yield { scope: this.#places.subscriptionId(s), principal: group(100 + s), role: "reader" };
      for (let r = 0; r < this.#places.groupsPerSubscription; r++)
        yield {
          scope: this.#places.groupId(s, r),
          principal: group(1000 + s * 8 + r),
          role: r % 2 ? "blobReader" : "contributor",
        };
    }
    for (let a = 0; a < size.accounts; a++) {
      yield {
        scope: this.#places.accountId(a),
        principal: group(100_000 + a),
        role: pick(ROLE_KEYS.slice(4), a),
      };
      if (a % 3 === 0 && size.apps > 0)
        yield {
          scope: this.#places.accountId(a),
          principal: packRef(KIND.servicePrincipal, SERVICES.length + (a % size.apps)),
          role: "blobContributor",
        };
    }
  }

  /** Most agents read a container or two; some an account, some a group of resources. */
  *#agents(): Generator<Assignment> {
    const { seed, size } = this.#world;
    if (size.containers === 0) return;
    for (let a = 0; a < size.agents; a++) {
      const principal = packRef(KIND.agent, a);
      const bits = mix(seed, 82, a);
      const container = this.#places.containerId(mix(seed, 83, a) % size.containers);
      const account = mix(seed, 84, a) % size.accounts;
      const share = bits % 100;
      if (share < 60)
        yield { scope: container, principal, role: share < 45 ? "blobReader" : "blobContributor" };
      else if (share < 68) yield { scope: this.#places.accountId(account), principal, role: "blobReader" };
      else if (share < 71) yield { scope: this.#places.accountId(account), principal, role: "readerAndData" };
      else if (share < 74) yield { scope: container, principal, role: "blobWriteOnly" };
      else if (share < 76) yield { scope: this.#places.accountId(account), principal, role: "twoBlocks" };
      else if (share < 78) yield { scope: container, principal, role: "secretsUser" };
      else if (share < 84)
        yield {
          scope: this.#places.accountId(account),
          principal,
          role: "blobReader",
          condition: this.#condition(account, bits >>> 8),
        };
      if (bits % 7 === 0)
        yield {
          scope: this.#places.containerId(mix(seed, 85, a) % size.containers),
          principal,
          role: "blobReader",
        };
    }
  }

  /** True for one container, true for names that start so, decided at request time, or about the blob. */
  #condition(account: number, bits: number): string {
    const [from, to] = this.#places.containersOf(account);
    const name = to > from ? this.#places.containerName(from + (bits % (to - from))) : "none";
    const expressions = [
      `@Resource[${BLOBS}:name] StringEquals '${name}'`,
      `@Resource[${BLOBS}:name] StringStartsWith 'c0000'`,
      "@Environment[isPrivateLink] BoolEquals true",
      `@Resource[${BLOBS}/blobs:path] StringLike 'approved/*'`,
    ];
    return readsOnlyIf(pick(expressions, bits >>> 4));
  }

  *#overexposed(): Generator<Assignment> {
    const { size } = this.#world;
    if (size.agents < 6 || size.accounts === 0) return;
    const agent = (a: number): number => packRef(KIND.agent, a);
    yield { scope: this.#places.managementGroupId(2), principal: agent(0), role: "blobReader" };
    yield {
      scope: this.#places.subscriptionId(size.subscriptions - 1),
      principal: agent(1),
      role: "contributor",
    };
    yield { scope: this.#places.groupId(1 % size.subscriptions, 0), principal: agent(2), role: "blobOwner" };
    yield {
      scope: this.#places.subscriptionId(2 % size.subscriptions),
      principal: agent(3),
      role: "blobContributor",
    };
    yield {
      scope: this.#places.groupId(2 % size.subscriptions, 1),
      principal: agent(5),
      role: "userAccessAdministrator",
    };
  }

  /**
   * Assignments as the API lists them for a scope: those at it and above it, and, without `atScope`, those
   * below it. Nothing of a management group is below another, nothing of a subscription below a group.
   */
  assignments(scope: string, atScope: boolean, at: (parent: string) => readonly string[]): Json[] {
    const wanted = scope.toLowerCase();
    const above = new Set(at(wanted));
    const roots = new Set([rootOf(scope), ...[...above].map(rootOf)]);
    const out: Json[] = [];
    for (const root of roots)
      for (const n of this.#byRoot.get(root) ?? []) {
        const place = this.#assignments[n]!.scope.toLowerCase();
        if (
          place === wanted ||
          above.has(place) ||
          (!atScope && wanted !== "/" && place.startsWith(`${wanted}/`))
        )
          out.push(this.#print(n));
      }
    return out;
  }

  #print(n: number): Json {
    const { guids, time } = this.#world;
    const { scope, principal, role, condition } = this.#assignments[n]!;
    const { kind, index } = unpackRef(principal);
    const name = guids.of(KIND.roleAssignment, n);
    return {
      id: `${scope === "/" ? "" : scope}/providers/Microsoft.Authorization/roleAssignments/${name}`,
      name,
      type: "Microsoft.Authorization/roleAssignments",
      properties: {
        roleDefinitionId: this.roleDefinitionId(
          role,
          rootOf(scope).startsWith("/subscriptions/") ? rootOf(scope) : "",
        ),
        principalId: guids.of(kind, index),
        principalType: principalType(kind),
        scope,
        description: null,
        condition: condition ?? null,
        conditionVersion: condition ? "2.0" : null,
        createdOn: time,
        updatedOn: time,
        createdBy: null,
        updatedBy: null,
        delegatedManagedIdentityResourceId: null,
      },
    };
  }

  /** Ids come with or without the subscription they were asked in. */
  roleDefinitionId(role: RoleKey, subscription: string): string {
    const guid = roleOf(role).id ?? this.#world.guids.of(KIND.customRole, ROLE_KEYS.indexOf(role));
    return `${subscription}/providers/Microsoft.Authorization/roleDefinitions/${guid}`;
  }
  roleDefinitions(scope: string): Json[] {
    const root = rootOf(scope);
    const subscription = root.startsWith("/subscriptions/") ? root : "";
    return ROLE_KEYS.map((key) => {
      const { id: builtIn, name, permissions } = roleOf(key);
      const id = this.roleDefinitionId(key, subscription);
      return {
        id,
        name: id.slice(id.lastIndexOf("/") + 1),
        type: "Microsoft.Authorization/roleDefinitions",
        properties: {
          roleName: name,
          type: builtIn ? "BuiltInRole" : "CustomRole",
          description: name,
          assignableScopes: [builtIn ? "/" : this.#places.managementGroupId(0)],
          permissions: permissions.map((p) => ({ ...p })),
        },
      };
    });
  }

  /** Two deny assignments a subscription: one of everyone with exclusions, one of a group and one action. */
  denyAssignments(s: number): Json[] {
    const { guids, seed, size } = this.#world;
    if (size.agents === 0 || size.groups === 0) return [];
    const deny = (n: number, own: Json): Json => {
      const name = guids.of(KIND.denyAssignment, s * 2 + n);
      const scope = this.#places.groupId(s, n * 3);
      return {
        id: `${scope}/providers/Microsoft.Authorization/denyAssignments/${name}`,
        name,
        type: "Microsoft.Authorization/denyAssignments",
        properties: {
          description: null,
          scope,
          isSystemProtected: true,
          doNotApplyToChildScopes: false,
          ...own,
        },
      };
    };
    const spared = packRef(KIND.agent, mix(seed, 86, s) % size.agents);
    const all = {
      actions: ["*"],
      notActions: [],
      dataActions: [`${BLOBS}/blobs/delete`],
      notDataActions: [],
    };
    const one = { actions: [], notActions: [], dataActions: [BLOB_READ], notDataActions: [] };
    return [
      deny(0, {
        denyAssignmentName: "Deployment stack: keep",
        permissions: [{ ...all, actions: ["*/delete"] }],
        principals: [{ id: "00000000-0000-0000-0000-000000000000", type: "SystemDefined" }],
        excludePrincipals: [{ id: this.idOf(spared), type: "ServicePrincipal" }],
      }),
      deny(1, {
        denyAssignmentName: "Managed application: no reading",
        permissions: [one],
        principals: [{ id: guids.of(KIND.group, mix(seed, 87, s) % size.groups), type: "Group" }],
        excludePrincipals: [],
      }),
    ];
  }

  /** One person a subscription who may activate Contributor. */
  eligibilities(s: number): Json[] {
    const { guids, seed, size } = this.#world;
    if (size.users === 0) return [];
    const name = guids.of(KIND.eligibility, 5_000_000 + s);
    const scope = this.#places.subscriptionId(s);
    return [
      {
        id: `${scope}/providers/Microsoft.Authorization/roleEligibilityScheduleInstances/${name}`,
        name,
        type: "Microsoft.Authorization/roleEligibilityScheduleInstances",
        properties: {
          scope,
          roleDefinitionId: this.roleDefinitionId("contributor", scope),
          roleEligibilityScheduleId: `${scope}/providers/Microsoft.Authorization/roleEligibilitySchedules/${name}`,
          principalId: guids.of(KIND.user, mix(seed, 88, s) % size.users),
          principalType: "User",
          status: "Provisioned",
          memberType: "Direct",
          startDateTime: "2025-06-01T00:00:00Z",
          endDateTime: null,
          createdOn: this.#world.time,
        },
      },
    ];
  }

  idOf(principal: number): string {
    const { kind, index } = unpackRef(principal);
    return this.#world.guids.of(kind, index);
  }
}

/** The management group, subscription or tenant root that an id begins with, lower-cased. */
export function rootOf(scope: string): string {
  const lower = scope.toLowerCase();
  const management = /^\/providers\/microsoft\.management\/managementgroups\/[^/]+/.exec(lower);
  return (management ?? /^\/subscriptions\/[^/]+/.exec(lower))?.[0] ?? "/";
}
