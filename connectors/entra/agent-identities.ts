import type { Step } from "../../src/connector.ts";
import type { Change } from "../../src/schema.ts";
import { AGENT_IDENTITIES } from "./needs.ts";
import {
  agentChanges,
  agentRef,
  appAlias,
  principalByApp,
  principalRef,
  SERVICE_PRINCIPAL_SELECT,
  type ServicePrincipal,
  servicePrincipalChange,
} from "./principals.ts";
import { listing } from "./read.ts";

/**
 * An agent identity with its blueprint. Whoever holds the credential of the blueprint gets tokens of each of
 * its agents, so the blueprint's principal controls them.
 * https://learn.microsoft.com/entra/agent-id/identity-platform/agent-service-principals
 */
export function agentIdentityChanges(answer: ServicePrincipal): Change[] {
  const object = { ...answer, servicePrincipalType: "ServiceIdentity" };
  const changes = [
    servicePrincipalChange(object, "AgentIdentity"),
    ...agentChanges(object, "entra: agent identity"),
  ];
  const blueprint = object.agentIdentityBlueprintId;
  if (!blueprint) return changes;
  return [
    ...changes,
    {
      put: {
        kind: "MADE_FROM",
        from: agentRef(object.id),
        to: { kind: "Blueprint", alias: appAlias(blueprint) },
      },
    },
    {
      put: {
        kind: "CONTROLS",
        from: principalByApp(blueprint),
        to: principalRef(object.id),
        props: { how: "blueprint", key: "blueprint" },
      },
    },
  ];
}

/** Agent identities; the service allows 100 a page and has no delta for them. */
export const agentIdentities: Step = {
  id: "entra.agent-identities",
  title: "Agent identities and their blueprints",
  produces: ["Principal", "Agent", "ACTS_AS", "MADE_FROM", "CONTROLS"],
  needs: [AGENT_IDENTITIES],
  reads: ["GET graph /v1.0/servicePrincipals/microsoft.graph.agentIdentity"],
  hides: "grants",
  async *crawl(c, pass) {
    const path =
      "/v1.0/servicePrincipals/microsoft.graph.agentIdentity" +
      `?$select=${SERVICE_PRINCIPAL_SELECT},agentIdentityBlueprintId,createdDateTime&$top=100`;
    for await (const { items, end } of listing<ServicePrincipal>(c, pass, path))
      yield { changes: items.flatMap(agentIdentityChanges), ...end };
  },
};
