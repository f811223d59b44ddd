/** Data planes that no rule models yet: a grant on one is said with rights unknown, never dropped. */
import { type GraphRecord, type NodeProps, unmodelledId } from "../../src/schema.ts";
import { globCovers, globReaches } from "./glob.ts";
import { resourceType } from "./host-control.ts";
import { isAtOrBelow, subscriptionOf, within } from "./scopes.ts";

/** The plane that has rules: its data actions are evaluated one by one in rights.ts. */
const MODELLED = "Microsoft.Storage/storageAccounts/blobServices/";

/** What a wildcard may open, by the beginning of its data actions. */
const PLANES: readonly (readonly [plane: string, prefix: string])[] = [
  ["storage-queues", "Microsoft.Storage/storageAccounts/queueServices/"],
  ["storage-tables", "Microsoft.Storage/storageAccounts/tableServices/"],
  ["storage-files", "Microsoft.Storage/storageAccounts/fileServices/"],
  ["key-vault", "Microsoft.KeyVault/"],
  ["cosmos-db", "Microsoft.DocumentDB/"],
  ["sql", "Microsoft.Sql/"],
  ["postgresql", "Microsoft.DBforPostgreSQL/"],
  ["mysql", "Microsoft.DBforMySQL/"],
  ["databricks", "Microsoft.Databricks/"],
  ["synapse", "Microsoft.Synapse/"],
  ["data-explorer", "Microsoft.Kusto/"],
  ["redis", "Microsoft.Cache/"],
  ["ai-search", "Microsoft.Search/"],
  ["ai-services", "Microsoft.CognitiveServices/"],
  ["machine-learning", "Microsoft.MachineLearningServices/"],
  ["event-hubs", "Microsoft.EventHub/"],
  ["service-bus", "Microsoft.ServiceBus/"],
  ["event-grid", "Microsoft.EventGrid/"],
  ["relay", "Microsoft.Relay/"],
  ["app-configuration", "Microsoft.AppConfiguration/"],
  ["container-registry", "Microsoft.ContainerRegistry/"],
  ["container-apps", "Microsoft.App/"],
  ["kubernetes", "Microsoft.ContainerService/"],
  ["kubernetes", "Microsoft.Kubernetes/"],
  ["log-analytics", "Microsoft.OperationalInsights/"],
  ["monitor", "Microsoft.Insights/"],
  ["monitor", "Microsoft.Monitor/"],
  ["health-data", "Microsoft.HealthcareApis/"],
  ["digital-twins", "Microsoft.DigitalTwins/"],
  ["iot-hub", "Microsoft.Devices/"],
  ["purview", "Microsoft.Purview/"],
  ["purview", "Microsoft.ProjectBabylon/"],
  ["signalr", "Microsoft.SignalRService/"],
  ["maps", "Microsoft.Maps/"],
  ["batch", "Microsoft.Batch/"],
  ["virtual-machines", "Microsoft.Compute/"],
  ["virtual-machines", "Microsoft.HybridCompute/"],
  ["elastic-san", "Microsoft.ElasticSan/"],
  ["confidential-ledger", "Microsoft.ConfidentialLedger/"],
];

/**
 * Planes without a rule that these data actions open, in bytewise order. A plane counts as closed only if
 * one excluded pattern certainly takes away all that an action opens there. A provider that the table does
 * not know is a plane under its own lower-cased name.
 */
export function unmodelledPlanes(
  dataActions: readonly string[],
  notDataActions: readonly string[],
): string[] {
  const open = new Set<string>();
  for (const action of dataActions) {
    if (notDataActions.some((not) => globCovers(not, action))) continue;
    const reached = PLANES.filter(([, prefix]) => globReaches(action, prefix));
    for (const [plane, prefix] of reached)
      if (!notDataActions.some((not) => globCovers(not, `${prefix}*`))) open.add(plane);
    const provider = action.split("/")[0]!.toLowerCase();
    if (reached.length === 0 && !globReaches(action, MODELLED) && provider !== "") open.add(provider);
  }
  return [...open].sort();
}

/** Control actions that hand out the data of a resource, or keys to it, or let their holder name who gets at it. */
interface Key {
  plane: string;
  /** Types of the resources, in lower case. */
  types: readonly string[];
  actions: readonly string[];
}

const KEYS: readonly Key[] = [
  {
    // https://learn.microsoft.com/azure/search/search-security-api-keys
    plane: "ai-search",
    types: ["microsoft.search/searchservices"],
    actions: [
      "Microsoft.Search/searchServices/listAdminKeys/action",
      "Microsoft.Search/searchServices/listQueryKeys/action",
      "Microsoft.Search/searchServices/regenerateAdminKey/action",
      "Microsoft.Search/searchServices/createQueryKey/action",
    ],
  },
  {
    // https://learn.microsoft.com/azure/cosmos-db/how-to-connect-role-based-access-control
    plane: "cosmos-db",
    types: ["microsoft.documentdb/databaseaccounts", "microsoft.documentdb/mongoclusters"],
    actions: [
      "Microsoft.DocumentDB/databaseAccounts/listKeys/action",
      "Microsoft.DocumentDB/databaseAccounts/readonlykeys/action",
      "Microsoft.DocumentDB/databaseAccounts/listConnectionStrings/action",
      "Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments/write",
      // Each API has assignments of its own; MongoDB has users in their place.
      "Microsoft.DocumentDB/databaseAccounts/tableRoleAssignments/write",
      "Microsoft.DocumentDB/databaseAccounts/gremlinRoleAssignments/write",
      "Microsoft.DocumentDB/databaseAccounts/cassandraRoleAssignments/write",
      "Microsoft.DocumentDB/databaseAccounts/mongoMIRoleAssignments/write",
      "Microsoft.DocumentDB/databaseAccounts/mongodbUserDefinitions/write",
      // Writing a cluster sets its administrator's password, too.
      "Microsoft.DocumentDB/mongoClusters/listConnectionStrings/action",
      "Microsoft.DocumentDB/mongoClusters/users/write",
      "Microsoft.DocumentDB/mongoClusters/write",
    ],
  },
  {
    // https://learn.microsoft.com/azure/ai-services/authentication
    plane: "ai-services",
    types: ["microsoft.cognitiveservices/accounts"],
    actions: [
      "Microsoft.CognitiveServices/accounts/listKeys/action",
      "Microsoft.CognitiveServices/accounts/regenerateKey/action",
    ],
  },
  {
    // https://learn.microsoft.com/azure/azure-app-configuration/concept-enable-rbac
    plane: "app-configuration",
    types: ["microsoft.appconfiguration/configurationstores"],
    actions: [
      "Microsoft.AppConfiguration/configurationStores/ListKeys/action",
      "Microsoft.AppConfiguration/configurationStores/RegenerateKey/action",
    ],
  },
  {
    // A deployment reads secrets for whoever may deploy from a vault.
    // https://learn.microsoft.com/azure/key-vault/general/rbac-access-policy
    // https://learn.microsoft.com/azure/azure-resource-manager/templates/key-vault-parameter#grant-deployment-access-to-the-secrets
    plane: "key-vault",
    types: ["microsoft.keyvault/vaults"],
    actions: [
      "Microsoft.KeyVault/vaults/accessPolicies/write",
      "Microsoft.KeyVault/vaults/write",
      "Microsoft.KeyVault/vaults/deploy/action",
    ],
  },
  {
    // Writing a server or an instance sets its administrator's password, too.
    // https://learn.microsoft.com/azure/azure-sql/database/authentication-aad-configure
    // https://learn.microsoft.com/azure/role-based-access-control/permissions/databases#microsoftsql
    plane: "sql",
    types: ["microsoft.sql/servers", "microsoft.sql/managedinstances"],
    actions: [
      "Microsoft.Sql/servers/administrators/write",
      "Microsoft.Sql/servers/write",
      "Microsoft.Sql/managedInstances/administrators/write",
      "Microsoft.Sql/managedInstances/write",
    ],
  },
  {
    // https://learn.microsoft.com/azure/azure-monitor/logs/manage-access
    plane: "log-analytics",
    types: ["microsoft.operationalinsights/workspaces"],
    actions: [
      "Microsoft.OperationalInsights/workspaces/query/read",
      "Microsoft.OperationalInsights/workspaces/sharedKeys/action",
    ],
  },
  {
    // https://learn.microsoft.com/azure/virtual-machines/disks-restrict-import-export-overview
    plane: "virtual-machines",
    types: ["microsoft.compute/disks", "microsoft.compute/snapshots"],
    actions: [
      "Microsoft.Compute/disks/beginGetAccess/action",
      "Microsoft.Compute/snapshots/beginGetAccess/action",
    ],
  },
  {
    // https://learn.microsoft.com/azure/role-based-access-control/permissions/analytics#microsofteventhub
    plane: "event-hubs",
    types: ["microsoft.eventhub/namespaces"],
    actions: [
      "Microsoft.EventHub/namespaces/authorizationRules/listkeys/action",
      "Microsoft.EventHub/namespaces/authorizationRules/regenerateKeys/action",
      "Microsoft.EventHub/namespaces/eventhubs/authorizationRules/listkeys/action",
      "Microsoft.EventHub/namespaces/eventhubs/authorizationRules/regenerateKeys/action",
    ],
  },
  {
    // https://learn.microsoft.com/azure/role-based-access-control/permissions/integration#microsoftservicebus
    plane: "service-bus",
    types: ["microsoft.servicebus/namespaces"],
    actions: [
      "Microsoft.ServiceBus/namespaces/authorizationRules/listkeys/action",
      "Microsoft.ServiceBus/namespaces/authorizationRules/regenerateKeys/action",
      "Microsoft.ServiceBus/namespaces/queues/authorizationRules/ListKeys/action",
      "Microsoft.ServiceBus/namespaces/queues/authorizationRules/regenerateKeys/action",
      "Microsoft.ServiceBus/namespaces/topics/authorizationRules/ListKeys/action",
      "Microsoft.ServiceBus/namespaces/topics/authorizationRules/regenerateKeys/action",
    ],
  },
  {
    // https://learn.microsoft.com/azure/role-based-access-control/permissions/databases#microsoftcache
    plane: "redis",
    types: ["microsoft.cache/redis", "microsoft.cache/redisenterprise"],
    actions: [
      "Microsoft.Cache/redis/listKeys/action",
      "Microsoft.Cache/redis/regenerateKey/action",
      "Microsoft.Cache/redis/accessPolicyAssignments/write",
      "Microsoft.Cache/redisEnterprise/databases/listKeys/action",
      "Microsoft.Cache/redisEnterprise/databases/regenerateKey/action",
      "Microsoft.Cache/redisEnterprise/databases/accessPolicyAssignments/write",
    ],
  },
  {
    // Writing a server sets its administrator's password, too.
    // https://learn.microsoft.com/azure/role-based-access-control/permissions/databases#microsoftdbforpostgresql
    plane: "postgresql",
    types: ["microsoft.dbforpostgresql/flexibleservers"],
    actions: [
      "Microsoft.DBforPostgreSQL/flexibleServers/administrators/write",
      "Microsoft.DBforPostgreSQL/flexibleServers/write",
    ],
  },
  {
    // Pulling images is a control action here: https://learn.microsoft.com/azure/container-registry/container-registry-roles
    // https://learn.microsoft.com/azure/role-based-access-control/permissions/containers#microsoftcontainerregistry
    plane: "container-registry",
    types: ["microsoft.containerregistry/registries"],
    actions: [
      "Microsoft.ContainerRegistry/registries/listCredentials/action",
      "Microsoft.ContainerRegistry/registries/regenerateCredential/action",
      "Microsoft.ContainerRegistry/registries/generateCredentials/action",
      "Microsoft.ContainerRegistry/registries/pull/read",
      "Microsoft.ContainerRegistry/registries/push/write",
    ],
  },
  {
    // Keys of the workspace's own account, and credentials of what it is connected to. Readers see those of data stores:
    // https://learn.microsoft.com/azure/machine-learning/how-to-assign-roles#default-roles
    // https://learn.microsoft.com/azure/machine-learning/how-to-administrate-data-authentication
    plane: "machine-learning",
    types: ["microsoft.machinelearningservices/workspaces"],
    actions: [
      "Microsoft.MachineLearningServices/workspaces/listKeys/action",
      "Microsoft.MachineLearningServices/workspaces/listStorageAccountKeys/action",
      "Microsoft.MachineLearningServices/workspaces/datastores/listSecrets/action",
      "Microsoft.MachineLearningServices/workspaces/connections/listSecrets/action",
      "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/listKeys/action",
      "Microsoft.MachineLearningServices/workspaces/metadata/secrets/read",
    ],
  },
  {
    // As with PostgreSQL: https://learn.microsoft.com/azure/role-based-access-control/permissions/databases#microsoftdbformysql
    plane: "mysql",
    types: ["microsoft.dbformysql/flexibleservers"],
    actions: [
      "Microsoft.DBforMySQL/flexibleServers/administrators/write",
      "Microsoft.DBforMySQL/flexibleServers/write",
    ],
  },
  {
    // Secrets and volumes of what runs there: https://learn.microsoft.com/azure/aks/control-kubeconfig-access
    // https://learn.microsoft.com/azure/role-based-access-control/permissions/hybrid-multicloud#microsoftkubernetes
    plane: "kubernetes",
    types: ["microsoft.containerservice/managedclusters", "microsoft.kubernetes/connectedclusters"],
    actions: [
      "Microsoft.ContainerService/managedClusters/listClusterAdminCredential/action",
      "Microsoft.ContainerService/managedClusters/listClusterUserCredential/action",
      "Microsoft.ContainerService/managedClusters/accessProfiles/listCredential/action",
      "Microsoft.ContainerService/managedClusters/runCommand/action",
      "Microsoft.Kubernetes/connectedClusters/listClusterUserCredential/action",
      "Microsoft.Kubernetes/connectedClusters/listClusterUserCredentials/action",
    ],
  },
  {
    // https://learn.microsoft.com/azure/role-based-access-control/permissions/analytics#microsoftdatabricks
    plane: "databricks",
    types: ["microsoft.databricks/workspaces"],
    actions: ["Microsoft.Databricks/workspaces/assignWorkspaceAdmin/action"],
  },
  {
    // Writing a workspace sets the password of its SQL administrator, too.
    // https://learn.microsoft.com/azure/role-based-access-control/permissions/analytics#microsoftsynapse
    plane: "synapse",
    types: ["microsoft.synapse/workspaces"],
    actions: [
      "Microsoft.Synapse/workspaces/administrators/write",
      "Microsoft.Synapse/workspaces/sqlAdministrators/write",
      "Microsoft.Synapse/workspaces/write",
    ],
  },
  {
    // https://learn.microsoft.com/azure/role-based-access-control/permissions/analytics#microsoftkusto
    plane: "data-explorer",
    types: ["microsoft.kusto/clusters"],
    actions: [
      "Microsoft.Kusto/clusters/principalAssignments/write",
      "Microsoft.Kusto/clusters/databases/principalAssignments/write",
      "Microsoft.Kusto/clusters/databases/addPrincipals/action",
    ],
  },
  {
    // https://learn.microsoft.com/azure/role-based-access-control/permissions/internet-of-things#microsoftdevices
    plane: "iot-hub",
    types: ["microsoft.devices/iothubs"],
    actions: [
      "Microsoft.Devices/IotHubs/listkeys/action",
      "Microsoft.Devices/IotHubs/iotHubKeys/listkeys/action",
    ],
  },
  {
    // https://learn.microsoft.com/azure/batch/batch-role-based-access-control
    plane: "batch",
    types: ["microsoft.batch/batchaccounts"],
    actions: [
      "Microsoft.Batch/batchAccounts/listkeys/action",
      "Microsoft.Batch/batchAccounts/regeneratekeys/action",
    ],
  },
  {
    // https://learn.microsoft.com/azure/role-based-access-control/permissions/integration#microsofteventgrid
    plane: "event-grid",
    types: ["microsoft.eventgrid/topics", "microsoft.eventgrid/domains", "microsoft.eventgrid/namespaces"],
    actions: [
      "Microsoft.EventGrid/topics/listKeys/action",
      "Microsoft.EventGrid/topics/regenerateKey/action",
      "Microsoft.EventGrid/domains/listKeys/action",
      "Microsoft.EventGrid/domains/regenerateKey/action",
      "Microsoft.EventGrid/namespaces/listKeys/action",
      "Microsoft.EventGrid/namespaces/regenerateKey/action",
      "Microsoft.EventGrid/namespaces/topics/listKeys/action",
      "Microsoft.EventGrid/namespaces/topics/regenerateKey/action",
    ],
  },
  {
    // https://learn.microsoft.com/azure/role-based-access-control/permissions/integration#microsoftrelay
    plane: "relay",
    types: ["microsoft.relay/namespaces"],
    actions: [
      "Microsoft.Relay/namespaces/authorizationRules/listkeys/action",
      "Microsoft.Relay/namespaces/authorizationRules/regeneratekeys/action",
      "Microsoft.Relay/namespaces/HybridConnections/authorizationRules/listkeys/action",
      "Microsoft.Relay/namespaces/HybridConnections/authorizationRules/regeneratekeys/action",
      "Microsoft.Relay/namespaces/WcfRelays/authorizationRules/listkeys/action",
      "Microsoft.Relay/namespaces/WcfRelays/authorizationRules/regeneratekeys/action",
    ],
  },
  {
    // https://learn.microsoft.com/azure/role-based-access-control/permissions/web-and-mobile#microsoftsignalrservice
    plane: "signalr",
    types: ["microsoft.signalrservice/signalr", "microsoft.signalrservice/webpubsub"],
    actions: [
      "Microsoft.SignalRService/SignalR/listkeys/action",
      "Microsoft.SignalRService/SignalR/regeneratekey/action",
      "Microsoft.SignalRService/WebPubSub/listkeys/action",
      "Microsoft.SignalRService/WebPubSub/regeneratekey/action",
    ],
  },
];

/** Planes that a role opens by control actions, whatever its data actions: keys are asked for there, and given. */
export const keyPlanes = (allows: (action: string) => boolean): string[] =>
  KEYS.filter(({ actions }) => actions.some(allows)).map(({ plane }) => plane);

/** The plane that a resource of a type (in lower case), or a part of one, belongs to, if keys open it. */
export const planeOfType = (type: string): string | undefined =>
  KEYS.find(({ types }) => types.some((each) => type === each || type.startsWith(`${each}/`)))?.plane;

/** The place that stands for a plane without a rule at a scope. */
export function unmodelledRecords(plane: string, scope: string, more?: NodeProps<"Scope">): GraphRecord[] {
  const id = unmodelledId(plane, scope);
  const name = `${plane} in ${scope}`;
  return [{ kind: "Scope", id, props: { kind: "Unmodelled", plane, name, ...more } }, within(id, scope)];
}

/** Where a subscription has resources with keys. */
export interface Keyed {
  groups: readonly { plane: string; group: string }[];
  /** False if there may be others. */
  complete: boolean;
}

/** False if it is known that a scope of the subscription, or above it, holds no resource of the plane, nor is one. */
export function mayHold({ groups, complete }: Keyed, plane: string, scope: string): boolean {
  if (!complete) return true;
  const type = resourceType(scope);
  if (type !== "" && subscriptionOf(scope) !== undefined) return planeOfType(type) === plane;
  // What lies in no subscription holds all of this one, since it was listed for it.
  const whole = subscriptionOf(scope) === undefined;
  return groups.some((each) => each.plane === plane && (whole || isAtOrBelow(each.group, scope)));
}
