/** Entra ID: who there is, who is in what, who may do what, and which of them are agents. */
import type { Connector } from "../../src/connector.ts";
import { agentIdentities } from "./agent-identities.ts";
import { agentUsers } from "./agent-users.ts";
import { appRoleAssignments } from "./app-role-assignments.ts";
import { applications } from "./applications.ts";
import { blueprints } from "./blueprints.ts";
import { delegatedGrants } from "./delegated-grants.ts";
import { directoryRoles } from "./directory-roles.ts";
import { federatedCredentials } from "./federated-credentials.ts";
import { createGroups } from "./groups.ts";
import { organization } from "./organization.ts";
import { owners } from "./owners.ts";
import { servicePrincipals } from "./service-principals.ts";
import { sponsors } from "./sponsors.ts";
import { createUsers } from "./users.ts";

/** How users and groups are read: by delta where the service has it (the default), or always by listing. */
export interface EntraOptions {
  how?: "delta" | "list";
}

export function createEntra({ how = "delta" }: EntraOptions = {}): Connector {
  return {
    name: "entra",
    title: "Microsoft Entra ID",
    steps: [
      organization,
      createUsers(how),
      createGroups(how),
      servicePrincipals,
      agentIdentities,
      agentUsers,
      blueprints,
      sponsors,
      owners,
      applications,
      federatedCredentials,
      appRoleAssignments,
      delegatedGrants,
      directoryRoles,
    ],
  };
}

export const entra: Connector = createEntra();
