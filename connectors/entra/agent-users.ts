import type { Step } from "../../src/connector.ts";
import type { Change } from "../../src/schema.ts";
import { USERS } from "./needs.ts";
import { agentRef, principalRef, USER_SELECT, type User, userChange } from "./principals.ts";
import { listing } from "./read.ts";

/** An agent user and the agent identity that signs in as it. https://learn.microsoft.com/graph/api/resources/agentuser */
export function agentUserChanges(user: User): Change[] {
  const node = userChange({ ...user, "@odata.type": "#microsoft.graph.agentUser" });
  if (!user.identityParentId) return [node];
  return [
    node,
    {
      put: {
        kind: "ACTS_AS",
        from: agentRef(user.identityParentId),
        to: principalRef(user.id),
        props: { mode: "agent-user", key: "agent-user" },
      },
    },
  ];
}

export const agentUsers: Step = {
  id: "entra.agent-users",
  title: "Agent users",
  produces: ["Principal", "ACTS_AS"],
  needs: [USERS],
  reads: ["GET graph /v1.0/users/microsoft.graph.agentUser"],
  hides: "grants",
  async *crawl(c, pass) {
    const path = `/v1.0/users/microsoft.graph.agentUser?$select=${USER_SELECT}&$top=999`;
    for await (const { items, end } of listing<User>(c, pass, path))
      yield { changes: items.flatMap(agentUserChanges), ...end };
  },
};
