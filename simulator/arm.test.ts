import { describe, expect, it } from "vitest";
import { Asker, smallTenant } from "./testing.ts";

const arm = new Asker(smallTenant());
const { places } = arm.tenant;
const VERSION = "api-version=2022-04-01";
const assignments = (scope: string, more = "") =>
  arm.all(`${scope}/providers/Microsoft.Authorization/roleAssignments?${VERSION}${more}`);
const scopeOf = ({ properties }: { readonly properties?: unknown }): string =>
  typeof properties === "object" && properties !== null && "scope" in properties
    ? String(properties.scope)
    : "";

describe("Azure places", () => {
  it("form a tree of three levels of management groups with every subscription once", async () => {
    const root = await arm.get(`${places.managementGroupId(0)}?${VERSION}&$expand=children&$recurse=true`);
    const found = JSON.stringify(root.body).match(/"type":"\/subscriptions"/g);
    expect(found).toHaveLength(3);
    const corp = await arm.get(`${places.managementGroupId(3)}?${VERSION}`);
    expect(corp.body.properties).toMatchObject({ details: { parent: { name: "mg-landing-zones" } } });
  });

  it("are found whatever the case of their ids, brackets in names included", async () => {
    const group = places.groupId(1, 0);
    expect(group).toMatch(/rg\(1\)$/);
    const answer = await arm.get(
      `${group.toLowerCase()}/providers/microsoft.storage/storageaccounts?${VERSION}`,
    );
    expect(answer.status).toBe(200);
    expect((await arm.get(`${places.subscriptionId(1)}/resourceGroups/rg-nowhere?${VERSION}`)).status).toBe(
      404,
    );
  });

  it("list every account and container once, page by page", async () => {
    let containers = 0;
    let accounts = 0;
    for (let s = 0; s < 3; s++) {
      const list = await arm.all(
        `${places.subscriptionId(s)}/providers/Microsoft.Storage/storageAccounts?${VERSION}`,
      );
      accounts += list.rows.length;
      for (const { id } of list.rows) {
        const inside = await arm.all(`${id}/blobServices/default/containers?${VERSION}&$maxpagesize=3`);
        containers += inside.rows.length;
      }
    }
    expect([accounts, containers]).toEqual([12, 60]);
  });

  it("have accounts that accept keys, refuse them, and do not say", () => {
    const said = new Set(
      Array.from({ length: 12 }, (_, a) => {
        const { properties } = places.account(a, "");
        return typeof properties === "object" && properties !== null && "allowSharedKeyAccess" in properties
          ? properties.allowSharedKeyAccess
          : null;
      }),
    );
    expect(said).toEqual(new Set([null, true, false]));
  });

  it("ask for an api-version", async () => {
    expect((await arm.get("/subscriptions")).status).toBe(400);
  });
});

describe("Azure role assignments", () => {
  it("of a subscription are those at it, above it and below it", async () => {
    const { rows } = await assignments(places.subscriptionId(1));
    const scopes = rows.map(scopeOf);
    expect(scopes).toContain("/");
    expect(scopes).toContain(places.managementGroupId(0));
    expect(scopes).toContain(places.subscriptionId(1));
    expect(scopes.some((scope) => scope.includes("/containers/"))).toBe(true);
    expect(scopes.some((scope) => scope.startsWith(places.subscriptionId(2)))).toBe(false);
  });

  it("at a scope leave out what is below", async () => {
    const { rows } = await assignments(places.subscriptionId(1), "&$filter=atScope()");
    expect(rows.map(scopeOf).some((scope) => scope.includes("/resourceGroups/"))).toBe(false);
  });

  it("together cover every level, every sort of principal, and conditions", async () => {
    const all = (
      await Promise.all(
        ["", places.managementGroupId(2), ...[0, 1, 2].map((s) => places.subscriptionId(s))].map((scope) =>
          assignments(scope),
        ),
      )
    ).flatMap(({ rows }) => rows);
    const text = JSON.stringify(all);
    for (const type of ["User", "Group", "ServicePrincipal"])
      expect(text).toContain(`"principalType":"${type}"`);
    expect(text).toContain('"conditionVersion":"2.0"');
  });

  it("hide conditions from early versions of the API", async () => {
    const path = `${places.subscriptionId(1)}/providers/Microsoft.Authorization/roleAssignments?api-version=2018-09-01-preview`;
    expect(JSON.stringify((await arm.get(path)).value)).not.toContain('"condition');
  });

  it("name roles that the subscription defines", async () => {
    const scope = places.subscriptionId(1);
    const roles = await arm.all(`${scope}/providers/Microsoft.Authorization/roleDefinitions?${VERSION}`);
    const known = new Set(roles.rows.map(({ name }) => name));
    const { rows } = await assignments(scope);
    for (const { properties } of rows) {
      const role =
        typeof properties === "object" && properties !== null && "roleDefinitionId" in properties
          ? String(properties.roleDefinitionId)
          : "";
      expect(known).toContain(role.slice(role.lastIndexOf("/") + 1));
    }
    const one = await arm.get(
      `${scope}/providers/Microsoft.Authorization/roleDefinitions/${String(roles.rows[0]?.name)}?${VERSION}`,
    );
    expect(one.body.name).toBe(roles.rows[0]?.name);
  });

  it("are denied in some groups, with exclusions, and can be activated by some", async () => {
    const scope = places.subscriptionId(1);
    const denied = await arm.all(`${scope}/providers/Microsoft.Authorization/denyAssignments?${VERSION}`);
    expect(denied.rows).toHaveLength(2);
    const other = await arm.all(
      `${places.groupId(1, 1)}/providers/Microsoft.Authorization/denyAssignments?${VERSION}`,
    );
    expect(other.rows).toEqual([]);
    const eligible = await arm.all(
      `${scope}/providers/Microsoft.Authorization/roleEligibilityScheduleInstances?api-version=2020-10-01`,
    );
    expect(eligible.rows).toHaveLength(1);
  });
});
