import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { agentIdentities, agentIdentityChanges } from "./agent-identities.ts";
import { agentUserChanges } from "./agent-users.ts";
import { blueprintChange, blueprints, inheritableLine } from "./blueprints.ts";
import { changesOf, fake, gapsOf, nodeOf, putsOf, relations, run } from "./fixtures/fake.ts";
import { groupChange, type ServicePrincipal, userChange } from "./principals.ts";
import { servicePrincipalChanges, servicePrincipals } from "./service-principals.ts";
import { sponsors } from "./sponsors.ts";
import { createUsers } from "./users.ts";

const answer: { value: ServicePrincipal[] } = JSON.parse(
  readFileSync(new URL("./fixtures/service-principals.json", import.meta.url), "utf8"),
);
const id = (last: string) => `10000000-0000-4000-8000-00000000000${last}`;

describe("service principals", () => {
  const tenant = fake({ "/v1.0/servicePrincipals": answer }, [], [id("a")]);

  it("tells kinds apart, lower-cases ids and reads every switch that disables", async () => {
    const changes = changesOf(await run(servicePrincipals, tenant));
    expect(nodeOf(changes, id("a"))?.props).toMatchObject({
      kind: "ServicePrincipal",
      enabled: true,
      appId: "20000000-0000-4000-8000-00000000000a",
      aliases: ["appid:20000000-0000-4000-8000-00000000000a"],
    });
    expect(nodeOf(changes, id("b"))?.props).toMatchObject({
      kind: "ManagedIdentity",
      host: "/subscriptions/s1/resourcegroups/rg(1)/providers/microsoft.compute/virtualmachines/vm1",
    });
    expect(nodeOf(changes, id("c"))?.props).toMatchObject({ kind: "AgentIdentity", enabled: false });
    expect(nodeOf(changes, id("d"))?.props).toMatchObject({ kind: "BlueprintPrincipal", enabled: false });
    expect(nodeOf(changes, id("e"))?.props).toMatchObject({ kind: "AgentIdentity" });
    expect(nodeOf(changes, id("e"))?.props).not.toMatchObject({ enabled: expect.anything() });
  });

  it("makes agents of agent identities and of what the configuration lists, and of nothing else", async () => {
    const agents = putsOf(changesOf(await run(servicePrincipals, tenant))).filter(
      ({ kind }) => kind === "Agent",
    );
    expect(agents).toMatchObject([
      { id: id("a"), props: { estate: "self-hosted", status: "enabled", evidence: "configuration: listed" } },
      { id: id("c"), props: { estate: "managed", status: "disabled", evidence: "entra: agent identity" } },
      { id: id("e"), props: { estate: "managed", status: "unknown" } },
    ]);
    const changes = changesOf(await run(servicePrincipals, tenant));
    expect(relations(changes, "ACTS_AS")).toContain(`${id("a")} ACTS_AS ${id("a")}`);
  });

  it("takes the agent away with the deleted identity", () => {
    const gone = { id: id("A"), "@removed": { reason: "deleted" } };
    expect(servicePrincipalChanges(tenant.c, gone, "delta")).toMatchObject([
      { remove: { kind: "ACTS_AS", key: "app" } },
      { remove: { kind: "Agent", id: id("a") } },
      { remove: { kind: "Principal", id: id("a") } },
    ]);
  });
});

describe("users and groups", () => {
  it("maps members, guests and agent users, and names them by lower-cased aliases", () => {
    const user = {
      id: "U1",
      displayName: "Ana",
      userPrincipalName: "Ana@X.org",
      mail: "A@X.org",
      userType: "Member",
    };
    expect(userChange(user)).toMatchObject({
      put: { id: "u1", props: { kind: "User", aliases: ["upn:ana@x.org", "mail:a@x.org"] } },
    });
    expect(userChange({ ...user, userType: "Guest" })).toMatchObject({ put: { props: { kind: "Guest" } } });
    expect(userChange({ ...user, identityParentId: "a" })).toMatchObject({
      put: { props: { kind: "AgentUser" } },
    });
  });

  it("removes a deleted user even if it can be restored", async () => {
    const link = "/v1.0/users/delta?$deltatoken=1";
    const tenant = fake({
      [link]: { value: [{ id: "U1", "@removed": { reason: "changed" } }], delta: link },
    });
    const cursor = JSON.stringify({ variant: "delta", link });
    const pages = await run(createUsers("delta"), tenant, { mode: "delta", cursor });
    expect(changesOf(pages)).toEqual([{ remove: { kind: "Principal", id: "u1" } }]);
  });

  it("reads what protects a group from being joined", () => {
    const group = {
      id: "g",
      groupTypes: ["DynamicMembership"],
      isAssignableToRole: true,
      onPremisesSyncEnabled: null,
    };
    expect(groupChange(group)).toMatchObject({
      put: { props: { dynamic: true, roleAssignable: true, synced: null } },
    });
  });
});

describe("agent identities", () => {
  it("joins an agent to its blueprint by app id, and lets the blueprint control it", () => {
    const changes = agentIdentityChanges({ id: "A1", agentIdentityBlueprintId: "BP", accountEnabled: true });
    expect(relations(changes)).toEqual(["a1 ACTS_AS a1", "a1 MADE_FROM appid:bp", "appid:bp CONTROLS a1"]);
  });

  it("asks for at most 100 a page", async () => {
    const path = "/v1.0/servicePrincipals/microsoft.graph.agentIdentity";
    const tenant = fake({ [path]: { value: [] } });
    await run(agentIdentities, tenant);
    expect(tenant.asked[0]).toContain("$top=100");
  });

  it("lets an agent act as its agent user", () => {
    expect(relations(agentUserChanges({ id: "U", identityParentId: "A" }))).toEqual(["a ACTS_AS u"]);
  });

  it("keeps what a blueprint passes on, and says unknown where the service does not", () => {
    const all = { kind: "allAllowed" };
    const some = { "@odata.type": "microsoft.graph.enumeratedScopes", scopes: ["User.Read", "Mail.Read"] };
    expect(inheritableLine({ resourceAppId: "R", inheritableScopes: some })).toBe(
      "r scopes=enumerated:User.Read,Mail.Read roles=unknown",
    );
    const azure = "797F4846-ba00-4fd7-a4dc-ca6d6d2ef0b6";
    expect(
      inheritableLine({
        resourceAppId: azure,
        inheritableScopes: { ...some, scopes: ["User_Impersonation"] },
      }),
    ).toBe(
      `${azure.toLowerCase()} scopes=enumerated:user_impersonation,user_impersonation:indirect roles=unknown`,
    );
    expect(
      inheritableLine({ resourceAppId: "R", inheritableScopes: { kind: "none" }, inheritableRoles: all }),
    ).toBe("r scopes=none roles=allAllowed");
    const line = (inheritableScopes: { kind?: string; "@odata.type"?: string }) =>
      inheritableLine({ resourceAppId: "R", inheritableScopes });
    expect(line({ "@odata.type": "#microsoft.graph.allAllowedScopes" })).toBe(
      "r scopes=allAllowed roles=unknown",
    );
    expect(line({ "@odata.type": "microsoft.graph.noScopes" })).toBe("r scopes=none roles=unknown");
    // Kinds that are newer than this one, and a list that was not said.
    for (const kind of [
      "allButThese",
      "enumeratedExclusions",
      "scopeKindNotSet",
      "unknownFutureValue",
      "enumerated",
      "",
    ])
      expect(line({ kind }), kind).toBe("r scopes=unknown roles=unknown");
    expect(blueprintChange({ id: "B", appId: "X", isDisabled: true }, [])).toMatchObject({
      put: { id: "b", props: { appId: "x", enabled: false, inheritable: [] } },
    });
  });

  it("knows a blueprint of another tenant by its principal, and says that what it passes on was not read", async () => {
    const pages = await run(
      blueprints,
      fake({
        "/v1.0/applications/microsoft.graph.agentIdentityBlueprint": { value: [{ id: "B", appId: "HERE" }] },
        "/v1.0/servicePrincipals/microsoft.graph.agentIdentityBlueprintPrincipal": {
          value: [
            { id: "P1", appId: "here" },
            { id: "P2", appId: "ABROAD", displayName: "Vendor", appOwnerOrganizationId: "T2" },
          ],
        },
        "/v1.0/applications/B/microsoft.graph.agentIdentityBlueprint/inheritablePermissions": { value: [] },
      }),
    );
    const nodes = putsOf(changesOf(pages)).filter(({ kind }) => kind === "Blueprint");
    expect(new Set(nodes.map((node) => "id" in node && node.id))).toEqual(new Set(["b", "appid:abroad"]));
    const abroad = nodeOf(changesOf(pages), "appid:abroad")?.props;
    expect(abroad).toMatchObject({ name: "Vendor", appId: "abroad", aliases: ["appid:abroad"] });
    expect(abroad).not.toHaveProperty("inheritable");
    // A part of its own, so that the pass stays complete and may delete.
    expect(gapsOf(pages)).toMatchObject([
      { step: "entra.foreign-blueprints", scope: "appid:abroad", state: "partial" },
    ]);
    expect(blueprints.parts?.map(({ id }) => id)).toEqual(["entra.foreign-blueprints"]);
  });

  it("keeps a blueprint whose inheritance was refused, as a gap and not as an empty list", async () => {
    const pages = await run(
      blueprints,
      fake({
        "/v1.0/applications/microsoft.graph.agentIdentityBlueprint": { value: [{ id: "B", appId: "X" }] },
        "/v1.0/servicePrincipals/microsoft.graph.agentIdentityBlueprintPrincipal": { value: [{ id: "P" }] },
      }),
    );
    expect(gapsOf(pages)).toMatchObject([{ scope: "b", state: "failed" }]);
    expect(nodeOf(changesOf(pages), "b")?.props).toMatchObject({ inheritable: undefined });
    expect(relations(changesOf(pages))).toEqual([
      "class:any-blueprint GRANTED class:any-blueprint",
      "class:any-blueprint CONTROLS p",
    ]);
  });

  it("reads the sponsors of every known agent identity", async () => {
    const path = "/v1.0/servicePrincipals/a1/microsoft.graph.agentIdentity/sponsors";
    const tenant = fake({ [path]: { value: [{ id: "U1" }] } }, [
      { kind: "Principal", id: "a1", props: { kind: "AgentIdentity" } },
    ]);
    expect(relations(changesOf(await run(sponsors, tenant)))).toEqual(["u1 SPONSORS a1"]);
  });
});
