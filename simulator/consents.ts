/** App role assignments, delegated permission grants and directory roles of a simulated tenant. */
import type { Applications } from "./applications.ts";
import type { Directory } from "./directory.ts";
import { mix } from "./random.ts";
import { DIRECTORY_ROLES, SERVICES } from "./services.ts";
import { type Json, KIND, packRef, principalType, unpackRef, type World } from "./world.ts";

/** One application permission: who, of which service, which of its roles (-1: access without a role). */
interface Assignment {
  readonly principal: number;
  readonly service: number;
  readonly role: number;
}
interface Grant {
  readonly client: number;
  readonly user: number | undefined;
  readonly service: number;
  readonly scope: string;
}

const GRAPH = 0;
const PAYROLL = 3;
const INVOICES = 4;
const role = (name: string): number => SERVICES[GRAPH]!.roles.findIndex((r) => r.name === name);
/** What ordinary agents and applications hold, as shares of a hundred. */
const COMMON: readonly (readonly [upTo: number, service: number, role: number])[] = [
  [40, GRAPH, role("User.Read.All")],
  [60, GRAPH, role("Sites.Selected")],
  [66, GRAPH, role("Files.Read.All")],
  [71, GRAPH, role("Sites.Read.All")],
  [77, GRAPH, role("Mail.Read")],
  [84, GRAPH, role("Group.Read.All")],
  [92, INVOICES, 0],
  [100, PAYROLL, 0],
];

export class Consents {
  readonly #world: World;
  readonly #applications: Applications;
  readonly #directory: Directory;
  readonly #byService = new Map<number, Assignment[]>();
  readonly #byPrincipal = new Map<number, Assignment[]>();
  readonly grants: readonly Grant[];
  readonly #roleHolders: readonly (readonly [principal: number, role: number])[];

  constructor(world: World, applications: Applications, directory: Directory) {
    this.#world = world;
    this.#applications = applications;
    this.#directory = directory;
    for (const assignment of this.#assignments()) {
      listOf(this.#byService, assignment.service).push(assignment);
      listOf(this.#byPrincipal, assignment.principal).push(assignment);
    }
    this.grants = [...this.#delegated()];
    this.#roleHolders = [...this.#directoryRoles()];
  }

  *#assignments(): Generator<Assignment> {
    const { seed, size } = this.#world;
    const one = (principal: number, salt: number): Assignment => {
      const share = mix(seed, salt, principal) % 100;
      const [, service, held] = COMMON.find(([upTo]) => share < upTo)!;
      return { principal, service, role: held };
    };
    for (let a = 0; a < size.agents; a++)
      if (mix(seed, 60, a) % 100 < 25) yield one(packRef(KIND.agent, a), 61);
    for (let b = 0; b < size.blueprints; b++)
      if (mix(seed, 62, b) % 100 < 60) yield one(packRef(KIND.blueprintPrincipal, b), 63);
    for (let p = SERVICES.length; p < SERVICES.length + size.apps; p++)
      if (mix(seed, 64, p) % 100 < 60) yield one(packRef(KIND.servicePrincipal, p), 65);
    if (size.apps > 0)
      yield {
        principal: packRef(KIND.servicePrincipal, SERVICES.length),
        service: GRAPH,
        role: role("Application.ReadWrite.All"),
      };
    // Two that agents never inherit, and people who may open a custom API.
    if (size.blueprints > 0)
      yield {
        principal: packRef(KIND.blueprintPrincipal, 0),
        service: GRAPH,
        role: role("AgentIdentity.CreateAsManager"),
      };
    for (let u = 0; u < Math.min(20, size.users); u++)
      yield { principal: packRef(KIND.user, u), service: PAYROLL, role: -1 };
    for (let g = 0; g < Math.min(5, size.groups); g++)
      yield { principal: packRef(KIND.group, g), service: INVOICES, role: -1 };
    if (size.overexposed && size.agents > 5) {
      yield { principal: packRef(KIND.agent, 1), service: GRAPH, role: role("Files.Read.All") };
      yield { principal: packRef(KIND.agent, 1), service: PAYROLL, role: 1 };
      yield { principal: packRef(KIND.agent, 4), service: GRAPH, role: role("Mail.Read") };
      yield { principal: packRef(KIND.agent, 4), service: GRAPH, role: role("Calendars.Read") };
      yield {
        principal: packRef(KIND.agent, 5),
        service: GRAPH,
        role: role("AppRoleAssignment.ReadWrite.All"),
      };
    }
  }

  *#delegated(): Generator<Grant> {
    const { seed, size } = this.#world;
    for (let b = 0; b < size.blueprints; b++)
      yield {
        client: packRef(KIND.blueprintPrincipal, b),
        user: undefined,
        service: GRAPH,
        scope: b % 2 ? "User.Read Files.Read.All" : "User.Read Mail.Read",
      };
    for (let p = SERVICES.length; p < SERVICES.length + size.apps; p++) {
      const bits = mix(seed, 66, p);
      if (bits % 2 === 0 || size.users === 0) continue;
      const user = bits % 3 === 0 ? bits % size.users : undefined;
      yield {
        client: packRef(KIND.servicePrincipal, p),
        user,
        service: GRAPH,
        scope: " User.Read  Files.Read",
      };
    }
    for (let a = 0; a < size.agents; a += 9)
      yield {
        client: packRef(KIND.agent, a),
        user: mix(seed, 67, a) % size.users,
        service: GRAPH,
        scope: "User.Read Mail.Read",
      };
  }

  *#directoryRoles(): Generator<readonly [number, number]> {
    const { seed, size } = this.#world;
    for (let r = 0; r < DIRECTORY_ROLES.length; r++)
      for (let k = 0; k < Math.min(3, size.users); k++)
        yield [packRef(KIND.user, mix(seed, 68, r, k) % size.users), r];
    const assignable = this.#directory.roleAssignable(3);
    for (const [n, g] of assignable.entries()) yield [packRef(KIND.group, g), n];
    if (size.apps > 1) yield [packRef(KIND.servicePrincipal, SERVICES.length + 1), 4];
    for (let a = 7; a < Math.min(size.agents, 60); a += 20) yield [packRef(KIND.agent, a), 0];
  }

  /** Who holds roles of service principal p. */
  assignedTo(p: number): Json[] {
    return (this.#byService.get(p) ?? []).map((one) => this.#print(one));
  }
  /** What a principal holds. */
  heldBy(kind: Parameters<typeof packRef>[0], index: number): Json[] {
    return (this.#byPrincipal.get(packRef(kind, index)) ?? []).map((one) => this.#print(one));
  }
  #print({ principal, service, role }: Assignment): Json {
    const { guids, time } = this.#world;
    const { kind, index } = unpackRef(principal);
    return {
      id: Buffer.from(`${principal}.${service}.${role}`).toString("base64url").padEnd(43, "A"),
      deletedDateTime: null,
      appRoleId: SERVICES[service]!.roles[role]?.id ?? "00000000-0000-0000-0000-000000000000",
      createdDateTime: time,
      principalId: guids.of(kind, index),
      principalType: principalType(kind),
      principalDisplayName: kind === KIND.agent ? this.#applications.agentName(index) : null,
      resourceId: guids.of(KIND.servicePrincipal, service),
      resourceDisplayName: SERVICES[service]!.name,
    };
  }

  grant(n: number): Json {
    const { guids } = this.#world;
    const { client, user, service, scope } = this.grants[n]!;
    const { kind, index } = unpackRef(client);
    return {
      id: Buffer.from(`grant.${n}.${client}`).toString("base64url").padEnd(43, "A"),
      clientId: guids.of(kind, index),
      consentType: user === undefined ? "AllPrincipals" : "Principal",
      principalId: user === undefined ? null : guids.of(KIND.user, user),
      resourceId: guids.of(KIND.servicePrincipal, service),
      scope,
    };
  }
  grantsOf(kind: number, index: number): Json[] {
    return this.grants.flatMap((grant, n) => {
      const client = unpackRef(grant.client);
      return client.kind === kind && client.index === index ? [this.grant(n)] : [];
    });
  }

  /** `roleManagement/directory/roleAssignments`. */
  directoryRoleAssignments(): Json[] {
    return this.#roleHolders.map(([principal, role], n) => ({
      id: Buffer.from(`role.${n}.${principal}`).toString("base64url").padEnd(43, "A"),
      principalId: this.idOf(principal),
      roleDefinitionId: DIRECTORY_ROLES[role]!.id,
      directoryScopeId: "/",
      appScopeId: null,
      condition: null,
      principalOrganizationId: this.#world.tenantId,
    }));
  }
  directoryRoleDefinitions(): Json[] {
    return DIRECTORY_ROLES.map(({ name, id }) => ({
      id,
      templateId: id,
      displayName: name,
      description: name,
      isBuiltIn: true,
      isEnabled: true,
      version: "1",
      resourceScopes: ["/"],
      rolePermissions: [
        { allowedResourceActions: ["microsoft.directory/users/standard/read"], condition: null },
      ],
    }));
  }
  /** A few people who may activate a directory role. */
  roleEligibilities(): Json[] {
    const { guids, size, seed } = this.#world;
    return Array.from({ length: Math.min(5, size.users) }, (_, k) => ({
      id: guids.of(KIND.eligibility, k),
      principalId: guids.of(KIND.user, mix(seed, 69, k) % size.users),
      roleDefinitionId: DIRECTORY_ROLES[7 - (k % 3)]!.id,
      directoryScopeId: "/",
      appScopeId: null,
      memberType: "Direct",
      roleEligibilityScheduleId: guids.of(KIND.eligibility, 1000 + k),
      startDateTime: "2025-06-01T00:00:00Z",
      endDateTime: k % 2 ? "2027-06-01T00:00:00Z" : null,
    }));
  }
  /** People who may activate membership of group g; only role-assignable groups have some. */
  groupEligibilities(g: number): Json[] {
    const { guids, size, seed } = this.#world;
    if (size.users === 0) return [];
    const group = guids.of(KIND.group, g);
    const schedule = guids.of(KIND.eligibility, 2_000_000 + g);
    return [
      {
        id: `${group}_member_${schedule}`,
        accessId: "member",
        groupId: group,
        principalId: guids.of(KIND.user, mix(seed, 70, g) % size.users),
        memberType: "Direct",
        eligibilityScheduleId: `${group}_member_${schedule}`,
        startDateTime: "2025-06-01T00:00:00Z",
        endDateTime: null,
      },
    ];
  }

  idOf(principal: number): string {
    const { kind, index } = unpackRef(principal);
    return this.#world.guids.of(kind, index);
  }
}

function listOf<K, V>(map: Map<K, V[]>, key: K): V[] {
  const found = map.get(key);
  if (found) return found;
  const made: V[] = [];
  map.set(key, made);
  return made;
}
