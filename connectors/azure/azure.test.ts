import { describe, expect, it } from "vitest";
import { Interrupted, PermissionError, ProviderError } from "../../src/model.ts";
import {
  ACCOUNT,
  assigned,
  assignment,
  container,
  crawled,
  MG,
  RG,
  ROOT,
  S1,
  S2,
  step,
  tenant,
} from "./fixtures/tenant.ts";
import { azure } from "./index.ts";
import { accountProps } from "./storage-accounts.ts";

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
      "plane:azure",
    ]);
    expect(fake.chain(S2)).toEqual([S2, ROOT, "/", "plane:azure"]);
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
    expect(fake.gaps).toMatchObject([
      { step: "azure.management-groups", scope: `${MG}/beta`, state: "denied", reason: "403" },
    ]);
    expect(fake.chain(`${MG}/beta`)).toEqual([`${MG}/beta`, `${MG}/alpha`, ROOT, "/", "plane:azure"]);
    expect(fake.chain(S1)).toEqual([S1, ROOT, "/", "plane:azure"]);
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
    expect(fake.chain(S1)).toEqual([S1, ROOT, "/", "plane:azure"]);
  });

  it("leave a subscription of another tenant out of this tenant's root", async () => {
    const fake = await crawled({ "/subscriptions": [{ id: "/subscriptions/s9", tenantId: "t9" }] });
    expect(fake.chain("/subscriptions/s9")).toEqual(["/subscriptions/s9", `${MG}/t9`]);
    // What its own tenant delegated to this one is in no listing here.
    expect(fake.gaps.filter(({ step }) => step === "azure.delegations")).toMatchObject([
      { scope: "/subscriptions/s9", state: "not-modelled" },
    ]);
  });

  it("keep a subscription in this tenant's root that does not tell its tenant", async () => {
    for (const tenantId of [undefined, null, ""]) {
      const fake = await crawled({ "/subscriptions": [{ id: "/subscriptions/s9", tenantId }] });
      expect(fake.chain("/subscriptions/s9")).toEqual(["/subscriptions/s9", ROOT, "/", "plane:azure"]);
      expect(fake.gaps.filter(({ step }) => /delegations|subscriptions/.test(step))).toEqual([]);
    }
  });

  it("say where local users of SFTP, or mounts by NFS, may read what no role gives, which nobody has looked at", async () => {
    const account = (name: string, properties: object) => ({
      id: `${RG}/providers/Microsoft.Storage/storageAccounts/${name}`,
      name,
      properties,
    });
    const fake = tenant({
      [`${S1}/providers/Microsoft.Storage/storageAccounts`]: [
        account("Open", { isSftpEnabled: true }),
        account("users", { isSftpEnabled: true, isLocalUserEnabled: true }),
        account("none", { isSftpEnabled: true, isLocalUserEnabled: false }),
        account("off", { isSftpEnabled: false, isLocalUserEnabled: true }),
        account("mounted", { isNfsV3Enabled: true }),
        account("unmounted", { isNfsV3Enabled: false }),
        account("plain", {}),
      ],
    });
    await fake.run(step("azure.subscriptions"));
    await fake.run(step("azure.storage-accounts"));
    const gap = (part: string, name: string) => ({
      step: `azure.${part}`,
      scope: `${RG}/providers/microsoft.storage/storageaccounts/${name}`,
      state: "not-modelled",
    });
    expect(fake.gaps).toMatchObject([
      gap("local-users", "open"),
      gap("local-users", "users"),
      gap("nfs", "mounted"),
    ]);
  });

  it.each([
    ["roleAssignments", "azure.role-assignments", "GRANTED"],
    ["denyAssignments", "azure.deny-assignments", "DENIED"],
  ] as const)(
    "of another tenant that %s name stay out of this tenant, its root too",
    async (resource, id, kind) => {
      const foreign = "/subscriptions/s9";
      const permissions = [{ actions: ["*"] }];
      const of = (name: string, scope: string) => ({
        id: `${scope}/providers/Microsoft.Authorization/${resource}/${name}`,
        properties: {
          ...assignment(name, scope, 1).properties,
          scope,
          permissions,
          principals: [{ id: "p" }],
        },
      });
      const fake = tenant({
        "/subscriptions": [{ id: foreign, tenantId: "T9" }],
        [`${foreign}/providers/Microsoft.Authorization/${resource}`]: [
          of("a", `${MG}/theirs`),
          of("b", `${MG}/t9`),
          of("c", "/"),
        ],
      });
      for (const name of ["azure.management-groups", "azure.subscriptions", id]) await fake.run(step(name));
      const all = fake.all("WITHIN").map(({ from, to }) => `${from.id} ${to.id}`);
      expect(new Set(all.filter((pair) => / .*(theirs|t9)$/.test(pair)))).toEqual(
        new Set([`${foreign} ${MG}/t9`, `${foreign} ${MG}/theirs`, `${MG}/theirs ${MG}/t9`]),
      );
      expect(all.filter((pair) => pair.startsWith(`${MG}/t`))).toEqual([`${MG}/theirs ${MG}/t9`]);
      expect(fake.all(kind).map(({ to }) => to.id)).toEqual([`${MG}/theirs`, `${MG}/t9`, `${MG}/t9`]);
    },
  );

  it("hang below this tenant's root where whose a subscription is could not be read", async () => {
    const fake = tenant({
      "/subscriptions": new PermissionError("forbidden", "403"),
      ...assigned(assignment("a", `${MG}/new`, 1), assignment("b", "/", 1)),
    });
    for (const name of ["azure.management-groups", "azure.role-assignments"]) await fake.run(step(name));
    expect(fake.chain(`${MG}/new`)).toEqual([`${MG}/new`, ROOT, "/", "plane:azure"]);
    expect(fake.all("GRANTED").map(({ to }) => to.id)).toEqual([`${MG}/new`, "/"]);
  });

  it("say which account's containers were refused, and keep the others", async () => {
    const fake = await crawled({
      [`${ACCOUNT}/blobServices/default/containers`]: new PermissionError("forbidden", "403"),
    });
    expect(fake.gaps).toEqual([{ step: "azure.containers", scope: ACCOUNT, state: "failed", reason: "403" }]);
  });

  it("are asked of no account whose listing names no blob endpoint, but of one that was not listed", async () => {
    const files = {
      id: ACCOUNT,
      name: "acc",
      kind: "FileStorage",
      properties: { primaryEndpoints: { file: "https://acc.file.core.windows.net/" } },
    };
    const unlisted = ACCOUNT.replace(/acc$/, "old");
    const fake = await crawled({
      [`${S1}/providers/Microsoft.Storage/storageAccounts`]: [files],
      [`${ACCOUNT}/blobServices/default/containers`]: new ProviderError("http-400", "no blobs here"),
      ...assigned(assignment("a", unlisted, 1)),
    });
    expect(fake.gaps).toEqual([]);
    await fake.run(step("azure.containers"));
    expect(fake.gaps).toMatchObject([{ step: "azure.containers", scope: unlisted, state: "failed" }]);
  });

  it("do not take an interruption for a gap", async () => {
    const fake = tenant({ [`${MG}/alpha`]: new Interrupted("interrupted", "stopped") });
    await fake.run(step("azure.management-groups"));
    expect(fake.gaps).toMatchObject([{ step: "azure.management-groups", scope: "" }]);
  });
});

describe("network rules of an account", () => {
  it.each([
    [{ networkAcls: { defaultAction: "Allow" } }, "Allow", undefined],
    [{ networkAcls: { defaultAction: "allow" } }, "Allow", undefined],
    [{ networkAcls: { defaultAction: "DENY" } }, "Deny", "nowhere but future private endpoints"],
    [{ publicNetworkAccess: "enabled", networkAcls: { defaultAction: "Allow" } }, "Allow", undefined],
    [{ publicNetworkAccess: "", networkAcls: { defaultAction: "Allow" } }, "Allow", undefined],
    [{ publicNetworkAccess: "ByInvitation", networkAcls: { defaultAction: "Allow" } }, "unknown", undefined],
    [{ networkAcls: { defaultAction: "Ask" } }, "unknown", undefined],
    [
      { publicNetworkAccess: "Disabled", networkAcls: { defaultAction: "Allow" } },
      "Deny",
      "private endpoints",
    ],
    [
      {
        publicNetworkAccess: "Disabled",
        networkAcls: {
          defaultAction: "Deny",
          bypass: "AzureServices",
          ipRules: [{ value: "203.0.113.0/24" }],
          resourceAccessRules: [{}],
        },
      },
      "Deny",
      "private endpoints, 1 resource instance, trusted Azure services",
    ],
    [
      { publicNetworkAccess: "SecuredByPerimeter" },
      "Deny",
      "what its network security perimeter lets in, and private endpoints",
    ],
    [
      {
        networkAcls: {
          defaultAction: "Deny",
          bypass: "Logging, AzureServices",
          ipRules: ["1", "2", "3", "4"].map((value) => ({ value })),
          virtualNetworkRules: [{}],
          resourceAccessRules: [{}, {}],
        },
        privateEndpointConnections: [{}],
      },
      "Deny",
      "4 address ranges, 1 subnet, 2 resource instances, trusted Azure services, 1 private endpoint",
    ],
    [
      { networkAcls: { defaultAction: "Deny", bypass: "None" } },
      "Deny",
      "nowhere but future private endpoints",
    ],
    [{}, "unknown", undefined],
  ] as const)("%j are %s", (properties, network, from) => {
    const props = accountProps({ id: "a", name: "a", properties });
    expect([props.network, props.gates]).toEqual([
      network,
      from === undefined ? undefined : [`network: only from ${from}`],
    ]);
  });
});

it("every step declares reads that are reads, and what it needs", () => {
  for (const { id, reads, needs, after = [], follows = [], parts = [] } of azure.steps) {
    expect(id).toMatch(/^azure\./);
    expect(needs.length).toBeGreaterThan(0);
    for (const read of reads) expect(read).toMatch(/^(GET arm \/[\w/{}.]+|(GET|HEAD) blob \/[\w/{}$*]+)$/);
    for (const before of [...after, ...follows]) expect(step(before), `${id} after ${before}`).toBeDefined();
    for (const part of parts) expect(step(part.id), `${id} has part ${part.id}`).toBeUndefined();
  }
});
