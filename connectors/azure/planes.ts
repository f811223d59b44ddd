/** Data planes that no rule models yet: a grant on one is said with rights unknown, never dropped. */
import { globCovers, globReaches } from "./glob.ts";

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
