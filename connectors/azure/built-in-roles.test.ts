/** All built-in roles of Azure, where the file of them is present, beside a second evaluator that is slow and plain. */
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseCondition } from "./condition.ts";
import { compile, openCauses, resolveAt } from "./condition-evaluate.ts";
import { inWords } from "./condition-words.ts";
import { grantRecords } from "./grants.ts";
import { evaluateBlock, type PermissionBlock, PRIMITIVES, SUPER_USER } from "./rights.ts";

const file = new URL("../../../shared/inputs/reference/azure-built-in-roles-raw.json", import.meta.url);

interface Role {
  name: string;
  roleName: string;
  permissions: readonly PermissionBlock[];
}
const roles: readonly Role[] = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : [];

const listed = (block: PermissionBlock) =>
  [block.actions, block.notActions, block.dataActions, block.notDataActions].flatMap((list) => list ?? []);
const conditionsOf = (role: Role) =>
  role.permissions.flatMap(({ condition }) => (condition?.trim() ? [condition] : []));

/** The rule of wildcards once more, letter by letter and by recursion. */
function stands(pattern: string, action: string, p = 0, a = 0): boolean {
  if (p === pattern.length) return a === action.length;
  if (pattern[p] === "*") {
    for (let end = a; end <= action.length; end++) if (stands(pattern, action, p + 1, end)) return true;
    return false;
  }
  return (
    a < action.length &&
    pattern[p]!.toUpperCase() === action[a]!.toUpperCase() &&
    stands(pattern, action, p + 1, a + 1)
  );
}
const allowed = (block: PermissionBlock, plane: "control" | "data", action: string) => {
  const yes = (plane === "data" ? block.dataActions : block.actions) ?? [];
  const no = (plane === "data" ? block.notDataActions : block.notActions) ?? [];
  return yes.some((one) => stands(one, action)) && !no.some((one) => stands(one, action));
};

const planesOf = (name: string) =>
  roles
    .find(({ roleName }) => roleName === name)!
    .permissions.flatMap((block) => evaluateBlock(block).planes);

describe.skipIf(roles.length === 0)("built-in roles", () => {
  it("are as many as the file was made with, and as odd", () => {
    expect(roles).toHaveLength(928);
    expect(roles.filter((role) => conditionsOf(role).length > 0)).toHaveLength(29);
    const inner = (action: string) => action.slice(0, -1).includes("*");
    expect(roles.filter((role) => role.permissions.flatMap(listed).some(inner))).toHaveLength(497);
  });

  it("all evaluate to the storage actions that a second evaluator finds", () => {
    for (const { roleName, permissions } of roles)
      for (const block of permissions) {
        const { primitives, superUser } = evaluateBlock(block);
        for (const [name, { plane, action }] of Object.entries(PRIMITIVES))
          expect([roleName, name, (primitives as ReadonlySet<string>).has(name)]).toEqual([
            roleName,
            name,
            allowed(block, plane, action),
          ]);
        expect([roleName, superUser]).toEqual([roleName, allowed(block, "data", SUPER_USER)]);
      }
  });

  it("hold the actions that are known of them", () => {
    const count = (holds: (block: PermissionBlock) => boolean) =>
      roles.filter(({ permissions }) => permissions.some(holds)).length;
    const having = (name: keyof typeof PRIMITIVES) =>
      count((block) => evaluateBlock(block).primitives.has(name));
    expect([having("read"), having("listKeys"), having("accountSas")]).toEqual([15, 24, 8]);
    expect(count((block) => evaluateBlock(block).superUser)).toBe(2);
  });

  it.each([
    ["AzureML Data Scientist", "machine-learning"],
    ["Azure AI Developer", "machine-learning"],
    ["Azure Machine Learning Workspace Connection Secrets Reader", "machine-learning"],
    ["SQL Managed Instance Contributor", "sql"],
    ["SqlDb Migration Role", "sql"],
    ["SqlMI Migration Role", "sql"],
    ["Azure Kubernetes Service Cluster Admin Role", "kubernetes"],
    ["Azure Arc Enabled Kubernetes Cluster User Role", "kubernetes"],
    ["Desktop Virtualization Virtual Machine Contributor", "key-vault"],
    ["Defender Databricks Operator", "databricks"],
  ])("%s opens %s, which it names no data action of", (name, plane) => {
    expect(planesOf(name)).toContain(plane);
  });

  it("open no database that their exclusions keep from them", () => {
    expect(planesOf("Cosmos DB Operator")).toEqual([]);
    expect(planesOf("SQL DB Contributor")).toEqual([]);
  });

  it("have conditions that are all understood", () => {
    for (const role of roles)
      for (const text of conditionsOf(role)) {
        const expr = parseCondition(text);
        const resolve = resolveAt({});
        for (const verb of ["write", "delete"]) {
          const rest = compile(expr, { action: `Microsoft.Authorization/roleAssignments/${verb}` })(resolve);
          if (typeof rest === "boolean") {
            expect([role.roleName, verb, rest]).toEqual([role.roleName, verb, true]);
            continue;
          }
          // Each limits which roles may be assigned, which the sender chooses; two ask for what no page explains.
          const causes = openCauses(rest, resolve);
          const why = causes === true ? "chosen" : [...causes].join();
          const odd = text.includes("HasObotoken");
          expect([role.roleName, why]).toEqual([role.roleName, odd ? "unread" : "chosen"]);
          expect(inWords(rest)).not.toBe("");
        }
      }
  });

  it("give grants without error when assigned, and never none", () => {
    for (const { name, roleName, permissions } of roles) {
      const assignment = {
        id: `/providers/Microsoft.Authorization/roleAssignments/${name}`,
        principalId: "p",
        scope: "/subscriptions/s",
        condition: undefined,
        tier: "now" as const,
        expires: undefined,
      };
      const records = grantRecords(
        assignment,
        { name: roleName, blocks: permissions.map(evaluateBlock) },
        {
          subscription: "/subscriptions/s",
          storage: { accounts: [], containers: () => [] },
          conditionsHidden: false,
          keyed: { groups: [], complete: true },
        },
      );
      expect([roleName, records.some(({ kind }) => kind === "GRANTED")]).toEqual([roleName, true]);
    }
  });
});
