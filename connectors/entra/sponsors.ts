import type { Step } from "../../src/connector.ts";
import type { Change } from "../../src/schema.ts";
import { askAboutKnown } from "./ask.ts";
import { SPONSORS } from "./needs.ts";
import { agentRef, type DirectoryObject, principalRef } from "./principals.ts";

const ID = "entra.sponsors";

export const sponsorChange = (agent: string, sponsor: DirectoryObject): Change => ({
  put: { kind: "SPONSORS", from: principalRef(sponsor.id), to: agentRef(agent) },
});

/** Who answers for each agent identity. https://learn.microsoft.com/graph/api/agentidentity-list-sponsors */
export const sponsors: Step = {
  id: ID,
  title: "Sponsors of agent identities",
  produces: ["SPONSORS"],
  needs: [SPONSORS],
  reads: ["GET graph /v1.0/servicePrincipals/{id}/microsoft.graph.agentIdentity/sponsors"],
  after: ["entra.service-principals"],
  follows: ["entra.agent-identities"],
  hides: "grants",
  gapsAreNodes: true,
  async *crawl(c, pass) {
    const asks = [];
    for await (const { id } of c.known("Principal", { kind: "AgentIdentity" }))
      asks.push({
        item: id,
        id,
        path: `/v1.0/servicePrincipals/${id}/microsoft.graph.agentIdentity/sponsors?$select=id`,
      });
    yield* askAboutKnown<string, DirectoryObject>(c, ID, pass, asks, (agent, found) =>
      found.map((sponsor) => sponsorChange(agent, sponsor)),
    );
  },
};
