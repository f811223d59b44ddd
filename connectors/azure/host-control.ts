/**
 * Who may make a resource act, and so acts as its managed identity: by the actions of a role. Pure.
 * https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/managed-identity-best-practice-recommendations
 */
import { directoryId, type GraphRecord } from "../../src/schema.ts";
import { readCondition } from "./condition.ts";
import { compile, openCauses, resolveAt } from "./condition-evaluate.ts";
import { inWords } from "./condition-words.ts";

/** A resource with the identities that it acts as. */
export interface Host {
  id: string;
  runsAs: readonly string[];
}

/**
 * What, besides writing the resource itself, runs code in it, signs in to it, hands out credentials to it, or binds its
 * identity to another workload. Data actions are marked. Types in lower case.
 */
const ACTIONS: Readonly<Record<string, readonly string[]>> = {
  "microsoft.compute/virtualmachines": [
    "Microsoft.Compute/virtualMachines/runCommand/action",
    "Microsoft.Compute/virtualMachines/runCommands/write",
    "Microsoft.Compute/virtualMachines/extensions/write",
    "data:Microsoft.Compute/virtualMachines/loginAsAdmin/action",
    "data:Microsoft.Compute/virtualMachines/login/action",
  ],
  "microsoft.compute/virtualmachinescalesets": [
    "Microsoft.Compute/virtualMachineScaleSets/extensions/write",
    "Microsoft.Compute/virtualMachineScaleSets/virtualMachines/runCommand/action",
    "Microsoft.Compute/virtualMachineScaleSets/virtualMachines/runCommands/write",
    "Microsoft.Compute/virtualMachineScaleSets/virtualMachines/extensions/write",
  ],
  "microsoft.hybridcompute/machines": [
    "Microsoft.HybridCompute/machines/extensions/write",
    "Microsoft.HybridCompute/machines/runCommands/write",
    "data:Microsoft.HybridCompute/machines/loginAsAdmin/action",
    "data:Microsoft.HybridCompute/machines/login/action",
  ],
  "microsoft.web/sites": [
    "Microsoft.Web/sites/publish/action",
    "Microsoft.Web/sites/publishxml/action",
    "Microsoft.Web/sites/config/write",
    "Microsoft.Web/sites/config/list/action",
    "Microsoft.Web/sites/functions/write",
    "Microsoft.Web/sites/extensions/write",
    "Microsoft.Web/sites/host/listkeys/action",
  ],
  "microsoft.web/sites/slots": [
    "Microsoft.Web/sites/slots/publish/action",
    "Microsoft.Web/sites/slots/publishxml/action",
    "Microsoft.Web/sites/slots/config/write",
    "Microsoft.Web/sites/slots/config/list/action",
    "Microsoft.Web/sites/slots/functions/write",
  ],
  "microsoft.app/containerapps": ["Microsoft.App/containerApps/exec/action"],
  "microsoft.app/jobs": ["Microsoft.App/jobs/start/action"],
  "microsoft.containerinstance/containergroups": [
    "Microsoft.ContainerInstance/containerGroups/containers/exec/action",
  ],
  "microsoft.containerservice/managedclusters": [
    "Microsoft.ContainerService/managedClusters/runcommand/action",
    "Microsoft.ContainerService/managedClusters/listClusterAdminCredential/action",
  ],
  "microsoft.automation/automationaccounts": [
    "Microsoft.Automation/automationAccounts/runbooks/draft/write",
    "Microsoft.Automation/automationAccounts/runbooks/write",
    "Microsoft.Automation/automationAccounts/webhooks/write",
  ],
  "microsoft.datafactory/factories": [
    "Microsoft.DataFactory/factories/pipelines/write",
    "Microsoft.DataFactory/factories/linkedservices/write",
  ],
  "microsoft.managedidentity/userassignedidentities": [
    "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action",
    "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/write",
  ],
};

/** Whoever assigns roles at a host gives itself any of these. */
const ASSIGN = "Microsoft.Authorization/roleAssignments/write";
const DATA = "data:";

/** A role as far as this asks: does it allow an action? */
export interface ActionRights {
  allows(plane: "control" | "data", action: string): boolean;
  /** All of them narrow what it allows. */
  conditions: readonly string[];
}

/** What makes a host act, and in words for which choices of its holder alone; empty: for all. */
interface Control {
  action: string;
  limit: string;
}

/** `microsoft.web/sites/slots` of an ARM id; empty for what no provider has. */
export function resourceType(id: string): string {
  const match = /.*\/providers\/([^/]+)\/(.+)$/.exec(id.toLowerCase());
  if (match === null) return "";
  const types = match[2]!.split("/").filter((_, i) => i % 2 === 0);
  return [match[1], ...types].join("/");
}

/**
 * The first action of a role that makes a host of this type act, or undefined. Control actions take no conditions but
 * for assigning roles.
 */
export function controlOf(type: string, blocks: readonly ActionRights[]): Control | undefined {
  const listed = [`${type}/write`, ...(ACTIONS[type] ?? [])];
  const held = listed.find((action) =>
    action.startsWith(DATA)
      ? blocks.some((block) => block.allows("data", action.slice(DATA.length)))
      : blocks.some((block) => block.allows("control", action)),
  );
  if (held !== undefined)
    return { action: held.startsWith(DATA) ? held.slice(DATA.length) : held, limit: "" };
  const limits = blocks
    .filter((block) => block.allows("control", ASSIGN))
    .map(({ conditions }) => limitOf(conditions))
    .filter((limit) => limit !== undefined);
  const limit = limits.includes("") ? "" : limits[0];
  return limit === undefined ? undefined : { action: ASSIGN, limit };
}

/**
 * What conditions leave of assigning roles: what they ask of the assignment is for its maker to choose. Undefined if
 * nothing, or if something else decides.
 */
function limitOf(conditions: readonly string[]): string | undefined {
  if (conditions.length === 0) return "";
  const resolve = resolveAt({});
  const rest = compile({ op: "and", args: conditions.map(readCondition) }, { action: ASSIGN })(resolve);
  if (typeof rest === "boolean") return rest ? "" : undefined;
  return openCauses(rest, resolve) === true ? inWords(rest) : undefined;
}

/** CONTROLS of every identity that the hosts below an assignment run as, one for each; the key is the assignment's. */
export function controlRecords(
  principalId: string,
  key: string,
  blocks: readonly ActionRights[],
  hosts: readonly Host[],
): GraphRecord[] {
  const from = directoryId(principalId);
  const byType = new Map<string, Control | undefined>();
  const how = new Map<string, string>();
  for (const { id, runsAs } of hosts) {
    const type = resourceType(id);
    if (!byType.has(type)) byType.set(type, controlOf(type, blocks));
    const control = byType.get(type);
    if (control === undefined) continue;
    const limit = control.limit === "" ? "" : `, where ${control.limit}`;
    for (const identity of runsAs)
      if (identity !== from && !how.has(identity)) how.set(identity, `${control.action} on ${id}${limit}`);
  }
  return [...how].map(([identity, words]) => ({
    kind: "CONTROLS",
    from: { kind: "Principal", id: from },
    to: { kind: "Principal", id: identity },
    props: { key, how: words },
  }));
}
