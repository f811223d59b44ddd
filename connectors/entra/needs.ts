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
  "list users and agent users",
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
export const ORGANIZATION = graph(
  "Organization.Read.All",
  "read the name of the tenant",
  "Reads the organization's profile: names, domains, subscribed services.",
);
export const AGENT_IDENTITIES = graph(
  "AgentIdentity.Read.All",
  "list agent identities and their sponsors",
  "Learns every agent identity and who answers for it.",
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
