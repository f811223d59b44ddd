import type { Step, StepContext } from "../../src/connector.ts";
import type { Change } from "../../src/schema.ts";
import { APPLICATIONS } from "./needs.ts";
import {
  agentChanges,
  agentRemovals,
  evidenceOf,
  SERVICE_PRINCIPAL_SELECT,
  type ServicePrincipal,
  servicePrincipalChange,
} from "./principals.ts";
import { deltaOrListing } from "./read.ts";

/** One service principal; in a delta pass also that it stopped being an agent. */
export function servicePrincipalChanges(
  c: Pick<StepContext, "isAgent">,
  object: ServicePrincipal,
  mode: "full" | "delta",
): Change[] {
  const node = servicePrincipalChange(object);
  if (object["@removed"] !== undefined) return [...agentRemovals(object.id), node];
  const evidence = evidenceOf(c, object);
  if (evidence !== undefined) return [node, ...agentChanges(object, evidence)];
  return mode === "delta" ? [...agentRemovals(object.id), node] : [node];
}

/** Service principals, managed identities and agent identities, and which of them are agents. */
export const servicePrincipals: Step = {
  id: "entra.service-principals",
  title: "Service principals, managed identities and agent identities",
  produces: ["Principal", "Agent", "ACTS_AS"],
  needs: [APPLICATIONS],
  reads: ["GET graph /v1.0/servicePrincipals/delta", "GET graph /v1.0/servicePrincipals"],
  hides: "grants",
  delta: true,
  async *crawl(c, pass) {
    const paths = {
      delta: `/v1.0/servicePrincipals/delta?$select=${SERVICE_PRINCIPAL_SELECT}`,
      list: `/v1.0/servicePrincipals?$select=${SERVICE_PRINCIPAL_SELECT}&$top=999`,
    };
    for await (const { items, end } of deltaOrListing<ServicePrincipal>(c, pass, paths))
      yield { changes: items.flatMap((item) => servicePrincipalChanges(c, item, pass.mode)), ...end };
  },
};
