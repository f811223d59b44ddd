import { describe, expect, it } from "vitest";
import { appRoleAssignments, isAsked } from "./app-role-assignments.ts";
import { delegatedGrants } from "./delegated-grants.ts";
import { changesOf, fake, nodeOf, putsOf, relations, run, TENANT } from "./fixtures/fake.ts";
import { type Api, assignmentChanges, delegatedChanges } from "./grants.ts";
import { AAD_GRAPH, becomes, delegated, EXCHANGE, GRAPH, openings, SHAREPOINT } from "./permissions.ts";

/** That the principal `p` holds the application permission `r`. */
const HELD = {
  ...{ id: "as", appRoleId: "r", resourceId: "res" },
  ...{ principalId: "p", principalType: "ServicePrincipal" },
};
const api = (appId: string, roles: Record<string, string> = {}, agent = false): Api => ({
  ...{ id: "res", appId, name: "Some API", agent, open: false },
  roles: new Map(Object.entries(roles)),
});
const opens = (appId: string, permission: string) =>
  openings(api(appId), permission, TENANT).map(
    ({ place, actions }) =>
      `${place.id} ${actions === undefined ? "unknown" : [...actions].sort().join(" ")}`,
  );

describe("application permissions", () => {
  it.each([
    [GRAPH, "Files.Read.All", ["plane:sharepoint read see"]],
    [GRAPH, "Sites.FullControl.All", ["plane:sharepoint add delete own read see setAcl write"]],
    [SHAREPOINT, "Sites.FullControl.All", ["plane:sharepoint add delete own read see setAcl write"]],
    [GRAPH, "Mail.Send", ["plane:exchange add"]],
    [GRAPH, "Mail.ReadBasic.All", ["plane:exchange see"]],
    [EXCHANGE, "full_access_as_app", ["plane:exchange add delete read see setAcl write"]],
    [GRAPH, "Directory.Read.All", ["plane:directory see"]],
    [AAD_GRAPH, "Directory.Read.All", ["plane:directory see"]],
    [GRAPH, "Directory.ReadWrite.All", ["plane:directory see write"]],
    [GRAPH, "Member.Read.Hidden", ["plane:directory see"]],
    [
      GRAPH,
      "Group.Read.All",
      [
        ...["plane:directory see", "plane:groups read see"],
        ...["plane:teams read see", "plane:sharepoint read see"],
      ],
    ],
    [
      GRAPH,
      "Group.ReadWrite.All",
      [
        ...["plane:directory see write", "plane:groups add delete read see write"],
        ...["plane:teams add delete read see write", "plane:sharepoint read see"],
      ],
    ],
    [AAD_GRAPH, "Group.Read.All", ["plane:directory see"]],
    [GRAPH, "DeviceManagementManagedDevices.Read.All", ["plane:intune see"]],
    [GRAPH, "Sites.Selected", [`unknown:sharepoint-selected:${TENANT} unknown`]],
    [GRAPH, "Financials.ReadWrite.All", ["unknown:graph:financials unknown"]],
    [GRAPH, "User.Export.All", ["unknown:graph:user unknown"]],
    [GRAPH, "constructor", ["unknown:graph:constructor unknown"]],
    ["99999999-0000-4000-8000-000000000000", "Files.Read.All", ["unknown:api:res unknown"]],
  ])("of %s: %s", (appId, permission, expected) => {
    expect(opens(appId, permission)).toEqual(expected);
  });

  it("tell whom their holder can become, only where the directory defines them", () => {
    expect(becomes(GRAPH, "Application.ReadWrite.All")).toEqual(["any-app"]);
    expect(becomes(GRAPH, "GroupMember.ReadWrite.All")).toEqual(["any-group"]);
    expect(becomes(SHAREPOINT, "Application.ReadWrite.All")).toEqual([]);
    expect(becomes(GRAPH, "Files.Read.All")).toEqual([]);
  });

  it.each([
    ["DelegatedPermissionGrant.ReadWrite.All", ["any-user"]],
    ["Policy.ReadWrite.PermissionGrant", ["any-user"]],
    ["EntitlementManagement.ReadWrite.All", ["any-group"]],
    ["User.ReadWrite.All", ["any-dynamic-group"]],
    ["Directory.ReadWrite.All", ["any-group", "any-dynamic-group"]],
    ["AgentIdentity.Create.All", ["any-blueprint"]],
    ["AgentIdentity.ReadWrite.All", ["any-blueprint"]],
    ["AgentIdUser.ReadWrite.All", ["any-blueprint"]],
    // What lies below their holder it controls anyhow.
    ["AgentIdentity.CreateAsManager", []],
    ["AgentIdUser.ReadWrite.IdentityParentedBy", []],
    ["Application.ReadWrite.OwnedBy", []],
  ])("with which their holder enlarges what it reaches: %s", (permission, classes) => {
    expect(becomes(GRAPH, permission)).toEqual(classes);
    const changes = assignmentChanges(HELD, api(GRAPH, { r: permission }), TENANT);
    expect(relations(changes, "CONTROLS")).toEqual(classes.map((of) => `p CONTROLS class:${of}`));
    for (const of of classes) expect(nodeOf(changes, `class:${of}`)).toBeDefined();
  });

  it("that end policies are a right to change what anybody may do", () => {
    expect(opens(GRAPH, "Policy.ReadWrite.ConditionalAccess")).toEqual(["plane:directory assign see write"]);
    expect(opens(GRAPH, "Policy.ReadWrite.AccessReview")).toEqual(["plane:directory see write"]);
  });

  it("put consent, rights and places, keyed by the assignment", () => {
    const assignment = {
      id: "as1",
      appRoleId: "R1",
      principalId: "P1",
      principalType: "ServicePrincipal",
      resourceId: "res",
    };
    const changes = assignmentChanges(assignment, api(GRAPH, { r1: "Files.Read.All" }), TENANT);
    expect(relations(changes)).toEqual(["p1 CONSENTED plane:sharepoint", "p1 GRANTED plane:sharepoint"]);
    expect(putsOf(changes).find(({ kind }) => kind === "GRANTED")?.props).toEqual({
      ...{ read: true, see: true, key: "as1", source: "app-role", role: "Files.Read.All", resource: GRAPH },
      ...{ flow: "containment", tier: "now", certainty: "exact" },
    });
    expect(nodeOf(changes, "plane:sharepoint")?.props).toMatchObject({ kind: "Service" });
  });

  it("say unknown for a role that the API no longer declares", () => {
    const assignment = {
      id: "as1",
      appRoleId: "R9",
      principalId: "P1",
      principalType: "ServicePrincipal",
      resourceId: "res",
    };
    const changes = assignmentChanges(assignment, api(GRAPH), TENANT);
    expect(putsOf(changes).find(({ kind }) => kind === "GRANTED")?.props).toMatchObject({
      unknown: true,
      see: false,
    });
  });

  it.each([null, "AgentIdentity"])(
    "are held by whoever is not said to be a person or a group (%s)",
    (principalType) => {
      const held = { ...HELD, principalType };
      const changes = assignmentChanges(held, api(GRAPH, { r: "Files.Read.All" }), TENANT);
      expect(relations(changes, "GRANTED")).toEqual(["p GRANTED plane:sharepoint"]);
    },
  );

  it("never come from default access, nor to people and groups", () => {
    const none = "00000000-0000-0000-0000-000000000000";
    const app = {
      id: "as1",
      appRoleId: none,
      principalId: "P1",
      principalType: "ServicePrincipal",
      resourceId: "res",
    };
    expect(relations(assignmentChanges(app, api("x"), TENANT))).toEqual(["p1 CONSENTED unknown:api:res"]);
    const group = { ...app, appRoleId: "r1", principalType: "Group" };
    const agent = api(GRAPH, { r1: "Files.Read.All" }, true);
    expect(relations(assignmentChanges(group, agent, TENANT))).toEqual([
      "p1 CONSENTED unknown:api:res",
      "p1 MAY_USE res",
    ]);
  });
});

describe("app role assignments", () => {
  const graph = {
    id: "SP-Graph",
    appId: GRAPH,
    displayName: "Microsoft Graph",
    appRoles: [{ id: "R1", value: "Mail.Read" }],
  };
  const silent = { id: "sp2", appRoles: [], appOwnerOrganizationId: "f8cdef31-a31e-4b4a-93e4-5f571e91255a" };

  it("are asked of every API that has roles, demands assignment or is not Microsoft's own", async () => {
    const held = {
      id: "as1",
      appRoleId: "r1",
      principalId: "P1",
      principalType: "ServicePrincipal",
      resourceId: "SP-Graph",
    };
    const tenant = fake({
      "/v1.0/servicePrincipals": { value: [graph, silent] },
      "/v1.0/servicePrincipals/SP-Graph/appRoleAssignedTo": { value: [held] },
    });
    const changes = changesOf(await run(appRoleAssignments, tenant));
    expect(tenant.batches).toHaveLength(1);
    expect(relations(changes, "GRANTED")).toEqual(["p1 GRANTED plane:exchange"]);
    expect(isAsked({ ...silent, appRoleAssignmentRequired: true }, false)).toBe(true);
    expect(isAsked({ id: "x", appRoles: [] }, false)).toBe(true);
    expect(isAsked(silent, true)).toBe(true);
  });

  it.each([
    [false, ["everyone MAY_USE bot"]],
    [true, []],
  ])(
    "leave an agent to everyone unless it demands assignment (%s)",
    async (appRoleAssignmentRequired, users) => {
      const bot = {
        ...{ id: "Bot", appRoles: [], tags: ["AgenticInstance"], servicePrincipalType: "ServiceIdentity" },
        appRoleAssignmentRequired,
      };
      const tenant = fake({
        "/v1.0/servicePrincipals": {
          value: [bot, { ...bot, id: "app", servicePrincipalType: "Application", tags: [] }],
        },
        "/v1.0/servicePrincipals/Bot/appRoleAssignedTo": { value: [] },
        "/v1.0/servicePrincipals/app/appRoleAssignedTo": { value: [] },
      });
      expect(relations(changesOf(await run(appRoleAssignments, tenant)), "MAY_USE")).toEqual(users);
    },
  );

  it.each([
    ["Mail.Read", { certainty: "upper-bound", reason_code: "denies-unread" }],
    ["Files.Read.All", { certainty: "exact" }],
  ])(
    "on mailboxes are an upper bound, since policies of Exchange may narrow them (%s)",
    (permission, props) => {
      const [grant] = putsOf(assignmentChanges(HELD, api(GRAPH, { r: permission }), TENANT)).filter(
        ({ kind }) => kind === "GRANTED",
      );
      expect(grant).toMatchObject({ props });
    },
  );

  it("of groups are an upper bound in services where much belongs to no group", () => {
    const grants = putsOf(assignmentChanges(HELD, api(GRAPH, { r: "Group.Read.All" }), TENANT)).filter(
      ({ kind }) => kind === "GRANTED",
    );
    const [exact, most] = [
      { certainty: "exact" },
      { certainty: "upper-bound", reason_code: "denies-unread" },
    ];
    expect(grants).toMatchObject([
      { to: { id: "plane:directory" }, props: exact },
      { to: { id: "plane:groups" }, props: exact },
      { to: { id: "plane:teams" }, props: most },
      { to: { id: "plane:sharepoint" }, props: most },
    ]);
  });

  it("fail as one step, not as one gap an API, if every answer is refused", async () => {
    const tenant = fake({ "/v1.0/servicePrincipals": { value: [graph, { ...graph, id: "sp3" }] } });
    await expect(run(appRoleAssignments, tenant)).rejects.toMatchObject({ code: "not-recorded" });
  });
});

describe("delegated grants", () => {
  const known = [
    { kind: "Principal", id: "graph", props: { kind: "ServicePrincipal", appId: GRAPH, name: "Graph" } },
  ] as const;
  const grant = {
    id: "gr",
    clientId: "C1",
    consentType: "AllPrincipals",
    principalId: null,
    resourceId: "Graph",
  };

  it("split the scope, and tell all users from one", async () => {
    const one = { ...grant, id: "gr2", consentType: "Principal", principalId: "U1", scope: "Mail.Read" };
    const tenant = fake(
      {
        "/v1.0/oauth2PermissionGrants": {
          value: [{ ...grant, scope: " Files.Read  User.Read Files.Read" }, one],
        },
      },
      known,
    );
    const consents = putsOf(changesOf(await run(delegatedGrants, tenant))).filter(
      ({ kind }) => kind === "CONSENTED",
    );
    expect(consents).toMatchObject([
      { from: { id: "c1" }, to: { id: "plane:sharepoint" }, props: { user: "*", key: "gr:Files.Read" } },
      { to: { id: "plane:directory" }, props: { permission: "User.Read", type: "delegated" } },
      { to: { id: "plane:exchange" }, props: { user: "u1", permission: "Mail.Read" } },
    ]);
  });

  it("count as they were said last, where the first list says one again or that it is gone", async () => {
    const [first, second] = ["delta", "delta?$skiptoken=2"].map(
      (end) => `/v1.0/oauth2PermissionGrants/${end}`,
    );
    const tenant = fake({
      [first!]: {
        value: [
          { ...grant, scope: "Mail.Read Files.Read" },
          { ...grant, id: "gone", scope: "User.Read" },
        ],
        next: second!,
      },
      [second!]: {
        value: [
          { ...grant, scope: "Mail.Read" },
          { id: "gone", "@removed": { reason: "deleted" } },
        ],
        delta: "/v1.0/oauth2PermissionGrants/delta?$deltatoken=1",
      },
    });
    const left = new Set<string>();
    for (const change of changesOf(await run(delegatedGrants, tenant)))
      if ("put" in change && change.put.kind === "CONSENTED") left.add(String(change.put.props?.key));
      else if ("remove" in change && change.remove.kind === "CONSENTED")
        left.delete(String(change.remove.key));
    expect([...left]).toEqual(["gr:Mail.Read"]);
  });

  it("are read anew after any change, as a change does not say what was there before", async () => {
    const link = "/v1.0/oauth2PermissionGrants/delta?$deltatoken=1";
    const cursor = JSON.stringify({ variant: "delta", link });
    const changed = fake({ [link]: { value: [{ ...grant, scope: "User.Read" }], delta: link } });
    await expect(run(delegatedGrants, changed, { mode: "delta", cursor })).rejects.toMatchObject({
      name: "CursorExpired",
    });
    const same = await run(delegatedGrants, fake({ [link]: { value: [], delta: link } }), {
      mode: "delta",
      cursor,
    });
    expect(same.at(-1)?.deltaToken).toBeDefined();
  });

  it("hand over no token while the API of one of them is not known: it will be, and no change says so", async () => {
    const link = "/v1.0/oauth2PermissionGrants/delta?$deltatoken=1";
    const listed = { value: [{ ...grant, scope: "Files.Read" }], delta: link };
    const answers = { "/v1.0/oauth2PermissionGrants/delta": listed };
    expect((await run(delegatedGrants, fake(answers))).at(-1)?.deltaToken).toBeUndefined();
    expect((await run(delegatedGrants, fake(answers, known))).at(-1)?.deltaToken).toBeDefined();
  });

  it.each([
    [GRAPH, "files.READ.all", "Files.Read.All", "plane:sharepoint"],
    [GRAPH, "mail.read.shared", "mail.read.shared", "plane:exchange"],
    [GRAPH, "user.read", "user.read", "plane:directory"],
    [GRAPH, "devicemanagementapps.read.all", "devicemanagementapps.read.all", "plane:intune"],
    [GRAPH, "USER.EXPORT.ALL", "User.Export.All", "plane:directory"],
    [GRAPH, "sites.selected", "sites.selected", `unknown:sharepoint-selected:${TENANT}`],
    ["797f4846-ba00-4fd7-a4dc-ca6d6d2ef0b6", "User_Impersonation", "user_impersonation", "plane:azure"],
  ])("mean the same in whatever letters they were granted (%s, %s)", (appId, scope, permission, place) => {
    expect(delegated(api(appId), scope, TENANT)[0]).toMatchObject({ permission, place: { id: place } });
  });

  it("keep a place for what is granted one by one", () => {
    const places = delegated(api(GRAPH), "Sites.Selected", TENANT).map(({ place }) => place.id);
    expect(places).toEqual([`unknown:sharepoint-selected:${TENANT}`]);
  });

  it.each([
    [GRAPH, "Group.Read.All", ["directory", "groups", "teams", "sharepoint", "planner"]],
    [GRAPH, "Group.ReadWrite.All", ["directory", "groups", "teams", "sharepoint", "planner"]],
    [GRAPH, "Group-Conversation.Read.All", ["groups"]],
    [AAD_GRAPH, "Group.Read.All", ["directory"]],
  ])("reach what a group has in other services (%s, %s)", (appId, permission, planes) => {
    const places = delegated(api(appId), permission, TENANT).map(({ place }) => place.id);
    expect(places).toEqual(planes.map((plane) => `plane:${plane}`));
  });

  it.each([
    // Its name says that it writes, and no more.
    [SHAREPOINT, "AllSites.Write", ["sharepoint add delete read see write"]],
    [SHAREPOINT, "myfiles.write", ["sharepoint add delete read see write"]],
    // Their names say that they read or change content.
    [GRAPH, "TermStore.Read.All", ["sharepoint see"]],
    [GRAPH, "TeamSettings.ReadWrite.All", ["teams see write"]],
    [GRAPH, "Chat.ManageDeletion.All", ["teams delete"]],
    [GRAPH, "RoleManagement.ReadWrite.Exchange", ["exchange assign"]],
    [GRAPH, "Sites.FullControl.All", ["sharepoint add delete own read see setAcl write"]],
    // Their names tell.
    [GRAPH, "Files.Read", ["sharepoint"]],
    [SHAREPOINT, "AllSites.FullControl", ["sharepoint"]],
  ])("let what a table says of that permission (%s, %s)", (appId, permission, expected) => {
    const said = delegated(api(appId), permission, TENANT).map(({ place, actions = [] }) =>
      [place.plane, ...[...actions].sort()].join(" "),
    );
    expect(said).toEqual(expected);
  });

  it.each([
    ["Files.ReadWrite.AppFolder", "unknown:graph:files"],
    ["ExternalItem.ReadWrite.OwnedBy", "unknown:graph:externalitem"],
    ["Notes.ReadWrite.CreatedByApp", "unknown:graph:notes"],
  ])("do not open what the user has where they are bound to the application's own (%s)", (permission, id) => {
    expect(delegated(api(GRAPH), permission, TENANT)).toMatchObject([{ place: { id }, permission }]);
  });

  it.each([
    [GRAPH, "Financials.ReadWrite.All", "unknown:graph:financials"],
    ["cfa8b339-82a2-471a-a3c9-0fc0be7a4093", "user_impersonation", "unknown:api:res"],
    // Only that permission stands for the user's own roles.
    ["797f4846-ba00-4fd7-a4dc-ca6d6d2ef0b6", "Other.Read", "unknown:api:res"],
  ])(
    "to a service that no table knows (%s, %s) are unknown, which is not nothing",
    (appId, permission, id) => {
      expect(delegated(api(appId), permission, TENANT)).toMatchObject([
        { place: { id, kind: "Service" }, permission },
      ]);
    },
  );

  it.each([
    ["797F4846-ba00-4fd7-a4dc-ca6d6d2ef0b6", { see: true, assign: true }],
    ["e406a681-f3d4-42a8-90b6-c2b029497af1", { see: true, read: true, write: true, add: true, delete: true }],
  ])("to act in Azure for a user say what they open by themselves (%s)", (appId, rights) => {
    const azure = { ...grant, scope: "user_impersonation" };
    const consents = putsOf(delegatedChanges(azure, api(appId), TENANT)).filter(
      ({ kind }) => kind === "CONSENTED",
    );
    const said = { resource: "res", type: "delegated", user: "*" };
    expect(consents).toMatchObject([{ to: { id: "plane:azure" } }, { to: { id: "plane:azure" } }]);
    expect(consents.map(({ props }) => props)).toEqual([
      { ...said, permission: "user_impersonation", key: "gr:user_impersonation", ...rights },
      { ...said, permission: "user_impersonation:indirect", key: "gr:user_impersonation:indirect" },
    ]);
  });
});
