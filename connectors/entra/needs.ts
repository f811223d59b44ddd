/** The permissions that the steps need, as a person grants them. */
import type { Permission } from "../../src/connector.ts";

const graph = (name: string, why: string, risk: string): Permission => ({
  kind: "graph",
  name,
  why,
  risk,
  doc: `https://learn.microsoft.com/graph/permissions-reference#${name.toLowerCase().replaceAll(".", "")}`,
});

export const USERS = graph(
  "User.Read.All",
  "list users and agent users, and read the name of the tenant",
  "Reads the profile of every user: names, addresses, telephone numbers, managers.",
);
export const GROUP_MEMBERS = graph(
  "GroupMember.Read.All",
  "list groups, their direct members and their owners",
  "Learns every group and who is in it, but no content of groups.",
);
export const HIDDEN_MEMBERS = graph(
  "Member.Read.Hidden",
  "see the members of groups that hide them",
  "Learns who is in groups and administrative units whose members are hidden on purpose.",
);
export const APPLICATIONS = graph(
  "Application.Read.All",
  "list applications, service principals, their owners, credentials' names and app role assignments",
  "Learns every application, who owns it and what it may do; no secret can be read.",
);
/** https://learn.microsoft.com/graph/api/application-list-federatedidentitycredentials */
export const FEDERATED_CREDENTIALS: Permission = { ...APPLICATIONS, itself: true };
/**
 * Microsoft's sources disagree. The list of permissions by path has this one for sponsors of service principals, the page
 * of the call (https://learn.microsoft.com/graph/api/agentidentity-list-sponsors) only AgentIdentity.ReadWrite.All,
 * which is never asked for. Neither has AgentIdentity.Read.All. If it does not suffice, the sponsors are a gap.
 */
export const SPONSORS: Permission = {
  ...APPLICATIONS,
  why: "list sponsors of agent identities (Microsoft's sources disagree on whether it suffices)",
  itself: true,
};
export const DIRECTORY = graph(
  "Directory.Read.All",
  "list delegated permission grants, which no narrower permission opens",
  "Reads the whole directory: users, groups, devices, applications and settings.",
);
export const ROLES = graph(
  "RoleManagement.Read.Directory",
  "list directory roles and who holds them",
  "Learns who the administrators are.",
);
export const AGENT_IDENTITIES = graph(
  "AgentIdentity.Read.All",
  "list agent identities",
  "Learns every agent identity.",
);
export const BLUEPRINTS = graph(
  "AgentIdentityBlueprint.Read.All",
  "list agent identity blueprints and what their agents inherit",
  "Learns every blueprint and the permissions that it passes on.",
);
export const BLUEPRINT_PRINCIPALS = graph(
  "AgentIdentityBlueprintPrincipal.Read.All",
  "list the principals of blueprints in this tenant",
  "Learns which blueprints are in use here.",
);
