/** Where Azure grants are made: management groups, subscriptions, resource groups, accounts, containers. */
import { CONTAINER_TOPICS, DEPARTMENTS } from "./names.ts";
import { chance, mix, pick, shareOf, shares } from "./random.ts";
import { type Json, KIND, type World } from "./world.ts";

const MG = "/providers/Microsoft.Management/managementGroups/";
/** Resource groups a subscription; the first is named with brackets, which ARM allows and parsers forget. */
const GROUP_NAMES = ["rg(1)", "data-prod", "apps-prod", "shared-dev"] as const;
const REGIONS = ["westeurope", "northeurope", "germanywestcentral"] as const;

export interface ManagementGroup {
  readonly name: string;
  readonly displayName: string;
  readonly parent: number | undefined;
}

export class Places {
  readonly #world: World;
  readonly managementGroups: readonly ManagementGroup[];
  readonly #containerStarts: Float64Array;

  constructor(world: World) {
    this.#world = world;
    this.managementGroups = [
      { name: world.tenantId, displayName: "Tenant Root Group", parent: undefined },
      { name: "mg-platform", displayName: "Platform", parent: 0 },
      { name: "mg-landing-zones", displayName: "Landing zones", parent: 0 },
      { name: "mg-corp", displayName: "Corp", parent: 2 },
      { name: "mg-online", displayName: "Online", parent: 2 },
    ];
    const { accounts, containers, seed } = world.size;
    this.#containerStarts = shares(containers, accounts, (a) => 0.3 + chance(seed, 40, a));
  }

  managementGroupId(m: number): string {
    return MG + this.managementGroups[m]!.name;
  }
  /** Index of the management group that directly holds the subscription. */
  parentOf(s: number): number {
    return s === 0 ? 1 : 3 + (s % 2);
  }
  subscriptionsUnder(m: number): number[] {
    const direct = Array.from({ length: this.#world.size.subscriptions }, (_, s) => s);
    return direct.filter((s) => this.parentOf(s) === m);
  }
  /** The management groups above a subscription, nearest first. */
  ancestors(s: number): number[] {
    const out: number[] = [];
    for (let m: number | undefined = this.parentOf(s); m !== undefined; m = this.managementGroups[m]?.parent)
      out.push(m);
    return out;
  }

  subscriptionGuid(s: number): string {
    return this.#world.guids.of(KIND.subscription, s);
  }
  subscriptionId(s: number): string {
    return `/subscriptions/${this.subscriptionGuid(s)}`;
  }
  subscription(s: number): Json {
    return {
      id: this.subscriptionId(s),
      subscriptionId: this.subscriptionGuid(s),
      tenantId: this.#world.tenantId,
      displayName: s === 0 ? "Platform" : `${pick(DEPARTMENTS, s)} ${s}`,
      state: "Enabled",
      subscriptionPolicies: {
        locationPlacementId: "Public_2014-09-01",
        quotaId: "EnterpriseAgreement_2014-09-01",
        spendingLimit: "Off",
      },
      authorizationSource: "RoleBased",
    };
  }

  get groupsPerSubscription(): number {
    return GROUP_NAMES.length;
  }
  groupId(s: number, r: number): string {
    return `${this.subscriptionId(s)}/resourceGroups/${GROUP_NAMES[r]}`;
  }
  resourceGroup(s: number, r: number): Json {
    return {
      id: this.groupId(s, r),
      name: GROUP_NAMES[r]!,
      type: "Microsoft.Resources/resourceGroups",
      location: REGIONS[r % REGIONS.length]!,
      tags: {},
      properties: { provisioningState: "Succeeded" },
    };
  }

  /** Accounts are dealt round to subscriptions, so account a is number floor(a / subscriptions) of its own. */
  accountsOf(s: number): number[] {
    const { accounts, subscriptions } = this.#world.size;
    const out: number[] = [];
    for (let a = s; a < accounts; a += subscriptions) out.push(a);
    return out;
  }
  subscriptionOfAccount(a: number): number {
    return a % this.#world.size.subscriptions;
  }
  accountName(a: number): string {
    const department = pick(DEPARTMENTS, mix(this.#world.seed, 41, a))
      .toLowerCase()
      .replace(/[^a-z]/g, "");
    return `st${department.slice(0, 12)}${a.toString(36).padStart(4, "0")}`;
  }
  accountByName(name: string): number | undefined {
    const a = Number.parseInt(name.slice(-4), 36);
    return a < this.#world.size.accounts && this.accountName(a) === name ? a : undefined;
  }
  accountId(a: number): string {
    const group = Math.floor(a / this.#world.size.subscriptions) % GROUP_NAMES.length;
    return `${this.groupId(this.subscriptionOfAccount(a), group)}/providers/Microsoft.Storage/storageAccounts/${this.accountName(a)}`;
  }
  /** True where the namespace is hierarchical, so that access lists count. */
  hierarchical(a: number): boolean {
    return mix(this.#world.seed, 47, a) % 6 === 0;
  }
  /** True where old contents stay as versions, which a hierarchical namespace has none of. */
  versioned(a: number): boolean {
    return mix(this.#world.seed, 42, a) % 4 === 0 && !this.hierarchical(a);
  }
  account(a: number, blobEndpoint: string): Json {
    const bits = mix(this.#world.seed, 43, a);
    const sharedKey = bits % 3;
    return {
      id: this.accountId(a),
      name: this.accountName(a),
      type: "Microsoft.Storage/storageAccounts",
      kind: "StorageV2",
      location: pick(REGIONS, bits >>> 4),
      sku: { name: "Standard_LRS", tier: "Standard" },
      tags: {},
      properties: {
        provisioningState: "Succeeded",
        creationTime: this.#world.time,
        primaryEndpoints: { blob: blobEndpoint, dfs: blobEndpoint.replace(".blob.", ".dfs.") },
        primaryLocation: pick(REGIONS, bits >>> 4),
        statusOfPrimary: "available",
        accessTier: "Hot",
        supportsHttpsTrafficOnly: true,
        minimumTlsVersion: "TLS1_2",
        // Absent means that keys are accepted, as on accounts made before the setting existed.
        ...(sharedKey === 0 ? {} : { allowSharedKeyAccess: sharedKey === 1 }),
        allowBlobPublicAccess: bits % 8 === 0,
        isHnsEnabled: this.hierarchical(a),
        publicNetworkAccess: "Enabled",
        networkAcls: {
          bypass: "AzureServices",
          defaultAction: bits % 5 === 0 ? "Deny" : "Allow",
          ipRules: bits % 5 === 0 ? [{ value: "203.0.113.0/24", action: "Allow" }] : [],
          virtualNetworkRules: [],
          resourceAccessRules: [],
        },
      },
    };
  }

  /** Containers of an account: indices [from, to). */
  containersOf(a: number): readonly [from: number, to: number] {
    return [this.#containerStarts[a]!, this.#containerStarts[a + 1]!];
  }
  accountOf(c: number): number {
    return shareOf(this.#containerStarts, c);
  }
  /** Fixed width, so that the order of names is the order of indices. */
  containerName(c: number): string {
    const position = c - this.#containerStarts[this.accountOf(c)]!;
    return `c${String(position).padStart(5, "0")}-${pick(CONTAINER_TOPICS, mix(this.#world.seed, 44, c))}`;
  }
  containerByName(a: number, name: string): number | undefined {
    const [from, to] = this.containersOf(a);
    const c = from + Number.parseInt(name.slice(1, 6), 10);
    return c < to && this.containerName(c) === name ? c : undefined;
  }
  containerId(c: number): string {
    return `${this.accountId(this.accountOf(c))}/blobServices/default/containers/${this.containerName(c)}`;
  }
  publicAccess(c: number): "None" | "Blob" | "Container" {
    const bits = mix(this.#world.seed, 45, c) % 100;
    return bits === 0 ? "Container" : bits === 1 ? "Blob" : "None";
  }
  container(c: number): Json {
    return {
      id: this.containerId(c),
      name: this.containerName(c),
      type: "Microsoft.Storage/storageAccounts/blobServices/containers",
      etag: etag(mix(this.#world.seed, 46, c)),
      properties: {
        publicAccess: this.publicAccess(c),
        leaseStatus: "Unlocked",
        leaseState: "Available",
        lastModifiedTime: this.#world.time,
        hasImmutabilityPolicy: false,
        hasLegalHold: false,
        defaultEncryptionScope: "$account-encryption-key",
        denyEncryptionScopeOverride: false,
        deleted: false,
        remainingRetentionDays: 0,
      },
    };
  }

  /** The resource that runs as managed identity k: a web app, a virtual machine, or nothing but itself. */
  host(k: number): { id: string; type: string; userAssigned: boolean } {
    const s = k % this.#world.size.subscriptions;
    const group = this.groupId(s, k % GROUP_NAMES.length);
    const type = (
      [
        "Microsoft.Web/sites",
        "Microsoft.ManagedIdentity/userAssignedIdentities",
        "Microsoft.Compute/virtualMachines",
      ] as const
    )[k % 3]!;
    return { id: `${group}/providers/${type}/host${k}`, type, userAssigned: k % 3 === 1 };
  }
}

export const etag = (bits: number): string => `"0x8D${bits.toString(16).toUpperCase().padStart(13, "0")}"`;
