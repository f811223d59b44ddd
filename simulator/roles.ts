/** Azure role definitions of a simulated tenant: built-in ones by their real ids and actions, and custom ones. */

export interface RolePermission {
  readonly actions: readonly string[];
  readonly notActions: readonly string[];
  readonly dataActions: readonly string[];
  readonly notDataActions: readonly string[];
}
export interface RoleDefinition {
  /** Absent: a custom role, whose id comes from the seed. */
  readonly id?: string;
  readonly name: string;
  readonly permissions: readonly RolePermission[];
}

const ACCOUNTS = "Microsoft.Storage/storageAccounts";
const SERVICE = `${ACCOUNTS}/blobServices`;
const CONTAINERS = `${SERVICE}/containers`;
const BLOBS = `${CONTAINERS}/blobs`;
const KEY = `${SERVICE}/generateUserDelegationKey/action`;
const AUTHORIZATION = "Microsoft.Authorization";

const permission = (own: Partial<RolePermission>): RolePermission => ({
  actions: [],
  notActions: [],
  dataActions: [],
  notDataActions: [],
  ...own,
});

/** https://learn.microsoft.com/azure/role-based-access-control/built-in-roles */
export const ROLES = {
  owner: {
    id: "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
    name: "Owner",
    permissions: [permission({ actions: ["*"] })],
  },
  contributor: {
    id: "b24988ac-6180-42a0-ab88-20f7382dd24c",
    name: "Contributor",
    permissions: [
      permission({
        actions: ["*"],
        notActions: [
          `${AUTHORIZATION}/*/Delete`,
          `${AUTHORIZATION}/*/Write`,
          `${AUTHORIZATION}/elevateAccess/Action`,
          "Microsoft.Blueprint/blueprintAssignments/write",
          "Microsoft.Blueprint/blueprintAssignments/delete",
          "Microsoft.Compute/galleries/share/action",
          "Microsoft.Purview/consents/write",
          "Microsoft.Purview/consents/delete",
          "Microsoft.Resources/deploymentStacks/manageDenySetting/action",
          "Microsoft.Subscription/cancel/action",
          "Microsoft.Subscription/enable/action",
        ],
      }),
    ],
  },
  reader: {
    id: "acdd72a7-3385-48ef-bd42-f606fba81ae7",
    name: "Reader",
    permissions: [permission({ actions: ["*/read"] })],
  },
  userAccessAdministrator: {
    id: "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9",
    name: "User Access Administrator",
    permissions: [permission({ actions: ["*/read", `${AUTHORIZATION}/*`, "Microsoft.Support/*"] })],
  },
  blobReader: {
    id: "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
    name: "Storage Blob Data Reader",
    permissions: [permission({ actions: [`${CONTAINERS}/read`, KEY], dataActions: [`${BLOBS}/read`] })],
  },
  blobContributor: {
    id: "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
    name: "Storage Blob Data Contributor",
    permissions: [
      permission({
        actions: [`${CONTAINERS}/delete`, `${CONTAINERS}/read`, `${CONTAINERS}/write`, KEY],
        dataActions: [
          `${BLOBS}/delete`,
          `${BLOBS}/read`,
          `${BLOBS}/write`,
          `${BLOBS}/move/action`,
          `${BLOBS}/add/action`,
        ],
      }),
    ],
  },
  blobOwner: {
    id: "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
    name: "Storage Blob Data Owner",
    permissions: [permission({ actions: [`${CONTAINERS}/*`, KEY], dataActions: [`${BLOBS}/*`] })],
  },
  accountContributor: {
    id: "17d1049b-9a84-46fb-8f53-869881c3d3ab",
    name: "Storage Account Contributor",
    permissions: [
      permission({
        actions: [
          `${AUTHORIZATION}/*/read`,
          "Microsoft.Insights/alertRules/*",
          "Microsoft.Insights/diagnosticSettings/*",
          "Microsoft.Network/virtualNetworks/subnets/joinViaServiceEndpoint/action",
          "Microsoft.ResourceHealth/availabilityStatuses/read",
          "Microsoft.Resources/deployments/*",
          "Microsoft.Resources/subscriptions/resourceGroups/read",
          `${ACCOUNTS}/*`,
          "Microsoft.Support/*",
        ],
      }),
    ],
  },
  keyOperator: {
    id: "81a9662b-bebf-436f-a333-f67b29880f12",
    name: "Storage Account Key Operator Service Role",
    permissions: [
      permission({ actions: [`${ACCOUNTS}/listkeys/action`, `${ACCOUNTS}/regeneratekey/action`] }),
    ],
  },
  readerAndData: {
    id: "c12c1c16-33a1-487b-954d-41c89c60f349",
    name: "Reader and Data Access",
    permissions: [
      permission({
        actions: [`${ACCOUNTS}/listKeys/action`, `${ACCOUNTS}/ListAccountSas/action`, `${ACCOUNTS}/read`],
      }),
    ],
  },
  secretsUser: {
    id: "4633458b-17de-408a-b874-0445c86b69e6",
    name: "Key Vault Secrets User",
    permissions: [
      permission({
        dataActions: [
          "Microsoft.KeyVault/vaults/secrets/getSecret/action",
          "Microsoft.KeyVault/vaults/secrets/readMetadata/action",
        ],
      }),
    ],
  },
  /** Everything on blobs but reading: a second role can give the reading back. */
  blobWriteOnly: {
    name: "Blob drop box",
    permissions: [
      permission({
        actions: [`${CONTAINERS}/read`],
        dataActions: [`${BLOBS}/*`],
        notDataActions: [
          `${BLOBS}/read`,
          `${BLOBS}/modifyPermissions/action`,
          `${BLOBS}/manageOwnership/action`,
        ],
      }),
    ],
  },
  /** Two blocks: each allows on its own, and the exclusion of one does not bind the other. */
  twoBlocks: {
    name: "Data steward",
    permissions: [
      permission({ actions: ["*/read"], notActions: [`${ACCOUNTS}/read`] }),
      permission({ actions: [`${ACCOUNTS}/read`], dataActions: [`${BLOBS}/read`, `${BLOBS}/tags/read`] }),
    ],
  },
  /** A wildcard that crosses slashes. */
  wildcard: {
    name: "Blob inspector",
    permissions: [permission({ dataActions: ["Microsoft.Storage/*/read"] })],
  },
} as const satisfies Readonly<Record<string, RoleDefinition>>;

export type RoleKey = keyof typeof ROLES;
export const ROLE_KEYS = Object.keys(ROLES) as readonly RoleKey[];
/** The role by key, as the general shape. */
export const roleOf = (key: RoleKey): RoleDefinition => ROLES[key];
