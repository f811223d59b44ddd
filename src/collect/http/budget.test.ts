import { describe, expect, it } from "vitest";
import { chargeFor, costKey, graphUnits, limitOf } from "./budget.ts";

const units = (address: string) => {
  const url = new URL(address, "https://graph.microsoft.com");
  return graphUnits(url.pathname, url.searchParams);
};

describe("graphUnits", () => {
  it.each([
    ["/v1.0/users", 2],
    ["/v1.0/users?$select=id", 1],
    ["/v1.0/users?%24select=id&%24expand=manager", 2],
    ["/v1.0/groups/1/members", 3],
    ["/v1.0/groups/1/members?$select=id&$top=999", 2],
    ["/v1.0/groups/1/members?$select=id&$top=5", 1],
    ["/v1.0/groups/1/transitiveMembers", 5],
    ["/beta/oauth2PermissionGrants", 2],
    ["/v1.0/servicePrincipals/1/appRoleAssignments", 2],
    ["/v1.0/servicePrincipals/1/appRoleAssignedTo", 1],
    ["/v1.0/servicePrincipals?$select=id", 1],
  ])("prices %s at %i", (address, expected) => {
    expect(units(address)).toBe(expected);
  });

  it("gives requests of one price one key", () => {
    const key = (address: string) =>
      costKey(new URL(address, "https://g").pathname, new URL(address, "https://g").searchParams);
    expect(key("/v1.0/groups/0f1e/members?$select=id")).toBe(
      key("/v1.0/groups/77/members?$select=id,name&$skiptoken=x"),
    );
    expect(key("/v1.0/groups/0f1e/members")).not.toBe(key("/v1.0/groups/0f1e/members?$select=id"));
  });
});

describe("chargeFor", () => {
  it("keeps the small budgets apart", () => {
    expect(chargeFor("graph", "/v1.0/identity/conditionalAccess/policies", 1)).toMatchObject({
      alone: true,
      bucket: "graph:conditional-access",
    });
    expect(chargeFor("graph", "/beta/identityProtection/riskyAgents", 1).bucket).toBe(
      "graph:conditional-access",
    );
    expect(chargeFor("graph", "/v1.0/auditLogs/signIns", 1).bucket).toBe("graph:reports");
    expect(chargeFor("graph", "/v1.0/users", 2)).toEqual({
      bucket: "graph:identity",
      units: 2,
      alone: false,
    });
  });

  it("counts ARM reads for each subscription", () => {
    expect(chargeFor("arm", "/subscriptions/AB/resourceGroups", 1).bucket).toBe("arm:ab");
    expect(chargeFor("arm", "/providers/Microsoft.Management/managementGroups", 1).bucket).toBe("arm:tenant");
  });
});

describe("limitOf", () => {
  it.each([0.1, 0.5, 0.9, 1])(
    "never lets burst and rate together pass the window at a share of %d",
    (share) => {
      const { rate, burst } = limitOf("graph:identity", share, "L");
      expect(burst + rate * 10_000).toBeLessThanOrEqual(8_000);
      expect(rate * 10_000).toBeGreaterThanOrEqual((8_000 * share) / 1.06);
    },
  );
});
