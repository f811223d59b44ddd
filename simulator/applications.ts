/** Service principals, managed identities, applications, agents and blueprints of a simulated tenant. */
import { AGENT_KINDS, APP_NAMES, BLUEPRINT_NAMES, DEPARTMENTS, DOMAIN } from "./names.ts";
import type { Places } from "./places.ts";
import { mix, pick } from "./random.ts";
import { MICROSOFT_TENANT, printRoles, printScopes, SERVICES } from "./services.ts";
import { type Json, KIND, packRef, type World } from "./world.ts";

/** Agents of the example that reach far too much; they are the first ones. */
export const OVEREXPOSED = [
  "Invoice matching agent (all regions)",
  "HR assistant (global)",
  "Contract review agent (pilot)",
  "Expense audit agent (legacy)",
  "Meeting notes agent (all mail)",
  "Access cleanup agent",
] as const;

export class Applications {
  readonly #world: World;
  readonly #places: Places;
  /** Indices of service principals whose application is registered in this tenant. */
  readonly registered: readonly number[];
  readonly disabledAgents = new Set<number>();

  constructor(world: World, places: Places) {
    this.#world = world;
    this.#places = places;
    const registered: number[] = [];
    for (let p = 0; p < SERVICES.length + world.size.apps; p++)
      if (p < SERVICES.length ? SERVICES[p]!.appId === undefined : !this.#isForeign(p)) registered.push(p);
    this.registered = registered;
  }

  get servicePrincipalCount(): number {
    return SERVICES.length + this.#world.size.apps + this.#world.size.managedIdentities;
  }
  get firstIdentity(): number {
    return SERVICES.length + this.#world.size.apps;
  }
  #isForeign(p: number): boolean {
    return p >= SERVICES.length && mix(this.#world.seed, 50, p) % 10 === 0;
  }
  appId(p: number): string {
    return SERVICES[p]?.appId ?? this.#world.guids.of(KIND.appId, p);
  }
  #appName(p: number): string {
    return `${pick(APP_NAMES, mix(this.#world.seed, 51, p))} ${p}`;
  }

  servicePrincipal(p: number): Json | undefined {
    if (p >= this.servicePrincipalCount) return undefined;
    const service = SERVICES[p];
    if (service)
      return this.#principal(KIND.servicePrincipal, p, {
        appId: this.appId(p),
        displayName: service.name,
        servicePrincipalType: "Application",
        appOwnerOrganizationId: service.appId ? MICROSOFT_TENANT : this.#world.tenantId,
        appRoles: printRoles(service),
        oauth2PermissionScopes: printScopes(service),
        appRoleAssignmentRequired: service.appId === undefined,
      });
    if (p < this.firstIdentity)
      return this.#principal(KIND.servicePrincipal, p, {
        appId: this.appId(p),
        displayName: this.#appName(p),
        servicePrincipalType: "Application",
        accountEnabled: mix(this.#world.seed, 52, p) % 40 !== 0,
        appOwnerOrganizationId: this.#isForeign(p)
          ? this.#world.guids.of(KIND.other, 100 + (p % 5))
          : this.#world.tenantId,
        tags: ["WindowsAzureActiveDirectoryIntegratedApp"],
      });
    const k = p - this.firstIdentity;
    const host = this.#places.host(k);
    return this.#principal(KIND.servicePrincipal, p, {
      appId: this.appId(p),
      displayName: `host${k}`,
      servicePrincipalType: "ManagedIdentity",
      appOwnerOrganizationId: null,
      alternativeNames: [`isExplicit=${host.userAssigned ? "True" : "False"}`, host.id],
    });
  }

  /** What all sorts of service principals have, in one order. */
  #principal(
    kind: typeof KIND.servicePrincipal | typeof KIND.agent | typeof KIND.blueprintPrincipal,
    index: number,
    own: Json,
  ): Json {
    return {
      id: this.#world.guids.of(kind, index),
      deletedDateTime: null,
      accountEnabled: true,
      isDisabled: null,
      disabledByMicrosoftStatus: null,
      alternativeNames: [],
      // Whoever uses an agent is assigned here.
      appRoleAssignmentRequired: kind === KIND.agent,
      appRoles: [],
      oauth2PermissionScopes: [],
      resourceSpecificApplicationPermissions: [],
      signInAudience: "AzureADMyOrg",
      tags: [],
      keyCredentials: [],
      passwordCredentials: [],
      verifiedPublisher: null,
      createdByAppId: null,
      ...own,
    };
  }

  application(p: number): Json | undefined {
    if (
      p >= this.firstIdentity ||
      (p < SERVICES.length ? SERVICES[p]!.appId !== undefined : this.#isForeign(p))
    )
      return undefined;
    const service = SERVICES[p];
    return this.#registration(KIND.application, p, {
      appId: this.appId(p),
      displayName: service?.name ?? this.#appName(p),
      appRoles: service ? printRoles(service) : [],
      passwordCredentials:
        p % 3 === 0
          ? [
              {
                keyId: this.#world.guids.of(KIND.credential, p),
                displayName: "deployment",
                hint: null,
                secretText: null,
                customKeyIdentifier: null,
                startDateTime: "2025-02-01T00:00:00Z",
                endDateTime: p % 2 ? "2025-08-01T00:00:00Z" : "2027-02-01T00:00:00Z",
              },
            ]
          : [],
      requiredResourceAccess: [
        {
          resourceAppId: SERVICES[0]!.appId!,
          resourceAccess: [{ id: SERVICES[0]!.scopes[0]!.id, type: "Scope" }],
        },
      ],
    });
  }

  #registration(kind: typeof KIND.application | typeof KIND.blueprint, index: number, own: Json): Json {
    return {
      id: this.#world.guids.of(kind, index),
      deletedDateTime: null,
      createdDateTime: this.#world.time,
      description: null,
      identifierUris: [],
      publisherDomain: DOMAIN,
      signInAudience: "AzureADMyOrg",
      tags: [],
      keyCredentials: [],
      passwordCredentials: [],
      requiredResourceAccess: [],
      disabledByMicrosoftStatus: null,
      ...own,
    };
  }

  /** Federated credentials of an application or blueprint: a managed identity of this tenant, or a pipeline. */
  federatedCredentials(kind: number, index: number): Json[] {
    const { guids, size, tenantId } = this.#world;
    const credential = (n: number, own: { name: string; issuer: string; subject: string }): Json => ({
      id: guids.of(KIND.credential, 1_000_000 + index * 4 + n + (kind === KIND.blueprint ? 2 : 0)),
      description: null,
      audiences: ["api://AzureADTokenExchange"],
      ...own,
    });
    const out: Json[] = [];
    if (index % 7 === 0 && size.managedIdentities > 0)
      out.push(
        credential(0, {
          name: "managed-identity",
          issuer: `https://login.microsoftonline.com/${tenantId}/v2.0`,
          subject: guids.of(KIND.servicePrincipal, this.firstIdentity + (index % size.managedIdentities)),
        }),
      );
    if (index % 11 === 0)
      out.push(
        credential(1, {
          name: "pipeline",
          issuer: "https://token.actions.githubusercontent.com",
          subject: `repo:northwind-sample/app${index}:ref:refs/heads/main`,
        }),
      );
    return out;
  }

  blueprintOf(a: number): number {
    return mix(this.#world.seed, 53, a) % this.#world.size.blueprints;
  }
  blueprintName(b: number): string {
    const name = pick(BLUEPRINT_NAMES, b);
    return b < BLUEPRINT_NAMES.length ? name : `${name} ${b}`;
  }
  /** The application object of a blueprint. */
  blueprint(b: number): Json | undefined {
    if (b >= this.#world.size.blueprints) return undefined;
    return this.#registration(KIND.blueprint, b, {
      appId: this.#world.guids.of(KIND.blueprintAppId, b),
      displayName: this.blueprintName(b),
    });
  }
  blueprintPrincipal(b: number): Json | undefined {
    if (b >= this.#world.size.blueprints) return undefined;
    return this.#principal(KIND.blueprintPrincipal, b, {
      appId: this.#world.guids.of(KIND.blueprintAppId, b),
      displayName: this.blueprintName(b),
      servicePrincipalType: "Application",
      appOwnerOrganizationId: this.#world.tenantId,
    });
  }
  /**
   * What agents inherit of the blueprint principal's grants: all, some or nothing, by turns.
   * https://learn.microsoft.com/entra/agent-id/configure-inheritable-permissions-blueprints
   */
  inheritable(b: number): Json[] {
    const kinds: readonly Json[] = [
      { "@odata.type": "#microsoft.graph.allAllowedScopes", kind: "allAllowed" },
      {
        "@odata.type": "#microsoft.graph.enumeratedScopes",
        kind: "enumerated",
        scopes: ["User.Read", "Mail.Read"],
      },
      { "@odata.type": "#microsoft.graph.noScopes", kind: "none" },
    ];
    const roles: Json =
      b % 3 === 2
        ? { "@odata.type": "#microsoft.graph.noRoles", kind: "none" }
        : { "@odata.type": "#microsoft.graph.allAllowedRoles", kind: "allAllowed" };
    return [
      {
        resourceAppId: this.appId(0),
        inheritableScopes: kinds[b % 3]!,
        // Documented, but not in every tenant's answers yet: one blueprint in four lacks it.
        ...(b % 4 === 3 ? {} : { inheritableRoles: roles }),
      },
    ];
  }

  agentName(a: number): string {
    const special = this.#world.size.overexposed ? OVEREXPOSED[a] : undefined;
    if (special) return special;
    const bits = mix(this.#world.seed, 54, a);
    return `${pick(AGENT_KINDS, bits)}, ${pick(DEPARTMENTS, bits >>> 8)} ${a}`;
  }
  agent(a: number): Json | undefined {
    if (a >= this.#world.size.agents) return undefined;
    const blueprintAppId = this.#world.guids.of(KIND.blueprintAppId, this.blueprintOf(a));
    const special = this.#world.size.overexposed && a < OVEREXPOSED.length;
    return this.#principal(KIND.agent, a, {
      appId: this.#world.guids.of(KIND.agent, a),
      displayName: this.agentName(a),
      servicePrincipalType: "ServiceIdentity",
      accountEnabled: (special || mix(this.#world.seed, 55, a) % 30 !== 0) && !this.disabledAgents.has(a),
      appOwnerOrganizationId: this.#world.tenantId,
      agentIdentityBlueprintId: blueprintAppId,
      createdByAppId: blueprintAppId,
      createdDateTime: this.#world.time,
    });
  }
  /** Agent user u belongs to agent u. */
  agentUser(u: number): Json | undefined {
    if (u >= this.#world.size.agentUsers) return undefined;
    const upn = `agent${u}@${DOMAIN}`;
    return {
      id: this.#world.guids.of(KIND.agentUser, u),
      displayName: `${this.agentName(u)} (user)`,
      userPrincipalName: upn,
      mail: upn,
      accountEnabled: true,
      userType: "Member",
      department: null,
      jobTitle: null,
      onPremisesSyncEnabled: null,
      createdDateTime: this.#world.time,
      assignedLicenses: [],
      identityParentId: this.#world.guids.of(KIND.agent, u),
    };
  }

  /** Packed owners of an application, service principal, blueprint or agent: users. */
  owners(kind: number, index: number): number[] {
    const { seed, size } = this.#world;
    if (size.users === 0 || (kind === KIND.servicePrincipal && index >= this.firstIdentity)) return [];
    if (kind === KIND.servicePrincipal && SERVICES[index]?.appId) return [];
    const bits = mix(seed, 56, kind === KIND.application ? KIND.servicePrincipal : kind, index);
    return bits % 10 < 7 ? [packRef(KIND.user, (bits >>> 4) % size.users)] : [];
  }
  /** Packed sponsors of an agent or blueprint: mostly one user, some a group, some nobody. */
  sponsors(kind: number, index: number): number[] {
    const { seed, size } = this.#world;
    const bits = mix(seed, 57, kind, index);
    if (size.users === 0 || bits % 20 === 0) return [];
    if (bits % 10 === 1 && size.groups > 0) return [packRef(KIND.group, (bits >>> 4) % size.groups)];
    return [packRef(KIND.user, (bits >>> 4) % size.users)];
  }
}
