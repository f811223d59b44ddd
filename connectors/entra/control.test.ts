import { describe, expect, it } from "vitest";
import { PermissionError } from "../../src/model.ts";
import type { Change, NodeRecord, RelRecord } from "../../src/schema.ts";
import { applications } from "./applications.ts";
import { directoryRoles } from "./directory-roles.ts";
import { federatedChanges, federatedCredentials } from "./federated-credentials.ts";
import { changesOf, fake, gapsOf, nodeOf, putsOf, relations, run, TENANT } from "./fixtures/fake.ts";
import { connectorRules } from "./fixtures/rules.ts";
import { entra } from "./index.ts";
import { owners } from "./owners.ts";
import { roleChanges, roleIdOf } from "./roles.ts";

const group = (id: string, props: NodeRecord<"Principal">["props"] = {}): NodeRecord => ({
  kind: "Principal",
  id,
  props: { kind: "Group", ...props },
});

describe("owners", () => {
  it("control groups that can be joined, and own the others", async () => {
    const known = [group("g1"), group("g2", { dynamic: true }), group("g3", { synced: true })];
    const tenant = fake(
      Object.fromEntries(known.map(({ id }) => [`/beta/groups/${id}/owners`, { value: [{ id: "U1" }] }])),
      known,
    );
    const changes = changesOf(await run(owners, tenant));
    expect(relations(changes, "CONTROLS")).toEqual(["u1 CONTROLS g1"]);
    expect(relations(changes, "OWNS")).toEqual(["u1 OWNS g1", "u1 OWNS g2", "u1 OWNS g3"]);
  });

  it("of agent identities answer for them but hold no credential; of blueprints they do", async () => {
    const known: NodeRecord[] = [
      { kind: "Principal", id: "a1", props: { kind: "AgentIdentity" } },
      { kind: "Agent", id: "a1", props: {} },
      { kind: "Blueprint", id: "b1", props: { appId: "bp" } },
      // Of another tenant: nobody here can be asked who owns its application.
      { kind: "Blueprint", id: "appid:abroad", props: { appId: "abroad" } },
    ];
    const tenant = fake(
      {
        "/v1.0/servicePrincipals/a1/owners": { value: [{ id: "u1" }] },
        "/v1.0/applications/b1/owners": { value: [{ id: "u2" }] },
      },
      known,
    );
    const pages = await run(owners, tenant);
    expect(gapsOf(pages)).toEqual([]);
    expect(relations(changesOf(pages))).toEqual([
      "u2 OWNS b1",
      "u2 CONTROLS appid:bp",
      "u1 OWNS a1",
      "u1 OWNS a1",
    ]);
  });

  it("of groups are asked of beta, which names service principals, in batches of its own", async () => {
    const known: NodeRecord[] = [
      group("b"),
      { kind: "Principal", id: "a", props: { kind: "ServicePrincipal" } },
      group("c"),
    ];
    const answers = {
      "/beta/groups/b/owners": { value: [{ id: "sp" }] },
      "/v1.0/groups/c/owners": { value: [{ id: "u1" }] },
      "/v1.0/servicePrincipals/a/owners": { value: [] },
    };
    const tenant = fake(answers, known);
    const pages = await run(owners, tenant);
    expect(relations(changesOf(pages), "OWNS")).toEqual(["sp OWNS b", "u1 OWNS c"]);
    expect(gapsOf(pages)).toMatchObject([{ step: "entra.owners", scope: "c", state: "partial" }]);
    expect(tenant.batches.map((paths) => new Set(paths.map((path) => path.split("/")[1])).size)).toEqual([
      1, 1, 1,
    ]);
  });

  it("are asked for anew where what a resumed pass had passed is another set now", async () => {
    const known = Array.from({ length: 30 }, (_, i) => group(`g${String(i).padStart(2, "0")}`));
    const ask = (path: string) => (path.includes("/owners") ? { value: [] } : undefined);
    const [first] = await run(owners, fake(ask, known));
    const resume = (nodes: readonly NodeRecord[]) => {
      const tenant = fake(ask, nodes);
      return run(owners, tenant, { cursor: first!.cursor! }).then(() => tenant.batches.flat());
    };
    expect(await resume(known)).toHaveLength(10);
    // One that comes after what was passed is asked about, one that comes before would never be.
    expect(await resume([...known, group("g99")])).toHaveLength(11);
    const changed = { name: "CursorExpired" };
    await expect(resume([group("g00a"), ...known])).rejects.toMatchObject(changed);
    await expect(resume(known.slice(1))).rejects.toMatchObject(changed);
    await expect(resume([group("g00", { dynamic: true }), ...known.slice(1)])).rejects.toMatchObject(changed);
  });

  it("that were refused for one object are a gap, and a resumed pass skips what is saved", async () => {
    const known = [group("g1"), group("g2")];
    const answers = {
      "/beta/groups/g1/owners": { value: [{ id: "u1" }] },
      "/beta/groups/g2/owners": new PermissionError("denied", "403"),
    };
    const pages = await run(owners, fake(answers, known));
    expect(gapsOf(pages)).toMatchObject([{ step: "entra.owners", scope: "g2", state: "denied" }]);
    const again = fake(answers, known);
    await run(owners, again, { cursor: pages[0]!.cursor! });
    expect(again.batches).toEqual([]);
  });

  it("are read with the object id of each application as another name of its service principal", async () => {
    const known: NodeRecord[] = [
      { kind: "Principal", id: "sp1", props: { kind: "ServicePrincipal", appId: "x1" } },
      { kind: "Principal", id: "sp2", props: { kind: "BlueprintPrincipal", appId: "x2" } },
      { kind: "Principal", id: "other", props: { kind: "ServicePrincipal", appId: "x3" } },
      { kind: "Blueprint", id: "bp", props: { appId: "x2" } },
      { kind: "Blueprint", id: "appid:x3", props: { appId: "x3" } },
    ];
    const tenant = fake(
      {
        "/v1.0/applications": { value: [{ id: "APP1", appId: "X1" }] },
        "/v1.0/applications/APP1/owners": new PermissionError("denied", "403"),
      },
      known,
    );
    // Whether or not the owners can be read.
    const nodes = putsOf(changesOf(await run(applications, tenant)));
    expect(nodes).toEqual([
      { kind: "Principal", id: "sp2", props: { aliases: ["application:bp"] } },
      { kind: "Principal", id: "sp1", props: { aliases: ["application:app1"] } },
    ]);
  });

  it("of an application act as its service principal", async () => {
    const tenant = fake({
      "/v1.0/applications": { value: [{ id: "APP1", appId: "X1" }] },
      "/v1.0/applications/APP1/owners": { value: [{ id: "U1" }] },
    });
    expect(relations(changesOf(await run(applications, tenant)))).toEqual([
      "u1 OWNS appid:x1",
      "u1 CONTROLS appid:x1",
    ]);
  });
});

describe("federated credentials", () => {
  const subject = "10000000-0000-4000-8000-00000000000B";
  const issuer = `https://login.microsoftonline.com/${TENANT}/v2.0`;

  it("let a managed identity of this tenant become the application", async () => {
    const tenant = fake({
      "/v1.0/applications": { value: [{ id: "app1", appId: "X1" }] },
      "/v1.0/applications/app1/federatedIdentityCredentials": { value: [{ issuer, subject }] },
    });
    expect(relations(changesOf(await run(federatedCredentials, tenant)))).toEqual([
      `${subject.toLowerCase()} CONTROLS appid:x1`,
    ]);
  });

  it("of blueprints are asked for once, whether or not the list of applications has them", async () => {
    const blueprint = (id: string): NodeRecord => ({ kind: "Blueprint", id, props: { appId: `bp-${id}` } });
    const next = "/v1.0/applications?$skiptoken=2";
    const tenant = fake(
      {
        "/v1.0/applications": { value: [{ id: "B1", appId: "bp-b1" }], next },
        [next]: { value: [{ id: "app1", appId: "x1" }] },
        "/v1.0/applications/B1/federatedIdentityCredentials": { value: [] },
        "/v1.0/applications/app1/federatedIdentityCredentials": { value: [] },
        "/v1.0/applications/b2/federatedIdentityCredentials": { value: [{ issuer, subject }] },
      },
      [blueprint("b1"), blueprint("b2"), blueprint("appid:abroad")],
    );
    const changes = changesOf(await run(federatedCredentials, tenant));
    expect(relations(changes)).toEqual([`${subject.toLowerCase()} CONTROLS appid:bp-b2`]);
    expect(tenant.batches.flat()).toHaveLength(3);
  });

  it("of other issuers name no principal here", () => {
    const application = { id: "app1", appId: "x1" };
    const nothing = { changes: [], gaps: [] };
    const pipeline = { issuer: "https://token.actions.example.org", subject: "repo:a/b:ref:refs/heads/main" };
    expect(federatedChanges(pipeline, application, TENANT)).toEqual(nothing);
    const other = issuer.replace(TENANT, "bbbbbbbb-0000-4000-8000-000000000001");
    expect(federatedChanges({ issuer: other, subject }, application, TENANT)).toEqual(nothing);
    expect(federatedChanges({ issuer: null, subject }, application, TENANT)).toEqual(nothing);
  });

  it("let another application become this one for its workloads, and say where nobody knows who may", async () => {
    const workload = (app: string) => `/eid1/c/pub/t/v4j5cvGGr0GRqy180BHbRw/a/${app}/some/workload`;
    const trusted = async (...subjects: (string | null)[]) => {
      const value = subjects.map((subject) => ({ issuer, subject }));
      const pages = await run(
        federatedCredentials,
        fake({
          "/v1.0/applications": { value: [{ id: "App1", appId: "X1" }] },
          "/v1.0/applications/App1/federatedIdentityCredentials": { value },
        }),
      );
      return [relations(changesOf(pages)), gapsOf(pages).map(({ scope, state }) => `${scope} ${state}`)];
    };
    // As the vendor writes its Bot Service Token Store.
    expect(await trusted(workload("9ExAW52n_ky4ZiS_jhpJIQ"))).toEqual([
      ["appid:5b404cf4-a79d-4cfe-b866-24bf8e1a4921 CONTROLS appid:x1"],
      [],
    ]);
    expect(await trusted("/eid1/c/usg/t/x/a/AQAAAAIAAwAEBQYHCAkKCw")).toEqual([
      ["appid:00000001-0002-0003-0405-060708090a0b CONTROLS appid:x1"],
      [],
    ]);
    expect(await trusted(subject, "some/other", workload("short"), null)).toEqual([
      [`${subject.toLowerCase()} CONTROLS appid:x1`],
      ["app1 partial"],
    ]);
  });
});

describe("directory roles", () => {
  const definition = (id: string, actions: string[], condition?: string) => ({
    ...{ id, displayName: `Role ${id}`, isEnabled: true },
    rolePermissions: [{ allowedResourceActions: actions, ...(condition ? { condition } : {}) }],
  });
  const held = (roleDefinitionId: string, directoryScopeId = "/") => ({
    ...{ id: `${roleDefinitionId}-1`, principalId: "P1", roleDefinitionId, directoryScopeId },
  });
  /** Grants of roles, without those that stand for a class. */
  const grantsOf = (changes: readonly Change[]) =>
    putsOf(changes)
      .filter((put): put is RelRecord<"GRANTED"> => put.kind === "GRANTED")
      .filter(({ props }) => props?.source !== "class");
  const readRoles = async (definitions: unknown[], assignments: unknown[]) =>
    changesOf(
      await run(
        directoryRoles,
        fake({
          "/v1.0/roleManagement/directory/roleDefinitions": { value: definitions },
          "/v1.0/roleManagement/directory/roleAssignments": { value: assignments },
        }),
      ),
    );

  it("control classes by the actions that their definition allows", async () => {
    const changes = await readRoles(
      [
        definition("R1", ["microsoft.directory/applications/credentials/update"]),
        definition("r2", ["microsoft.directory/groups.unified/members/update"]),
        definition("r3", ["microsoft.directory/users/password/update"], "$ResourceIsSelf"),
        definition("r4", ["microsoft.directory/groups/standard/read"]),
      ],
      [held("R1"), held("r2"), held("r3"), held("r4")],
    );
    expect(relations(changes, "MEMBER_OF")[0]).toBe("p1 MEMBER_OF r1");
    expect(nodeOf(changes, "r1")?.props).toMatchObject({ kind: "DirectoryRole" });
    expect(relations(changes, "CONTROLS")).toEqual([
      "r1 CONTROLS class:any-app",
      "r2 CONTROLS class:any-group",
    ]);
    expect(grantsOf(changes)).toMatchObject([
      { from: { id: "r1" }, to: { id: "plane:directory" }, props: { see: true, write: true } },
      { from: { id: "r2" }, props: { see: true, write: true } },
      { from: { id: "r4" }, props: { see: true } },
    ]);
  });

  it("give what they inherit, and nothing is known of one that inherits from what was not read", async () => {
    const inherits = (id: string, actions: string[], ...from: string[]) => ({
      ...definition(id, actions),
      inheritsPermissionsFrom: from.map((each) => ({ id: each })),
    });
    const changes = await readRoles(
      [
        inherits("fabric", ["microsoft.azure.serviceHealth/allEntities/allTasks"], "MIDDLE"),
        // Nobody inherits in a circle; if somebody did, it would end.
        inherits("middle", [], "readers", "fabric"),
        definition("Readers", ["microsoft.directory/users/standard/read"]),
        inherits("lost", ["microsoft.directory/groups/standard/read"], "unlisted"),
        { ...inherits("heir", [], "untold") },
        { ...definition("untold", []), rolePermissions: null },
        { ...definition("alone", []), inheritsPermissionsFrom: null },
      ],
      ["fabric", "lost", "heir", "alone"].map((role) => held(role)),
    );
    expect(
      grantsOf(changes).map(({ from, to, props }) => [from.id, to.id, props?.see, props?.unknown]),
    ).toEqual([
      ["fabric", "plane:directory", true, undefined],
      ["lost", "unknown:directory-role:lost", false, true],
      ["heir", "unknown:directory-role:heir", false, true],
    ]);
  });

  it("put with each class one scope that stands for all it may reach", async () => {
    const puts = putsOf(await readRoles([definition(ADMIN, [])], [held(ADMIN)]));
    for (const id of ["class:any-app", "class:any-group", "class:any-user"]) {
      expect(puts).toContainEqual({
        ...{ kind: "Scope", id },
        props: { kind: "Class", plane: "class", name: expect.stringMatching(/^Anything that any /) },
      });
      expect(puts).toContainEqual({
        ...{ kind: "GRANTED", from: { kind: "Principal", id }, to: { kind: "Scope", id } },
        props: {
          ...{ read: true, write: true, add: true, delete: true, assign: true, see: true },
          ...{ key: "class", flow: "containment", source: "class", role: "class", tier: "now" },
          ...{ certainty: "upper-bound", reason_code: "class" },
        },
      });
    }
  });

  const ADMIN = "62e90394-69f5-4237-9190-012177145e10";
  /** What a role gives, by place, and whom it controls. */
  const gives = (actions: string[], more: object = {}, scope = "/") => {
    const changes = roleChanges(held("r1", scope), { ...definition("r1", actions), ...more });
    const granted = grantsOf(changes).map((put) => {
      const { to, props = {} } = put as RelRecord<"GRANTED">;
      return `${to.id} ${Object.keys(props).filter((name) => Reflect.get(props, name) === true)}`;
    });
    return [...granted, ...relations(changes, "CONTROLS")];
  };

  it.each([
    [["microsoft.directory/groups/standard/read"], ["plane:directory see"]],
    [
      ["microsoft.directory/groups/standard/read", "microsoft.directory/devices/basic/update"],
      ["plane:directory see,write"],
    ],
    [
      [
        "microsoft.directory/groups/standard/read",
        "microsoft.directory/roleAssignments/allProperties/allTasks",
      ],
      [
        "plane:directory see,write,assign",
        ...["any-app", "any-group", "any-user"].map((of) => `r1 CONTROLS class:${of}`),
      ],
    ],
    [["microsoft.powerApps/allEntities/standard/read"], []],
    [["microsoft.azure.serviceHealth/allEntities/allTasks"], []],
    [["microsoft.office365.exchange/allEntities/basic/allTasks"], ["plane:exchange see,assign"]],
    [["microsoft.powerApps/allEntities/allTasks"], ["unknown:directory-role:microsoft.powerapps unknown"]],
    [[], []],
  ])("with the actions %j give %j", (actions, expected) => {
    expect(gives(actions)).toEqual(expected);
  });

  it("count actions under a condition, unless it spares all but what the holder owns", () => {
    const under = (condition: string | null) =>
      gives([], {
        rolePermissions: [
          { allowedResourceActions: ["microsoft.directory/applications/owners/update"], condition },
          { allowedResourceActions: null },
        ],
      });
    expect(under(null)).toEqual(["plane:directory see,write", "r1 CONTROLS class:any-app"]);
    expect(under("$ResourceIsUser")).toEqual(under(null));
    expect(under("$SubjectIsOwner")).toEqual([]);
  });

  it.each([[null], [undefined]])(
    "whose definition says nothing (%s) are unknown, and mean what is built in",
    (none) => {
      const unread = (scope: string, roleDefinitionId: string) =>
        roleChanges(held(roleDefinitionId, scope), { id: "x", rolePermissions: none as null });
      expect(relations(unread("/", "r1"), "GRANTED")).toEqual(["r1 GRANTED unknown:directory-role:r1"]);
      expect(relations(unread("/", ADMIN), "CONTROLS")).toHaveLength(3);
      expect(relations(unread("/administrativeUnits/AU1", ADMIN), "CONTROLS")).toEqual([]);
    },
  );

  it("are known by their template, and named as the tenant names them, with the part that they are held over", () => {
    expect(gives([], { templateId: ADMIN.toUpperCase() })).toHaveLength(3);
    const nameOf = (scope: string, displayName: string | null) =>
      putsOf(roleChanges(held("r1", scope), { ...definition("r1", []), displayName })).map(
        ({ props }) => props && "name" in props && props.name,
      )[0];
    expect(nameOf("/", "Helpers")).toBe("Helpers");
    expect(nameOf("/", null)).toBe("r1");
    expect(nameOf("/administrativeUnits/AU1", "Helpers")).toBe("Helpers (over /administrativeunits/au1)");
    expect(putsOf(roleChanges(held("r1"), undefined))[0]).toMatchObject({ props: { name: "r1" } });
  });

  it("that change nobody control nobody, over whatever they are held", () => {
    expect(
      gives(["microsoft.directory/groups/standard/read"], {}, "/10000000-0000-4000-8000-00000000000a"),
    ).toEqual([]);
  });

  it.each([
    [{ directoryScopeId: "/" }, "r1"],
    [{ directoryScopeId: null }, "r1"],
    [{ directoryScopeId: "" }, "r1"],
    [{ directoryScopeId: null, appScopeId: "/App1" }, "r1@/app1"],
    [{ directoryScopeId: "/AU1", appScopeId: "/App1" }, "r1@/au1"],
  ])("held over %j are the principal %s", (scope, id) => {
    expect(roleIdOf({ id: "a", principalId: "p", roleDefinitionId: "R1", ...scope })).toBe(id);
  });

  it("that are built in keep their meaning where the answer shows few of their actions", async () => {
    const admin = "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3";
    const shown = definition(admin, ["microsoft.directory/users/standard/read"]);
    expect(relations(await readRoles([shown], [held(admin)]), "CONTROLS")).toEqual([
      `${admin} CONTROLS class:any-app`,
    ]);
    const object = "10000000-0000-4000-8000-00000000000a";
    const over = await readRoles([shown], [held(admin, `/${object}`)]);
    expect(relations(over, "CONTROLS")).toContain(`${admin}@/${object} CONTROLS ${object}`);
  });

  it.each([
    ["db506228-d27e-4b7d-95e5-295956d6615f", "any-blueprint"],
    ["d2562ede-74db-457e-a7b6-544e236ebb61", "any-blueprint"],
    ["45d8d3c5-c802-45c6-b32a-1d70b5e1e86e", "any-group"],
  ])("that manage agents or packages become others (%s)", async (role, of) => {
    const changes = await readRoles([definition(role, [])], [held(role)]);
    expect(relations(changes, "CONTROLS")).toEqual([`${role} CONTROLS class:${of}`]);
  });

  it("over one object control that object only, over a unit something unknown", async () => {
    const object = "10000000-0000-4000-8000-00000000000a";
    const changes = await readRoles(
      [definition("r1", ["microsoft.directory/servicePrincipals/credentials/update"])],
      [held("r1", `/${object}`), held("r1", "/administrativeUnits/AU1")],
    );
    // The object may be an application, whose service principal has another id.
    expect(relations(changes, "CONTROLS")).toEqual([
      `r1@/${object} CONTROLS ${object}`,
      `r1@/${object} CONTROLS application:${object}`,
    ]);
    expect(relations(changes, "GRANTED")).toEqual([
      "r1@/administrativeunits/au1 GRANTED unknown:directory-role:/administrativeunits/au1",
    ]);
  });

  it("over part of the tenant that make nobody become another give something unknown, unless they only read", async () => {
    const parts = ["/administrativeUnits/au1", "/10000000-0000-4000-8000-00000000000a"];
    for (const part of parts) {
      const place = part.toLowerCase();
      const given = async (...actions: string[]) =>
        relations(await readRoles([definition("r1", actions)], [held("r1", part)]));
      const something = [`r1@${place} GRANTED unknown:directory-role:${place}`, `p1 MEMBER_OF r1@${place}`];
      expect(await given("microsoft.directory/users/assignLicense")).toEqual(something);
      expect(
        await given("microsoft.directory/users/standard/read", "microsoft.directory/users/assignLicense"),
      ).toEqual(something);
      expect(await given("microsoft.directory/users/standard/read")).toEqual([`p1 MEMBER_OF r1@${place}`]);
    }
  });

  it("that run a service may change who has access; those of unmodelled services and unread ones are unknown", async () => {
    const changes = await readRoles(
      [
        definition("r1", [
          "microsoft.office365.sharePoint/allEntities/allTasks",
          "microsoft.powerApps/allEntities/allTasks",
        ]),
      ],
      [held("r1"), held("r9")],
    );
    expect(putsOf(changes).filter(({ kind }) => kind === "GRANTED")).toMatchObject([
      { to: { id: "plane:sharepoint" }, props: { assign: true } },
      { to: { id: "unknown:directory-role:microsoft.powerapps" }, props: { unknown: true } },
      { from: { id: "r9" }, to: { id: "unknown:directory-role:r9" }, props: { unknown: true } },
    ]);
  });
});

describe("the connector", () => {
  it.each(entra.steps.map((step) => [step.id, step] as const))("%s declares itself", (_, step) => {
    expect(connectorRules(step, entra.steps)).toEqual([]);
  });
});
