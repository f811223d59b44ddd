/** What every ARM step shares: API versions, the permission they need, scopes and gaps. */

import type { AnswerPage } from "../../src/collect/http.ts";
import type { Permission, Scope, StepContext } from "../../src/connector.ts";
import { type Coverage, CursorExpired, PermissionError, ProviderError } from "../../src/model.ts";

export const API = {
  managementGroups: "2021-04-01",
  subscriptions: "2022-12-01",
  resourceGroups: "2021-04-01",
  storage: "2023-05-01",
  authorization: "2022-04-01",
  /** The first at which a definition's permissions show their conditions; the one above is asked where this is refused. */
  roleDefinitions: "2022-05-01-preview",
  /** The first at which a deny assignment says whether it blocks or only logs; likewise. */
  denyAssignments: "2024-07-01-preview",
  eligibility: "2020-10-01",
  resources: "2021-04-01",
  managedIdentity: "2023-01-31",
} as const;

/** https://learn.microsoft.com/rest/api/resources/subscriptions/list */
export const SUBSCRIPTIONS = `/subscriptions?api-version=${API.subscriptions}`;

/** Steps of this connector, and the parts of steps that state coverage of their own. */
export const STEP = {
  managementGroups: "azure.management-groups",
  subscriptions: "azure.subscriptions",
  resourceGroups: "azure.resource-groups",
  storageAccounts: "azure.storage-accounts",
  containers: "azure.containers",
  managedIdentities: "azure.managed-identities",
  hosts: "azure.hosts",
  roleAssignments: "azure.role-assignments",
  eligibleAssignments: "azure.eligible-assignments",
  denyAssignments: "azure.deny-assignments",
  blobs: "azure.blobs",
  /** Role definitions that role assignments name; what is not read makes their rights unknown. */
  roleDefinitions: "azure.role-definitions",
  /** Conditions that an old api-version leaves out; they could only take away. */
  conditions: "azure.conditions",
  /** Access lists of files and directories, where the namespace is hierarchical. */
  accessLists: "azure.access-lists",
  /** What other tenants have delegated to this one. */
  delegations: "azure.delegations",
  /** Local users of storage accounts, who sign in to SFTP with what no directory knows. */
  localUsers: "azure.local-users",
  /** Storage accounts that machines mount by NFS, where no identity is asked for. */
  nfs: "azure.nfs",
  /** Sensitivity labels of blobs. */
  labels: "azure.labels",
} as const;

/** Reader at the root management group: no keys, no blob data. */
export const reader = (why: string): Permission => ({
  kind: "azure",
  name: "Reader",
  why,
  risk: "reads names and settings of every Azure resource; no keys, no data, no changes",
  doc: "https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/general#reader",
});

const GRANT_READER = "grant Azure role Reader (forereach permissions --format az prints the commands)";

/**
 * Every subscription that is listed or stands in the management group tree. Other steps put the subscription that
 * they read, too: if their word counted, one that is deleted would keep itself.
 */
export async function* subscriptionScopes(c: StepContext): AsyncGenerator<Scope> {
  yield* scopesOfKind(c, "Subscription", [STEP.subscriptions, STEP.managementGroups]);
}

/** Every scope of one kind that an earlier step, or one of these, has put. */
export async function* scopesOfKind(
  c: StepContext,
  kind: string,
  steps?: readonly string[],
): AsyncGenerator<Scope> {
  for await (const node of c.known("Scope", { kind }, steps)) {
    const { name } = node.props;
    yield typeof name === "string" ? { id: node.id, name } : { id: node.id };
  }
}

/** The cursor of a page: where to continue, absent on the last. */
export const cursorOf = (page: AnswerPage<unknown>) => (page.next === undefined ? {} : { cursor: page.next });

/** A service that does not know an api-version says that the request is wrong, or that there is nothing of the kind. */
export const isRefused = (error: unknown): boolean =>
  error instanceof ProviderError && ["http-400", "not-found"].includes(error.code);

/**
 * Coverage of one part that could not be read while the rest goes on. Rethrows what is not about that part:
 * an expired cursor, an interruption, a bug.
 */
export function gapOf(step: string, scope: string, error: unknown): Coverage {
  const refused = error instanceof PermissionError;
  if (!refused && (!(error instanceof ProviderError) || error instanceof CursorExpired)) throw error;
  const gap: Coverage = { step, scope, state: refused ? "denied" : "failed", reason: error.message };
  const fix = error.fix ?? (refused ? GRANT_READER : undefined);
  return fix === undefined ? gap : { ...gap, fix };
}
