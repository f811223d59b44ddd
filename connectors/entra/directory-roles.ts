import type { Step } from "../../src/connector.ts";
import { directoryId } from "../../src/schema.ts";
import { ROLES } from "./needs.ts";
import { listing } from "./read.ts";
import {
  type RoleAssignment,
  type RoleDefinition,
  roleAssignmentChanges,
  roleChanges,
  roleIdOf,
  withInherited,
} from "./roles.ts";

/**
 * Directory roles that somebody holds. The definitions (about 150) are read first and kept, as a page of
 * assignments names roles by id only; a role's node and rights come with its first assignment.
 */
export const directoryRoles: Step = {
  id: "entra.directory-roles",
  title: "Directory roles and who holds them",
  produces: ["Principal", "Scope", "MEMBER_OF", "GRANTED", "CONTROLS"],
  needs: [ROLES],
  reads: [
    "GET graph /v1.0/roleManagement/directory/roleDefinitions",
    "GET graph /v1.0/roleManagement/directory/roleAssignments",
  ],
  hides: "grants",
  async *crawl(c, pass) {
    const definitions = new Map<string, RoleDefinition>();
    // Whole, as they tell by themselves what they inherit, which is a relation that no $select may name.
    const path = "/v1.0/roleManagement/directory/roleDefinitions";
    for await (const { items } of listing<RoleDefinition>(c, { scope: "", mode: "full" }, path))
      for (const definition of items) definitions.set(directoryId(definition.id), definition);

    const assignments = "/v1.0/roleManagement/directory/roleAssignments";
    const put = new Set<string>();
    for await (const { items, end } of listing<RoleAssignment>(c, pass, assignments)) {
      const changes = items.flatMap((assignment) => {
        const role = roleIdOf(assignment);
        const definition = definitions.get(directoryId(assignment.roleDefinitionId));
        const node = put.has(role)
          ? []
          : roleChanges(assignment, definition && withInherited(definition, definitions));
        put.add(role);
        return [...node, ...roleAssignmentChanges(assignment)];
      });
      yield { changes, ...end };
    }
  },
};
