import { describe, expect, it } from "vitest";
import { Asker, ORIGIN, smallTenant, TOKEN } from "./testing.ts";
import { KIND } from "./world.ts";

const graph = new Asker(smallTenant());
const { guids } = graph.tenant.world;

describe("Graph lists", () => {
  it("give every user once, in pages of at most 999, agent users included", async () => {
    const { rows, pages } = await graph.all("/v1.0/users?$select=id&$top=999");
    expect(pages).toBe(2);
    expect(new Set(rows.map(({ id }) => id)).size).toBe(1_500 + 23);
    expect(rows.filter((row) => row["@odata.type"] === "#microsoft.graph.agentUser")).toHaveLength(23);
  });

  it("refuse a page larger than the maximum of the list", async () => {
    expect((await graph.get("/v1.0/users?$top=1000")).status).toBe(400);
    expect((await graph.get("/v1.0/servicePrincipals/microsoft.graph.agentIdentity?$top=101")).status).toBe(
      400,
    );
  });

  it("give agents in pages of 100", async () => {
    const { rows, pages } = await graph.all("/v1.0/servicePrincipals/microsoft.graph.agentIdentity?$top=100");
    expect([rows.length, pages]).toEqual([230, 3]);
    expect(rows.every((row) => row.servicePrincipalType === "ServiceIdentity")).toBe(true);
  });

  it("give the properties that were selected, and for users only a few where none were", async () => {
    const [selected] = (await graph.get("/v1.0/users?$select=id,userType&$top=1")).value;
    expect(Object.keys(selected ?? {}).sort()).toEqual(["id", "userType"]);
    const [plain] = (await graph.get("/v1.0/users?$top=1")).value;
    expect(plain).not.toHaveProperty("accountEnabled");
  });

  it("filter by equality across pages and refuse filters they do not know", async () => {
    const { rows } = await graph.all("/v1.0/users?$select=id,userType&$filter=userType eq 'Guest'&$top=50");
    expect(rows.length).toBeGreaterThan(50);
    expect(rows.every((row) => row.userType === "Guest")).toBe(true);
    expect((await graph.get("/v1.0/users?$filter=endsWith(mail,'x')")).status).toBe(400);
  });

  it("give exactly the memberships that were asked for, of every sort of member", async () => {
    const types = new Map<unknown, number>();
    let total = 0;
    for (let g = 0; g < 120; g++) {
      const list = `groups/${guids.of(KIND.group, g)}/members?$select=id&$top=999`;
      const { rows } = await graph.all(`/beta/${list}`);
      total += rows.length;
      const shown = (await graph.all(`/v1.0/${list}`)).rows.map((row) => row["@odata.type"]);
      expect(shown.filter((type) => /agentIdentity|servicePrincipal/.test(String(type)))).toEqual([]);
      expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length);
      for (const row of rows) types.set(row["@odata.type"], (types.get(row["@odata.type"]) ?? 0) + 1);
    }
    expect(total).toBe(9_000);
    for (const type of ["user", "group", "agentIdentity", "agentUser", "servicePrincipal"])
      expect(types.get(`#microsoft.graph.${type}`), type).toBeGreaterThan(0);
  });

  it("expand one level", async () => {
    const [agent] = (
      await graph.get(
        "/v1.0/servicePrincipals/microsoft.graph.agentIdentity?$expand=sponsors($select=id)&$top=1",
      )
    ).value;
    expect(Array.isArray(agent?.sponsors)).toBe(true);
    const [held] = (
      await graph.get("/v1.0/roleManagement/directory/roleAssignments?$expand=principal&$top=1")
    ).value;
    expect(held?.principal).toMatchObject({ id: held?.principalId });
  });

  it("find an object by its id in any case, and by app id", async () => {
    const id = guids.of(KIND.agent, 3);
    expect((await graph.get(`/v1.0/servicePrincipals/${id.toUpperCase()}`)).body.id).toBe(id);
    const found = await graph.get("/v1.0/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')");
    expect(found.body.displayName).toBe("Microsoft Graph");
    expect((await graph.get("/v1.0/users/00000000-0000-4000-8000-000000000000")).status).toBe(404);
  });

  it("name a blueprint of every agent by its app id", async () => {
    const blueprints = await graph.all("/v1.0/applications/microsoft.graph.agentIdentityBlueprint");
    const agents = await graph.all("/v1.0/servicePrincipals/microsoft.graph.agentIdentity");
    const appIds = new Set(blueprints.rows.map(({ appId }) => appId));
    expect(agents.rows.every(({ agentIdentityBlueprintId }) => appIds.has(agentIdentityBlueprintId))).toBe(
      true,
    );
  });

  it("let blueprints pass on everything, some scopes, or nothing", async () => {
    const kinds = new Set<unknown>();
    for (let b = 0; b < 10; b++) {
      const path = `/v1.0/applications/${guids.of(KIND.blueprint, b)}/microsoft.graph.agentIdentityBlueprint/inheritablePermissions`;
      for (const { inheritableScopes } of (await graph.get(path)).value)
        if (
          typeof inheritableScopes === "object" &&
          inheritableScopes !== null &&
          "kind" in inheritableScopes
        )
          kinds.add(inheritableScopes.kind);
    }
    expect([...kinds].sort()).toEqual(["allAllowed", "enumerated", "none"]);
  });

  it("give the same bytes for the same seed, and others for another", async () => {
    const path = `${ORIGIN}/v1.0/groups?$top=50`;
    const bytes = async (seed: number) =>
      String((await new Asker(smallTenant(seed)).simulator.handle("GET", path, TOKEN)).body);
    expect(await bytes(7)).toBe(await bytes(7));
    expect(await bytes(8)).not.toBe(await bytes(7));
  });
});

describe("Graph batches", () => {
  it("answer each part with its own status", async () => {
    const parts = await graph.batch([
      "/organization",
      `/groups/${guids.of(KIND.group, 0)}/owners?$select=id`,
      "/nothing",
    ]);
    expect(parts.map(({ status }) => status)).toEqual([200, 200, 400]);
  });

  it("refuse more than 20 parts", async () => {
    const requests = Array.from({ length: 21 }, (_, n) => ({
      id: String(n),
      method: "GET",
      url: "/organization",
    }));
    const answer = await graph.simulator.handle(
      "POST",
      `${ORIGIN}/v1.0/$batch`,
      TOKEN,
      JSON.stringify({ requests }),
    );
    expect(answer.status).toBe(400);
  });
});

describe("the simulator", () => {
  it("answers 401 without a token", async () => {
    for (const path of ["/v1.0/users", "/subscriptions?api-version=2022-12-01", "/blob/x?comp=list"])
      expect((await graph.simulator.handle("GET", ORIGIN + path)).status).toBe(401);
  });

  it("refuses every write, within batches too, and counts it", async () => {
    const own = new Asker(smallTenant());
    expect((await own.simulator.handle("POST", `${ORIGIN}/v1.0/users`, TOKEN, "{}")).status).toBe(405);
    const requests = [{ id: "1", method: "DELETE", url: `/users/${guids.of(KIND.user, 0)}` }];
    await own.simulator.handle("POST", `${ORIGIN}/v1.0/$batch`, TOKEN, JSON.stringify({ requests }));
    expect(own.simulator.stats().writes).toBe(2);
  });

  it("answers for Microsoft's own hosts, with links back to them", async () => {
    const answer = await graph.get("https://graph.microsoft.com/v1.0/groups?$top=2");
    expect(String(answer.body["@odata.nextLink"])).toMatch(
      /^https:\/\/graph\.microsoft\.com\/v1\.0\/groups\?/,
    );
    const { places } = graph.tenant;
    const account = await graph.get(
      `https://management.azure.com${places.accountId(0)}?api-version=2023-05-01`,
    );
    expect(account.body.properties).toMatchObject({
      primaryEndpoints: { blob: `https://${places.accountName(0)}.blob.core.windows.net/` },
    });
  });
});
