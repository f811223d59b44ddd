import type { Step, StepContext } from "../../src/connector.ts";
import type { Change, NodeProps } from "../../src/schema.ts";
import { type Ask, askAboutKnown, ofGroup } from "./ask.ts";
import { isAbroad } from "./blueprints.ts";
import { APPLICATIONS, GROUP_MEMBERS } from "./needs.ts";
import { controls } from "./planes.ts";
import { agentRef, type DirectoryObject, principalByApp, principalRef } from "./principals.ts";

const ID = "entra.owners";

/** Something in the directory that has owners. */
export interface Owned {
  id: string;
  kind: "Group" | "ServicePrincipal" | "AgentIdentity" | "BlueprintPrincipal" | "Blueprint";
  /** Agents are owned as agents too. */
  agent: boolean;
  /** An owner may add members: not to groups that follow a rule or that are managed on premises. */
  open: boolean;
  appId?: string;
}

/**
 * What ownership says. Owners of a group may add themselves; owners of an application, a service principal or a
 * blueprint may add a credential and act as it. The owner of an agent identity answers for it, but the
 * credential is its blueprint's.
 * https://learn.microsoft.com/entra/identity/enterprise-apps/overview-assign-app-owners
 */
export function ownerChanges(owned: Owned, owner: DirectoryObject): Change[] {
  const from = principalRef(owner.id);
  if (owned.kind === "Blueprint") {
    const owns: Change = { put: { kind: "OWNS", from, to: { kind: "Blueprint", id: owned.id } } };
    return owned.appId ? [owns, controls(from, principalByApp(owned.appId), "owns-blueprint")] : [owns];
  }
  const to = principalRef(owned.id);
  const changes: Change[] = [{ put: { kind: "OWNS", from, to } }];
  if (owned.agent) changes.push({ put: { kind: "OWNS", from, to: agentRef(owned.id) } });
  if (owned.kind === "Group" && owned.open) changes.push(controls(from, to, "group-owner"));
  if (owned.kind === "ServicePrincipal") changes.push(controls(from, to, "owns-app"));
  if (owned.kind === "BlueprintPrincipal") changes.push(controls(from, to, "owns-blueprint"));
  return changes;
}

/** Owners of groups, service principals, agent identities and blueprints; those of applications have their own step. */
export const owners: Step = {
  id: ID,
  title: "Owners of groups, service principals, agents and blueprints",
  produces: ["OWNS", "CONTROLS"],
  needs: [GROUP_MEMBERS, APPLICATIONS],
  reads: [
    "GET graph /beta/groups/{id}/owners",
    "GET graph /v1.0/groups/{id}/owners",
    "GET graph /v1.0/servicePrincipals/{id}/owners",
    "GET graph /v1.0/applications/{id}/owners",
  ],
  after: ["entra.groups", "entra.service-principals"],
  // A tenant without agents refuses these; the owners of everything else are read all the same.
  follows: ["entra.agent-identities", "entra.blueprints"],
  hides: "grants",
  async *crawl(c, pass) {
    const asks = await ownedObjects(c);
    yield* askAboutKnown<Owned, DirectoryObject>(c, ID, pass, asks, (owned, found) =>
      found.flatMap((owner) => ownerChanges(owned, owner)),
    );
  },
};

/** All that may have owners, each once: an agent identity may be known from two steps. */
async function ownedObjects(c: StepContext): Promise<Ask<Owned>[]> {
  const agents = new Set<string>();
  for await (const { id } of c.known("Agent")) agents.add(id);
  const asks: Ask<Owned>[] = [];
  const add = (set: string, owned: Owned) =>
    asks.push({ item: owned, id: owned.id, path: `/v1.0/${set}/${owned.id}/owners?$select=id` });
  for await (const node of c.known("Principal", { kind: "Group" }))
    if (node.kind === "Principal") {
      const item: Owned = { id: node.id, kind: "Group", agent: false, open: isOpen(node.props) };
      asks.push({ item, id: node.id, ...ofGroup(node.id, "owners", "$select=id") });
    }
  for (const kind of ["ServicePrincipal", "AgentIdentity", "BlueprintPrincipal"] as const)
    for await (const { id } of c.known("Principal", { kind }))
      add("servicePrincipals", { id, kind, agent: agents.has(id), open: true });
  for await (const node of c.known("Blueprint"))
    if (node.kind === "Blueprint" && !isAbroad(node.id))
      add("applications", {
        id: node.id,
        kind: "Blueprint",
        agent: false,
        open: true,
        ...(node.props.appId ? { appId: node.props.appId } : {}),
      });
  return asks;
}

const isOpen = (group: NodeProps<"Principal">): boolean => group.dynamic !== true && group.synced !== true;
