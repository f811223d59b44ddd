import { describe, expect, it } from "vitest";
import { globCovers, globMatches, globReaches } from "./glob.ts";
import {
  actionFlags,
  evaluateBlock,
  type PermissionBlock,
  PRIMITIVE_NAMES,
  type Primitive,
} from "./rights.ts";

const B = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs";
const primitives = (...blocks: PermissionBlock[]) =>
  PRIMITIVE_NAMES.filter((name) => blocks.some((block) => evaluateBlock(block).primitives.has(name)));

describe("wildcards", () => {
  it("cross slashes and stand anywhere in the string, without regard to case", () => {
    expect(globMatches("*", `${B}/read`)).toBe(true);
    expect(globMatches("microsoft.storage/*/READ", `${B}/read`)).toBe(true);
    expect(globMatches("*/containers/*/add/action", `${B}/add/action`)).toBe(true);
    expect(globMatches("Microsoft.Storage/*/read", `${B}/write`)).toBe(false);
    expect(globMatches("Microsoft.Storage/storageAccounts", "Microsoft.Storage/storageAccounts/read")).toBe(
      false,
    );
  });

  it.each([
    ["a*", "a", true],
    ["a**", "a", true],
    ["b*", "ab", false],
    ["*ab", "aab", true],
    ["*ab", "acb", false],
    ["aa*ab", "aab", false],
    ["aa*ab", "aaab", true],
    ["ab", "a", false],
    ["a", "ab", false],
    ["", "", true],
  ])("%s against %s: %s", (pattern, text, expected) => {
    expect(globMatches(pattern, text)).toBe(expected);
  });

  it("do not take exponential time on a hostile pattern", () => {
    expect(globMatches(`${"*a".repeat(200)}b`, "a".repeat(2000))).toBe(false);
  });

  it("tell which planes a pattern reaches and which patterns cover another", () => {
    expect(globReaches("*/read", "Microsoft.KeyVault/")).toBe(true);
    expect(globReaches("Microsoft.*/vaults/secrets/read", "Microsoft.KeyVault/")).toBe(true);
    expect(globReaches("Microsoft.Storage/*", "Microsoft.KeyVault/")).toBe(false);
    expect(globReaches("microsoft.keyvault/vaults/*", "Microsoft.KeyVault/")).toBe(true);
    expect(globReaches("Microsoft.KeyVault/vaults/read", "Microsoft.KeyVault/")).toBe(true);
    expect(globReaches("Microsoft.KeyVault", "Microsoft.KeyVault/")).toBe(false);
    expect(globCovers("Microsoft.KeyVault/*", "Microsoft.KeyVault/vaults/*/read")).toBe(true);
    expect(globCovers("Microsoft.KeyVault/vaults/*", "Microsoft.KeyVault/*")).toBe(false);
  });
});

describe("role definitions", () => {
  it("give an owner of everything the keys and role assignment, but no data action", () => {
    expect(primitives({ actions: ["*"] })).toEqual([
      "listKeys",
      "regenerateKey",
      "accountSas",
      "serviceSas",
      "assign",
      "see",
    ]);
  });

  it("subtract NotActions: a contributor cannot assign roles", () => {
    const contributor = { actions: ["*"], notActions: ["Microsoft.Authorization/*/Write"] };
    expect(primitives(contributor)).not.toContain("assign");
    expect(primitives(contributor)).toContain("listKeys");
  });

  it("give a reader of everything sight and nothing else", () => {
    expect(primitives({ actions: ["*/read"] })).toEqual(["see"]);
  });

  it("subtract NotDataActions only from data actions, and only in their own block", () => {
    const narrowed = { dataActions: [`${B}/*`], notDataActions: [`${B}/delete`, `${B}/read`] };
    expect(primitives(narrowed)).toEqual(["write", "add", "setAcl", "own"]);
    expect(primitives(narrowed, { dataActions: [`${B}/read`] })).toContain("read");
    expect(primitives({ actions: [`${B}/read`] })).toEqual([]);
  });

  it("name the data planes that no rule models", () => {
    expect(evaluateBlock({ dataActions: ["Microsoft.KeyVault/vaults/secrets/*"] }).planes).toEqual([
      "key-vault",
    ]);
    expect(evaluateBlock({ dataActions: [`${B}/*`] }).planes).toEqual([]);
    expect(evaluateBlock({ dataActions: ["", "/read"] }).planes).toEqual([]);
    const secret = "Microsoft.KeyVault/vaults/secrets/getSecret/action";
    expect(evaluateBlock({ dataActions: [secret], notDataActions: [secret] }).planes).toEqual([]);
    expect(evaluateBlock({ dataActions: ["Contoso.Lake/tables/read"] }).planes).toEqual(["contoso.lake"]);
    expect(evaluateBlock({ dataActions: ["Microsoft.Storage/*"] }).planes).toEqual([
      "storage-files",
      "storage-queues",
      "storage-tables",
    ]);
    const all = evaluateBlock({ dataActions: ["*"], notDataActions: ["Microsoft.KeyVault/*"] }).planes;
    expect(all).toContain("cosmos-db");
    expect(all).not.toContain("key-vault");
  });

  it("name the planes that keys open, by control actions alone", () => {
    const planes = (...actions: string[]) => evaluateBlock({ actions }).keyPlanes;
    const named = (...actions: string[]) => evaluateBlock({ actions }).planes;
    expect(named("Microsoft.Search/searchServices/*")).toEqual(["ai-search"]);
    expect(named("Microsoft.CognitiveServices/accounts/ListKeys/action")).toEqual(["ai-services"]);
    expect(named("Microsoft.Search/searchServices/read", "*")).toEqual([]);
    const search = { actions: ["Microsoft.Search/searchServices/*"], notActions: ["Microsoft.Search/*"] };
    expect(evaluateBlock(search).planes).toEqual([]);
    // A service that is named is said wherever the role is assigned; others where they are.
    expect(planes("Microsoft.Search/searchServices/*")).toEqual([]);
    expect(planes("*/read")).toEqual(["log-analytics", "container-registry", "machine-learning"]);
    expect(planes("*/listAdminKeys/action", "Microsoft.KeyVault/*")).toEqual(["ai-search"]);
    expect(evaluateBlock({ actions: ["Microsoft.Sql/*"], dataActions: ["Microsoft.Sql/*"] }).planes).toEqual([
      "sql",
    ]);
    expect(planes("*")).toEqual([
      "ai-search",
      "cosmos-db",
      "ai-services",
      "app-configuration",
      "key-vault",
      "sql",
      "log-analytics",
      "virtual-machines",
      "event-hubs",
      "service-bus",
      "redis",
      "postgresql",
      "container-registry",
      "machine-learning",
      "mysql",
      "kubernetes",
      "databricks",
      "synapse",
      "data-explorer",
      "iot-hub",
      "batch",
      "event-grid",
      "relay",
      "signalr",
    ]);
    expect(evaluateBlock({ dataActions: ["*"] }).keyPlanes).toEqual([]);
    const vault = { actions: ["*"], notActions: ["Microsoft.KeyVault/*"] };
    expect(evaluateBlock(vault).keyPlanes).not.toContain("key-vault");
  });

  it.each([
    ["event-hubs", "Microsoft.EventHub/namespaces/authorizationRules/listKeys/action"],
    ["event-hubs", "Microsoft.EventHub/namespaces/eventhubs/authorizationRules/listkeys/action"],
    ["service-bus", "Microsoft.ServiceBus/namespaces/queues/authorizationRules/listKeys/action"],
    ["service-bus", "Microsoft.ServiceBus/namespaces/topics/authorizationRules/regenerateKeys/action"],
    ["redis", "Microsoft.Cache/redis/listKeys/action"],
    ["redis", "Microsoft.Cache/redisEnterprise/*"],
    ["postgresql", "Microsoft.DBforPostgreSQL/flexibleServers/administrators/write"],
    ["container-registry", "Microsoft.ContainerRegistry/registries/listCredentials/action"],
    ["container-registry", "Microsoft.ContainerRegistry/registries/pull/read"],
    ["machine-learning", "Microsoft.MachineLearningServices/workspaces/datastores/listSecrets/action"],
    ["machine-learning", "Microsoft.MachineLearningServices/workspaces/listStorageAccountKeys/action"],
    ["machine-learning", "Microsoft.MachineLearningServices/workspaces/connections/listsecrets/action"],
    ["machine-learning", "Microsoft.MachineLearningServices/workspaces/*/action"],
    ["sql", "Microsoft.Sql/servers/write"],
    ["sql", "Microsoft.Sql/managedInstances/write"],
    ["sql", "Microsoft.Sql/managedInstances/administrators/write"],
    ["mysql", "Microsoft.DBforMySQL/flexibleServers/write"],
    ["mysql", "Microsoft.DBforMySQL/flexibleServers/administrators/write"],
    ["kubernetes", "Microsoft.ContainerService/managedClusters/listClusterAdminCredential/action"],
    ["kubernetes", "Microsoft.ContainerService/managedClusters/runCommand/action"],
    ["databricks", "Microsoft.Databricks/workspaces/assignWorkspaceAdmin/action"],
    ["synapse", "Microsoft.Synapse/workspaces/administrators/write"],
    ["synapse", "Microsoft.Synapse/workspaces/write"],
    ["data-explorer", "Microsoft.Kusto/clusters/databases/principalAssignments/write"],
    ["data-explorer", "Microsoft.Kusto/Clusters/Databases/AddPrincipals/action"],
    ["iot-hub", "Microsoft.Devices/iotHubs/listkeys/Action"],
    ["batch", "Microsoft.Batch/batchAccounts/listKeys/action"],
    ["event-grid", "Microsoft.EventGrid/namespaces/topics/listKeys/action"],
    ["relay", "Microsoft.Relay/namespaces/hybridConnections/authorizationRules/listKeys/action"],
    ["signalr", "Microsoft.SignalRService/webPubSub/listKeys/action"],
    ["ai-search", "Microsoft.Search/searchServices/regenerateAdminKey/action"],
    ["ai-search", "Microsoft.Search/searchServices/createQueryKey/action"],
    ["ai-services", "Microsoft.CognitiveServices/accounts/regenerateKey/action"],
    ["app-configuration", "Microsoft.AppConfiguration/configurationStores/RegenerateKey/action"],
    ["key-vault", "Microsoft.KeyVault/vaults/deploy/action"],
    ["cosmos-db", "Microsoft.DocumentDB/databaseAccounts/cassandraRoleAssignments/write"],
    ["cosmos-db", "Microsoft.DocumentDB/databaseAccounts/mongodbUserDefinitions/write"],
    ["cosmos-db", "Microsoft.DocumentDB/mongoClusters/listConnectionStrings/action"],
    ["cosmos-db", "Microsoft.DocumentDB/mongoClusters/users/write"],
    ["kubernetes", "Microsoft.Kubernetes/connectedClusters/listClusterUserCredential/action"],
  ])("open %s by %s", (plane, action) => {
    expect(evaluateBlock({ actions: [action] }).planes).toEqual([plane]);
  });

  it.each([
    ["Microsoft.EventHub/namespaces/read"],
    ["Microsoft.ServiceBus/namespaces/queues/write"],
    ["Microsoft.Cache/redis/read"],
    ["Microsoft.DBforPostgreSQL/flexibleServers/read"],
    ["Microsoft.ContainerRegistry/registries/read"],
    ["Microsoft.MachineLearningServices/workspaces/read"],
    ["Microsoft.Sql/servers/databases/write"],
    ["Microsoft.DBforMySQL/flexibleServers/databases/write"],
    ["Microsoft.ContainerService/managedClusters/read"],
  ])("open nothing by %s", (action) => {
    expect(evaluateBlock({ actions: [action] }).planes).toEqual([]);
  });

  it("open databases by data actions under one name with what keys open there", () => {
    const dataActions = [
      "Microsoft.Cache/redis/data/read",
      "Microsoft.DBforPostgreSQL/flexibleServers/data/read",
    ];
    expect(evaluateBlock({ dataActions }).planes).toEqual(["postgresql", "redis"]);
  });

  it("have no condition where its text is empty", () => {
    expect(evaluateBlock({ condition: " " }).condition).toBeUndefined();
    expect(evaluateBlock({ condition: " x " }).condition).toBe("x");
  });

  it("tolerate lists that ARM leaves out", () => {
    expect(primitives({ actions: null, dataActions: null })).toEqual([]);
  });
});

describe("booleans", () => {
  const held = (...names: Primitive[]) =>
    Object.entries(actionFlags(new Set(names)))
      .filter(([, flag]) => flag)
      .map(([name]) => name);

  it("tell the four key actions apart, as a grant or a deny may hold only some of them", () => {
    expect(held("serviceSas")).toEqual(["serviceSas"]);
    expect(held("listKeys", "read")).toEqual(["read", "listKeys"]);
  });

  it("say sight only of what may see accounts: no other right brings it along", () => {
    expect(held("read", "assign")).not.toContain("see");
    expect(held("see")).toEqual(["see"]);
    expect(held()).toEqual([]);
  });
});
