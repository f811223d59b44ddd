import { describe, expect, it } from "vitest";
import { mayHold, planeOfType } from "./planes.ts";

const SUB = "/subscriptions/s1";
const GROUP = `${SUB}/resourcegroups/r`;
const VAULTS = "microsoft.keyvault/vaults";
const vault = `${GROUP}/providers/${VAULTS}/v`;

describe("resources that keys open", () => {
  it("are known by their type or a part of it, and no type beside it", () => {
    const plane = planeOfType("microsoft.cognitiveservices/accounts");
    expect(plane).toBe("ai-services");
    expect(planeOfType("microsoft.cognitiveservices/accounts/projects")).toBe(plane);
    for (const type of ["disks", "snapshots"])
      expect(planeOfType(`microsoft.compute/${type}`)).toBe("virtual-machines");
    for (const [type, keyed] of [
      ["microsoft.eventhub/namespaces", "event-hubs"],
      ["microsoft.servicebus/namespaces/queues", "service-bus"],
      ["microsoft.cache/redis", "redis"],
      ["microsoft.cache/redisenterprise/databases", "redis"],
      ["microsoft.dbforpostgresql/flexibleservers", "postgresql"],
      ["microsoft.containerregistry/registries", "container-registry"],
      ["microsoft.machinelearningservices/workspaces/onlineendpoints", "machine-learning"],
      ["microsoft.sql/managedinstances/databases", "sql"],
      ["microsoft.dbformysql/flexibleservers", "mysql"],
      ["microsoft.documentdb/mongoclusters", "cosmos-db"],
      ["microsoft.containerservice/managedclusters", "kubernetes"],
      ["microsoft.databricks/workspaces", "databricks"],
      ["microsoft.synapse/workspaces/sqlpools", "synapse"],
      ["microsoft.kusto/clusters", "data-explorer"],
      ["microsoft.kubernetes/connectedclusters", "kubernetes"],
      ["microsoft.devices/iothubs", "iot-hub"],
      ["microsoft.eventgrid/domains/topics", "event-grid"],
      ["microsoft.signalrservice/webpubsub", "signalr"],
    ] as const)
      expect(planeOfType(type)).toBe(keyed);
    expect(planeOfType("microsoft.cognitiveservices/accountsandmore")).toBeUndefined();
    expect(planeOfType("microsoft.network/virtualnetworks")).toBeUndefined();
  });

  const plane = "ai-services";
  const account = `${GROUP}/providers/microsoft.cognitiveservices/accounts/a`;
  const elsewhere = { plane: "key-vault", group: `${SUB}/resourcegroups/secrets` };
  const keyed = { groups: [{ plane, group: GROUP }, elsewhere], complete: true };
  it.each([
    ["the group that has one", GROUP, true],
    ["a group beside it", `${SUB}/resourcegroups/other`, false],
    ["the subscription above it", SUB, true],
    // What is no resource has no type of one, whatever its id looks like.
    ["a management group", "/providers/microsoft.management/managementgroups/m", true],
    ["the tenant root", "/", true],
    ["such a resource itself", account, true],
    ["another resource of the group", vault, false],
  ])("may lie below %s", (_, scope, may) => {
    expect(mayHold(keyed, plane, scope)).toBe(may);
  });

  it("of a plane of which there is none lie nowhere, unless not all was listed", () => {
    expect(mayHold(keyed, "ai-search", SUB)).toBe(false);
    expect(mayHold({ ...keyed, complete: false }, "ai-search", SUB)).toBe(true);
    expect(mayHold({ ...keyed, complete: false }, plane, vault)).toBe(true);
  });
});
