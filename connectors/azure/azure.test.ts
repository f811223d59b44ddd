import { describe, expect, it } from "vitest";
import type { Step } from "../../src/connector.ts";
import { Interrupted, PermissionError } from "../../src/model.ts";
import type { RelRecord } from "../../src/schema.ts";
import { blobs } from "./blobs.ts";
import { type Fake, type FakeAnswer, type FakeOptions, fakeTenant, TENANT } from "./fixtures/fake.ts";
import { azure } from "./index.ts";
import { publicAccessRecords } from "./public-access.ts";

const MG = "/providers/microsoft.management/managementgroups";
const ROOT = `${MG}/${TENANT}`;
const S1 = "/subscriptions/00000000-0000-0000-0000-0000000000s1";
const S2 = "/subscriptions/00000000-0000-0000-0000-0000000000s2";
const RG = `${S1}/resourcegroups/rg(1)`;
const ACCOUNT = `${RG}/providers/microsoft.storage/storageaccounts/acc`;
const container = (name: string) => `${ACCOUNT}/blobservices/default/containers/${name}`;
const B = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs";

const group = (id: string, ...children: string[]) => ({
  id,
  name: id.slice(id.lastIndexOf("/") + 1),
  properties: {
    displayName: `Group ${id.slice(-2)}`,
    children: children.map((child) => ({ id: child, displayName: child.slice(-2) })),
  },
});
const guid = (n: number) => `00000000-0000-0000-0000-${String(n).padStart(12, "0")}`;
const definition = (n: number, roleName: string, ...permissions: object[]) => ({
  id: `/providers/Microsoft.Authorization/roleDefinitions/${guid(n).toUpperCase()}`,
  properties: { roleName, permissions },
});
const assignment = (name: string, scope: string, role: number, more: object = {}) => ({
  id: `${scope === "/" ? "" : scope}/providers/Microsoft.Authorization/roleAssignments/${name}`,
  properties: {
    scope,
    principalId: "P1",
    principalType: "ServicePrincipal",
    roleDefinitionId: `${S1}/providers/Microsoft.Authorization/roleDefinitions/${guid(role)}`,
    ...more,
  },
});
const READER = definition(1, "Blob Reader", { dataActions: [`${B}/read`] });
const OWNER = definition(2, "Owner", { actions: ["*"] });
const EVERY_KEY_ACTION = { listKeys: true, regenerateKey: true, accountSas: true, serviceSas: true };

/** One tenant with two subscriptions, an account with two containers and nothing granted. */
function tenant(more: Record<string, FakeAnswer> = {}, options: FakeOptions = {}): Fake {
  const base: Record<string, FakeAnswer> = {
    [ROOT]: group(ROOT, `${MG}/Alpha`, S2.toUpperCase()),
    [`${MG}/alpha`]: group(`${MG}/alpha`, `${MG}/beta`),
    [`${MG}/beta`]: group(`${MG}/beta`, S1),
    "/subscriptions": [
      { id: S1.replace("s1", "S1"), displayName: "One" },
      { id: S2, displayName: "Two" },
    ],
  };
  for (const s of [S1, S2]) {
    base[`${s}/resourcegroups`] = [];
    base[`${s}/providers/Microsoft.Storage/storageAccounts`] = [];
    base[`${s}/providers/Microsoft.Authorization/roleDefinitions`] = [READER, OWNER];
    base[`${s}/providers/Microsoft.Authorization/roleAssignments`] = [];
    base[`${s}/providers/Microsoft.Authorization/roleEligibilityScheduleInstances`] = [];
    base[`${s}/providers/Microsoft.Authorization/denyAssignments`] = [];
  }
  base[`${S1}/resourcegroups`] = [{ id: RG.replace("rg(1)", "RG(1)"), name: "RG(1)" }];
  base[`${S1}/providers/Microsoft.Storage/storageAccounts`] = [
    {
      id: ACCOUNT.toUpperCase(),
      name: "acc",
      properties: {
        allowSharedKeyAccess: false,
        isHnsEnabled: true,
        networkAcls: { defaultAction: "Deny" },
        primaryEndpoints: { blob: "https://acc.blob.core.windows.net/" },
      },
    },
  ];
  base[`${ACCOUNT}/blobServices/default/containers`] = ["finance", "hr"].map((name) => ({
    id: container(name),
    name,
    properties: { publicAccess: "None" },
  }));
  return fakeTenant({ ...base, ...more }, options);
}

const step = (id: string): Step => azure.steps.find((candidate) => candidate.id === id)!;
async function crawled(more: Record<string, FakeAnswer> = {}, options: FakeOptions = {}): Promise<Fake> {
  const fake = tenant(more, options);
  for (const each of azure.steps) if (each !== blobs) await fake.run(each);
  return fake;
}
const assigned = (...items: object[]) => ({
  [`${S1}/providers/Microsoft.Authorization/roleAssignments`]: items,
});
const defined = (...items: object[]) => ({
  [`${S1}/providers/Microsoft.Authorization/roleDefinitions`]: items,
});
const grantsAt = (fake: Fake, scope: string): NonNullable<RelRecord<"GRANTED">["props"]>[] =>
  fake
    .all("GRANTED")
    .filter((rel) => rel.to.id === scope)
    .map((rel) => rel.props!);

describe("scopes", () => {
  it("hang from container to tenant root through nested management groups, whatever the case of ids", async () => {
    const fake = await crawled();
    expect(fake.gaps).toEqual([]);
    expect(fake.chain(container("hr"))).toEqual([
      container("hr"),
      ACCOUNT,
      RG,
      S1,
      `${MG}/beta`,
      `${MG}/alpha`,
      ROOT,
      "/",
    ]);
    expect(fake.chain(S2)).toEqual([S2, ROOT, "/"]);
    expect(fake.nodes.get(`Scope ${RG}`)?.props).toMatchObject({ kind: "ResourceGroup", name: "RG(1)" });
    expect(fake.nodes.get(`Scope ${ACCOUNT}`)?.props).toMatchObject({
      kind: "StorageAccount",
      sharedKey: false,
      network: "Deny",
      hns: true,
      url: "https://acc.blob.core.windows.net/",
    });
    expect(fake.nodes.get(`Scope ${ACCOUNT}`)?.props).not.toHaveProperty("allowPublic");
    expect(fake.nodes.get(`Scope ${container("hr")}`)?.props).toMatchObject({
      publicAccess: "None",
      url: "https://acc.blob.core.windows.net/hr",
    });
  });

  it("never ask for keys", async () => {
    const fake = await crawled();
    expect(fake.requests.filter((path) => /key|sas/i.test(path))).toEqual([]);
  });

  it("keep a subscription under the root group where a management group was refused", async () => {
    const fake = await crawled({ [`${MG}/beta`]: new PermissionError("forbidden", "403") });
    expect(fake.gaps).toEqual([
      { step: "azure.management-groups", scope: `${MG}/beta`, state: "denied", reason: "403" },
    ]);
    expect(fake.chain(`${MG}/beta`)).toEqual([`${MG}/beta`, `${MG}/alpha`, ROOT, "/"]);
    expect(fake.chain(S1)).toEqual([S1, ROOT, "/"]);
  });

  it("believe a listing that shows a grant of a refused management group", async () => {
    const fake = await crawled({
      [`${MG}/beta`]: new PermissionError("forbidden", "403"),
      ...assigned(assignment("a", `${MG}/beta`, 1)),
    });
    const above = fake
      .all("WITHIN")
      .filter((rel) => rel.from.id === S1)
      .map((rel) => rel.to.id);
    expect(new Set(above)).toEqual(new Set([ROOT, `${MG}/beta`]));
  });

  it("stand under the tenant root when no management group could be read", async () => {
    const fake = await crawled({ [ROOT]: new PermissionError("forbidden", "403") });
    expect(fake.gaps.map((gap) => gap.step)).toEqual(["azure.management-groups"]);
    expect(fake.chain(S1)).toEqual([S1, ROOT, "/"]);
  });

  it("leave a subscription of another tenant out of this tenant's root", async () => {
    const fake = await crawled({ "/subscriptions": [{ id: "/subscriptions/s9", tenantId: "t9" }] });
    expect(fake.chain("/subscriptions/s9")).toEqual(["/subscriptions/s9", `${MG}/t9`]);
  });

  it("say which account's containers were refused, and keep the others", async () => {
    const fake = await crawled({
      [`${ACCOUNT}/blobServices/default/containers`]: new PermissionError("forbidden", "403"),
    });
    expect(fake.gaps).toEqual([{ step: "azure.containers", scope: ACCOUNT, state: "failed", reason: "403" }]);
  });

  it("do not take an interruption for a gap", async () => {
    const fake = tenant({ [`${MG}/alpha`]: new Interrupted("interrupted", "stopped") });
    await fake.run(step("azure.management-groups"));
    expect(fake.gaps).toMatchObject([{ step: "azure.management-groups", scope: "" }]);
  });
});

describe("public access", () => {
  const STORAGE = `${S1}/providers/Microsoft.Storage/storageAccounts`;
  const opened = async (allowBlobPublicAccess: boolean | undefined, ...names: [string, string?][]) => {
    const fake = await crawled({
      [STORAGE]: [{ id: ACCOUNT, name: "acc", properties: { allowBlobPublicAccess } }],
      [`${ACCOUNT}/blobServices/default/containers`]: names.map(([name, publicAccess]) => ({
        id: container(name),
        name,
        properties: { publicAccess },
      })),
    });
    return fake
      .all("GRANTED")
      .map(({ from, to, props }) => [
        from.id,
        to.id?.split("/").at(-1),
        ...["read", "see", "write"].filter((action) => props && Reflect.get(props, action)),
        props?.certainty,
      ]);
  };

  it.each([[true], [undefined]])(
    "lets anybody read, and list where the container says so (account: %s)",
    async (allowed) => {
      expect(await opened(allowed, ["a", "Blob"], ["b", "Container"], ["c", "None"], ["d"])).toEqual([
        ["anonymous", "a", "read", "exact"],
        ["anonymous", "b", "read", "see", "exact"],
      ]);
    },
  );

  it("is none where the account forbids it, but for a website, which may be switched off", async () => {
    expect(await opened(false, ["a", "Blob"], ["b", "Container"], ["$web", "None"])).toEqual([
      ["anonymous", "$web", "read", "upper-bound"],
    ]);
  });

  it("is keyed by the container and flows down", async () => {
    const fake = await crawled({
      [`${ACCOUNT}/blobServices/default/containers`]: [
        { id: container("HR"), name: "hr", properties: { publicAccess: "Container" } },
      ],
    });
    expect(grantsAt(fake, container("hr"))).toMatchObject([
      {
        key: `public-access:${container("hr")}`,
        flow: "containment",
        source: "public-access",
        role: "public access: Container",
        tier: "now",
      },
    ]);
    expect(fake.nodes.get("Principal anonymous")?.props).toMatchObject({ kind: "Anonymous" });
  });

  it("is an upper bound where the account was not listed, as it may forbid it", () => {
    const open = { id: "c", name: "c", publicAccess: "Blob" };
    expect(publicAccessRecords(open, undefined)[1]).toMatchObject({
      props: { read: true, certainty: "upper-bound", reason_code: "account-unread" },
    });
  });
});

describe("role assignments", () => {
  it("grant at every level, from the tenant root to a resource", async () => {
    const vault = `${RG}/providers/Contoso.Vaults/vaults/V1`;
    const fake = await crawled(
      assigned(
        assignment("a", "/", 2),
        assignment("b", ROOT, 1),
        assignment("c", RG, 1),
        assignment("d", container("hr"), 1),
        assignment("e", vault, 2),
      ),
    );
    expect(grantsAt(fake, "/")).toMatchObject([
      {
        key: "/providers/microsoft.authorization/roleassignments/a",
        ...EVERY_KEY_ACTION,
        assign: true,
        see: true,
        read: false,
        tier: "now",
        certainty: "exact",
      },
    ]);
    expect(grantsAt(fake, ROOT)).toMatchObject([
      { read: true, see: false, write: false, role: "Blob Reader" },
    ]);
    expect(grantsAt(fake, RG)).toHaveLength(1);
    expect(grantsAt(fake, container("hr"))).toHaveLength(1);
    expect(fake.chain(vault.toLowerCase())).toEqual(expect.arrayContaining([RG, S1, "/"]));
    expect(fake.nodes.get(`Scope ${vault.toLowerCase()}`)?.props).toMatchObject({
      kind: "Resource",
      name: "v1",
    });
    expect(fake.all("GRANTED").every((rel) => rel.from.id === "p1")).toBe(true);
  });

  it("let a second role give back what the first one's NotDataActions left out", async () => {
    const fake = await crawled({
      ...defined(READER, definition(3, "Writer", { dataActions: [`${B}/*`], notDataActions: [`${B}/read`] })),
      ...assigned(assignment("a", ACCOUNT, 3), assignment("b", ACCOUNT, 1)),
    });
    expect(grantsAt(fake, ACCOUNT).map((grant) => [grant.read, grant.write])).toEqual([
      [false, true],
      [true, false],
    ]);
  });

  it("keep a grant whose role cannot be read, with rights unknown", async () => {
    const fake = await crawled(assigned(assignment("a", RG, 77)));
    expect(grantsAt(fake, RG)).toMatchObject([{ unknown: true, reason_code: "role-unread", read: false }]);
    expect(fake.gaps).toMatchObject([{ step: "azure.role-definitions", scope: S1, state: "partial" }]);
  });

  it("ask for a role that the listing lacks by itself", async () => {
    const path = `${S1}/providers/Microsoft.Authorization/roleDefinitions/${guid(77)}`;
    const fake = await crawled({
      [path]: definition(77, "Custom below", { dataActions: [`${B}/read`] }),
      ...assigned(assignment("a", RG, 77), assignment("b", RG, 77)),
    });
    expect(grantsAt(fake, RG)).toMatchObject([{ read: true }, { read: true }]);
    expect(fake.requests.filter((request) => request === path.toLowerCase())).toHaveLength(1);
    expect(fake.gaps).toEqual([]);
  });

  it("stay unknown, and are all kept, when the definitions are refused", async () => {
    const fake = await crawled({
      [`${S1}/providers/Microsoft.Authorization/roleDefinitions`]: new PermissionError(
        "forbidden",
        "403",
        "grant Reader",
      ),
      ...assigned(assignment("a", RG, 1), assignment("b", ACCOUNT, 2)),
    });
    expect(fake.all("GRANTED").map((rel) => rel.props?.unknown)).toEqual([true, true]);
    expect(fake.gaps).toEqual([
      { step: "azure.role-definitions", scope: S1, state: "denied", reason: "403", fix: "grant Reader" },
    ]);
  });

  it("say nothing of a subscription that was refused, but that it was not read", async () => {
    const fake = await crawled({
      [`${S2}/providers/Microsoft.Authorization/roleAssignments`]: new PermissionError("forbidden", "403"),
      ...assigned(assignment("a", RG, 1)),
    });
    expect(fake.gaps).toMatchObject([{ step: "azure.role-assignments", scope: S2 }]);
    expect(grantsAt(fake, RG)).toHaveLength(1);
  });

  it("name data planes without rules instead of leaving them out", async () => {
    const fake = await crawled({
      ...defined(definition(4, "Secrets", { dataActions: ["Microsoft.KeyVault/vaults/secrets/*"] })),
      ...assigned(assignment("a", RG, 4)),
    });
    const id = `unknown:key-vault:${RG}`;
    expect(fake.nodes.get(`Scope ${id}`)?.props).toMatchObject({ kind: "Unmodelled", plane: "key-vault" });
    expect(grantsAt(fake, id)).toMatchObject([{ unknown: true, flow: "containment", source: "role" }]);
    expect(fake.chain(id)[1]).toBe(RG);
    expect(grantsAt(fake, RG)).toEqual([]);
  });

  it("are an upper bound where an old recording hides conditions", async () => {
    const fake = await crawled(assigned(assignment("a", RG, 1)), {
      recordedApiVersion: "2018-09-01-preview",
    });
    expect(grantsAt(fake, RG)).toMatchObject([
      { read: true, certainty: "upper-bound", reason_code: "condition-unread" },
    ]);
    expect(fake.gaps).toEqual([
      {
        step: "azure.conditions",
        scope: S1,
        state: "failed",
        reason: "recorded at api-version 2018-09-01-preview: conditions are hidden",
      },
    ]);
  });

  it("continue from the page where they stopped", async () => {
    const items = ["a", "b", "c"].map((name) => assignment(name, RG, 1));
    const fake = tenant(assigned(...items), { pageSize: 1 });
    await fake.run(step("azure.subscriptions"));
    const pass = { scope: S1, mode: "full" as const };
    const first = await step("azure.role-assignments").crawl(fake.context, pass).next();
    const cursor: string | undefined = first.value?.cursor;
    if (cursor === undefined) throw new Error("the first page names no cursor");
    let left = 0;
    for await (const page of step("azure.role-assignments").crawl(fake.context, { ...pass, cursor }))
      left += page.changes.filter((change) => "put" in change && change.put.kind === "GRANTED").length;
    expect(left).toBe(2);
  });

  it("at the blob service hold the containers of the account", async () => {
    const fake = await crawled(assigned(assignment("a", `${ACCOUNT}/blobServices/default`, 1)));
    expect(fake.chain(container("hr"))[1]).toBe(`${ACCOUNT}|${ACCOUNT}/blobservices/default`);
  });
});

describe("conditions", () => {
  const CONTAINER = "@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name]";
  const when = (expression: string) => `((!(ActionMatches{'${B}/read'})) OR (${expression}))`;
  const conditioned = (condition: string, role = 1, scope = RG) =>
    crawled({
      ...defined(READER, OWNER, definition(5, "Contributor", { dataActions: [`${B}/*`] })),
      ...assigned(assignment("a", scope, role, { condition, conditionVersion: "2.0" })),
    });

  it("on the container's name grant only where it holds", async () => {
    const fake = await conditioned(when(`${CONTAINER} StringEquals 'finance'`));
    expect(grantsAt(fake, container("finance"))).toMatchObject([
      { read: true, tier: "now", certainty: "exact" },
    ]);
    expect(grantsAt(fake, container("hr"))).toEqual([]);
    expect(grantsAt(fake, RG).every((grant) => !grant.read)).toBe(true);
  });

  it("leave actions that they do not target at the scope, unconditioned", async () => {
    const fake = await conditioned(when(`${CONTAINER} StringEquals 'finance'`), 5);
    expect(grantsAt(fake, RG)).toMatchObject([{ read: false, write: true, delete: true, tier: "now" }]);
    expect(grantsAt(fake, container("finance"))).toMatchObject([{ read: true, write: false }]);
  });

  it("on the account's name grant at the account", async () => {
    const name = "@Resource[Microsoft.Storage/storageAccounts:name]";
    const yes = await conditioned(when(`${name} StringEquals 'acc'`), 1, ROOT);
    expect(grantsAt(yes, ACCOUNT)).toMatchObject([{ read: true, certainty: "exact" }]);
    const no = await conditioned(when(`${name} StringEquals 'other'`), 1, ROOT);
    expect(no.all("GRANTED").some((rel) => rel.props?.read)).toBe(false);
  });

  it("on what was not listed keep the right as an upper bound", async () => {
    const fake = await crawled({
      [`${ACCOUNT}/blobServices/default/containers`]: new PermissionError("forbidden", "403"),
      ...assigned(assignment("a", RG, 1, { condition: when(`${CONTAINER} StringEquals 'x'`) })),
    });
    expect(grantsAt(fake, ACCOUNT)).toMatchObject([
      {
        read: true,
        certainty: "upper-bound",
        reason_code: "condition-unread",
        residual: "resource: container name is 'x'",
      },
    ]);
  });

  it("that are asked at request time put the right in the conditional tier, in words", async () => {
    const fake = await conditioned(when("@Environment[isPrivateLink] BoolEquals true"));
    expect(grantsAt(fake, RG)).toMatchObject([
      {
        read: true,
        tier: "conditional",
        certainty: "exact",
        reason_code: "condition-asked",
        residual: "environment: private link is true",
      },
    ]);
  });

  it("on path or tags put the right in the conditional tier, as a matter of items", async () => {
    const fake = await conditioned(
      when(`@Resource[${B}/tags:Project<$key_case_sensitive$>] StringEquals 'X'`),
    );
    expect(grantsAt(fake, RG)).toMatchObject([
      { read: true, tier: "conditional", reason_code: "condition-item" },
    ]);
  });

  it("that let listing pass but not reading leave sight", async () => {
    const fake = await conditioned(
      `((!(ActionMatches{'${B}/read'} AND NOT SubOperationMatches{'Blob.List'})) OR (${CONTAINER} StringEquals 'none'))`,
    );
    expect(grantsAt(fake, RG)).toMatchObject([{ read: false, see: true, tier: "now" }]);
    expect(grantsAt(fake, container("hr"))).toEqual([]);
  });

  it("that cannot be parsed drop nothing", async () => {
    const fake = await conditioned("once upon a time");
    expect(grantsAt(fake, RG)).toMatchObject([
      { read: true, tier: "now", certainty: "upper-bound", reason_code: "condition-unparsed" },
    ]);
  });

  it("on the roles that may be assigned keep the right to assign, with its limit in words", async () => {
    const target =
      "((!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})) OR (@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {00000000-0000-0000-0000-000000000001}))";
    const fake = await conditioned(target, 2);
    expect(grantsAt(fake, RG)).toMatchObject([
      { assign: false, ...EVERY_KEY_ACTION },
      {
        assign: true,
        listKeys: false,
        tier: "now",
        residual: "request: assigned role is '00000000-0000-0000-0000-000000000001'",
      },
    ]);
    const keys = grantsAt(fake, RG).map((grant) => grant.key);
    expect(new Set(keys).size).toBe(2);
  });

  it("of a role definition narrow its own block only", async () => {
    const fake = await crawled({
      ...defined(
        definition(
          6,
          "Two blocks",
          { dataActions: [`${B}/read`], condition: "@Environment[isPrivateLink] BoolEquals true" },
          { dataActions: [`${B}/write`] },
        ),
      ),
      ...assigned(assignment("a", RG, 6)),
    });
    expect(grantsAt(fake, RG)).toMatchObject([
      { read: true, write: false, tier: "conditional" },
      { read: false, write: true, tier: "now" },
    ]);
  });

  it("without regard to their target never bind key actions, which take no conditions", async () => {
    const fake = await conditioned(`${CONTAINER} StringEquals 'none'`, 2);
    expect(grantsAt(fake, RG)).toMatchObject([
      { ...EVERY_KEY_ACTION, tier: "now" },
      { assign: true, certainty: "upper-bound" },
    ]);
  });
});

describe("eligible assignments", () => {
  it("are potential until somebody activates them, and end when they end", async () => {
    const fake = await crawled({
      [`${S1}/providers/Microsoft.Authorization/roleEligibilityScheduleInstances`]: [
        assignment("e", RG, 1, {
          endDateTime: "2030-01-01T00:00:00Z",
          condition: "@Environment[isPrivateLink] BoolEquals true",
        }),
      ],
    });
    expect(grantsAt(fake, RG)).toMatchObject([
      {
        read: true,
        tier: "potential",
        expires: "2030-01-01T00:00:00Z",
        residual: "environment: private link is true",
      },
    ]);
  });
});

describe("deny assignments", () => {
  const denied = (properties: object) =>
    crawled({
      [`${S1}/providers/Microsoft.Authorization/denyAssignments`]: [
        {
          id: `${RG}/providers/Microsoft.Authorization/denyAssignments/D1`,
          properties: { scope: RG, ...properties },
        },
      ],
    });

  it("take single actions away, from everyone but those they spare", async () => {
    const fake = await denied({
      permissions: [
        { dataActions: [`${B}/*`], notDataActions: [`${B}/read`] },
        { actions: ["*/listKeys/action"] },
      ],
      principals: [
        { id: "00000000-0000-0000-0000-000000000000", type: "SystemDefined" },
        { id: "U1", type: "User" },
      ],
      excludePrincipals: [{ id: "G2" }, { id: "G1" }],
    });
    expect(fake.all("DENIED")).toMatchObject([
      {
        from: { kind: "Principal", id: "everyone" },
        to: { id: RG },
        props: {
          key: `${RG}/providers/microsoft.authorization/denyassignments/d1`,
          read: false,
          write: true,
          delete: true,
          listKeys: true,
          regenerateKey: false,
          accountSas: false,
          serviceSas: false,
          see: false,
          children: true,
          excluded: ["g1", "g2"],
        },
      },
      { from: { id: "u1" } },
    ]);
    expect(fake.nodes.get("Principal everyone")?.props).toMatchObject({ kind: "Everyone" });
  });

  it("bind the scope alone where they say so", async () => {
    const fake = await denied({
      permissions: [{ actions: ["*"] }],
      principals: [{ id: "u" }],
      doNotApplyToChildScopes: true,
    });
    expect(fake.all("DENIED")).toMatchObject([
      { props: { children: false, ...EVERY_KEY_ACTION, assign: true, see: true, read: false } },
    ]);
  });

  it("under a condition take nothing away, and are said to be unread", async () => {
    const fake = await denied({
      permissions: [{ dataActions: ["*"], condition: "x" }],
      principals: [{ id: "u" }],
    });
    expect(fake.all("DENIED")).toMatchObject([{ props: { read: false } }]);
    expect(fake.gaps).toMatchObject([{ step: "azure.deny-assignments", scope: S1, state: "partial" }]);
  });
});

it("every step declares reads that are reads, and what it needs", () => {
  for (const { id, reads, needs, after = [], follows = [], parts = [] } of azure.steps) {
    expect(id).toMatch(/^azure\./);
    expect(needs.length).toBeGreaterThan(0);
    for (const read of reads) expect(read).toMatch(/^GET (arm \/[\w/{}.]+|blob \/[\w/{}$*]+)$/);
    for (const before of [...after, ...follows]) expect(step(before), `${id} after ${before}`).toBeDefined();
    for (const part of parts) expect(step(part.id), `${id} has part ${part.id}`).toBeUndefined();
  }
});
