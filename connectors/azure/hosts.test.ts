import { describe, expect, it } from "vitest";
import { smallTenant } from "../../simulator/testing.ts";
import { PermissionError } from "../../src/model.ts";
import { simulatedHttp } from "../../test/simulated-http.ts";
import type { FakeAnswer } from "./fixtures/fake.ts";
import {
  assigned,
  assignment,
  crawled,
  defined,
  definition,
  MG,
  OWNER,
  RG,
  ROOT,
  S1,
  S2,
  step,
  tenant,
} from "./fixtures/tenant.ts";
import { controlOf, resourceType } from "./host-control.ts";
import { hosts, managedIdentities } from "./hosts.ts";
import { evaluateBlock, type PermissionBlock } from "./rights.ts";

const VM = `${RG}/providers/microsoft.compute/virtualmachines/vm1`;
const SITE = `${RG}/providers/microsoft.web/sites/app1`;
const SHARED = `${RG}/providers/microsoft.managedidentity/userassignedidentities/shared`;
const IDENTITIES = `${S1}/providers/Microsoft.ManagedIdentity/userAssignedIdentities`;

/** A machine with an identity of its own and a shared one, a site with the shared one, and a disk. */
const resources: Record<string, FakeAnswer> = {
  [IDENTITIES]: [{ id: SHARED.toUpperCase(), name: "shared", properties: { principalId: "MI-SHARED" } }],
  [`${S1}/resources`]: [
    {
      id: VM.toUpperCase(),
      name: "vm1",
      identity: {
        type: "SystemAssigned, UserAssigned",
        principalId: "MI-VM",
        userAssignedIdentities: { [SHARED]: {} },
      },
    },
    {
      id: SITE,
      name: "app1",
      identity: { type: "UserAssigned", userAssignedIdentities: { [SHARED]: { principalId: "MI-SHARED" } } },
    },
    { id: `${RG}/providers/microsoft.compute/disks/d`, name: "d" },
  ],
};
const role = (permissions: PermissionBlock, ...scopes: string[]) =>
  crawled({
    ...resources,
    ...defined(OWNER, definition(5, "Role", permissions)),
    ...assigned(...scopes.map((scope, i) => assignment(`a${i}`, scope, 5))),
  });
/** Rights of a block as an assignment without a condition of its own gives them. */
const rightsOf = (block: PermissionBlock) => {
  const { allows, condition } = evaluateBlock(block);
  return { allows, conditions: condition === undefined ? [] : [condition] };
};
const controls = (fake: Awaited<ReturnType<typeof crawled>>) =>
  fake.all("CONTROLS").map(({ from, to, props }) => [from.id, to.id, props?.how]);

describe("hosts", () => {
  it("are placed with the identities that they run as, named by their own listing where the host does not", async () => {
    const fake = await crawled(resources);
    expect(fake.all("RUNS_AS").map(({ from, to }) => [from.id, to.id])).toEqual([
      [SHARED, "mi-shared"],
      [VM, "mi-shared"],
      [VM, "mi-vm"],
      [SITE, "mi-shared"],
    ]);
    expect(fake.nodes.get(`Scope ${VM}`)?.props).toMatchObject({ kind: "Resource", name: "vm1" });
    expect(fake.chain(VM)).toEqual(expect.arrayContaining([RG, S1, ROOT, "/"]));
    expect(fake.nodes.has(`Scope ${RG}/providers/microsoft.compute/disks/d`)).toBe(false);
    expect(fake.gaps).toEqual([]);
  });

  it.each([[{}], [null]])(
    "that run as an identity of which nobody tells the object id (%j) are a gap",
    async (answer) => {
      const away =
        "/subscriptions/s9/resourcegroups/g/providers/microsoft.managedidentity/userassignedidentities/u";
      const fake = await crawled({
        [`${S1}/resources`]: [
          {
            id: VM,
            name: "vm1",
            identity: { principalId: "MI-VM", userAssignedIdentities: { [away]: answer } },
          },
        ],
      });
      expect(fake.gaps).toMatchObject([
        {
          step: "azure.hosts",
          scope: S1,
          state: "partial",
          reason: expect.stringContaining(`${VM} as ${away}`),
        },
      ]);
      expect(fake.all("RUNS_AS").map(({ to }) => to.id)).toEqual(["mi-vm"]);
    },
  );

  it("that run as themselves, with nobody telling the object id, are a gap, and without an identity are none", async () => {
    const site = (identity: object | null) =>
      crawled({ [`${S1}/resources`]: [{ id: SITE, name: "s", identity }] });
    for (const type of ["SystemAssigned", "systemAssigned,UserAssigned"]) {
      const { gaps } = await site({ type, principalId: null });
      expect(gaps).toMatchObject([
        { step: "azure.hosts", reason: expect.stringContaining(`${SITE} as itself`) },
      ]);
    }
    for (const identity of [
      { type: "None" },
      { type: null },
      {},
      null,
      { type: "SystemAssigned", principalId: "p" },
    ])
      expect((await site(identity)).gaps).toEqual([]);
  });

  it("are kept beside planes that keys open, one for each resource group, and say when all were listed", async () => {
    const vault = (name: string) => ({ id: `${RG}/providers/microsoft.keyvault/vaults/${name}`, name });
    const fake = tenant(
      { [`${S1}/resources`]: [vault("v"), vault("w"), { id: VM, name: "vm" }] },
      { pageSize: 2 },
    );
    for (const id of ["azure.subscriptions", "azure.hosts"]) await fake.run(step(id));
    const id = `unknown:key-vault:${RG}`;
    expect([...fake.nodes.values()].map((node) => node.id)).toEqual(expect.arrayContaining([id, RG]));
    expect(fake.nodes.get(`Scope ${id}`)?.props).toMatchObject({ kind: "Unmodelled", listed: true });
    expect(fake.chain(id)[1]).toBe(RG);
    expect(fake.nodes.has(`Scope ${VM}`)).toBe(false);
    expect(fake.nodes.get(`Scope ${S1}`)?.props).toMatchObject({ name: "One", listed: true });
    // The first page has both vaults, and is not the last.
    for await (const { changes } of hosts.crawl(fake.context, { scope: S1, mode: "full" })) {
      const ids = changes.map((change) => ("put" in change && "id" in change.put ? change.put.id : ""));
      expect(ids.filter((one) => one === id)).toHaveLength(1);
      expect(JSON.stringify(changes)).not.toContain(`"kind":"Subscription","plane":"azure","listed"`);
      break;
    }
  });

  it("that were refused are a gap of their subscription, and take nothing away", async () => {
    const fake = await crawled({
      ...resources,
      [`${S1}/resources`]: new PermissionError("forbidden", "403"),
    });
    expect(fake.gaps).toEqual([{ step: "azure.hosts", scope: S1, state: "failed", reason: "403" }]);
    expect(fake.all("RUNS_AS").map(({ from }) => from.id)).toEqual([SHARED]);
    expect(fake.all("CONTROLS")).toEqual([]);
  });

  it("go on from the page where they stopped", async () => {
    const fake = tenant(resources, { pageSize: 1 });
    for (const id of ["azure.subscriptions", "azure.managed-identities"]) await fake.run(step(id));
    const pass = { scope: S1, mode: "full" as const };
    const first = await hosts.crawl(fake.context, pass).next();
    const cursor: string | undefined = first.value?.cursor;
    if (cursor === undefined) throw new Error("the first page names no cursor");
    const rest: string[] = [];
    for await (const page of hosts.crawl(fake.context, { ...pass, cursor }))
      for (const change of page.changes)
        if ("put" in change && change.put.kind === "RUNS_AS") rest.push(change.put.to.id!);
    expect(rest).toEqual(["mi-shared"]);
  });

  it("of the simulator answer as declared", async () => {
    const simulated = smallTenant();
    const { http } = simulatedHttp(simulated, [...hosts.reads, ...managedIdentities.reads]);
    const context = { ...tenant().context, http };
    const found = { hosts: 0, managedIdentities: 0 };
    for (let s = 0; s < simulated.size.subscriptions; s++)
      for (const [name, each] of Object.entries({ hosts, managedIdentities })) {
        const pass = { scope: simulated.places.subscriptionId(s), mode: "full" as const };
        for await (const { changes } of each.crawl(context, pass))
          for (const change of changes)
            if ("put" in change && change.put.kind === "RUNS_AS") found[name as keyof typeof found]++;
      }
    expect(found.managedIdentities).toBeGreaterThan(0);
    expect(found.hosts).toBeGreaterThan(found.managedIdentities);
  });
});

describe("who makes a host act", () => {
  it("controls every identity that the host runs as, at and below the assignment, once each", async () => {
    const fake = await role({ actions: ["Microsoft.Compute/*"] }, RG);
    expect(controls(fake)).toEqual([
      ["p1", "mi-shared", `microsoft.compute/virtualmachines/write on ${VM}`],
      ["p1", "mi-vm", `microsoft.compute/virtualmachines/write on ${VM}`],
    ]);
    expect(fake.all("CONTROLS").map(({ props }) => props?.key)).toEqual(
      Array(2).fill(`${RG}/providers/microsoft.authorization/roleassignments/a0`),
    );
  });

  it("counts from every level above, and not beside", async () => {
    const actions = { actions: ["Microsoft.Compute/virtualMachines/runCommand/action"] };
    expect(controls(await role(actions, "/")).map(([, to]) => to)).toEqual(["mi-shared", "mi-vm"]);
    expect(controls(await role(actions, VM)).map(([, to]) => to)).toEqual(["mi-shared", "mi-vm"]);
    expect(controls(await role(actions, S2, SITE))).toEqual([]);
  });

  it.each<[string, PermissionBlock, string | undefined]>([
    [VM, { actions: ["*"] }, "microsoft.compute/virtualmachines/write"],
    [VM, { actions: ["*/read"] }, undefined],
    [
      VM,
      { actions: ["*"], notActions: ["Microsoft.Compute/*", "Microsoft.Authorization/*/write"] },
      undefined,
    ],
    [
      VM,
      { actions: ["Microsoft.Compute/virtualMachines/extensions/*"] },
      "Microsoft.Compute/virtualMachines/extensions/write",
    ],
    [
      VM,
      { dataActions: ["Microsoft.Compute/virtualMachines/*"] },
      "Microsoft.Compute/virtualMachines/loginAsAdmin/action",
    ],
    [VM, { actions: ["Microsoft.Compute/virtualMachines/loginAsAdmin/action"] }, undefined],
    [SITE, { actions: ["Microsoft.Web/sites/publish/Action"] }, "Microsoft.Web/sites/publish/action"],
    [SITE, { actions: ["Microsoft.Web/sites/restart/action"] }, undefined],
    [
      SHARED,
      { actions: ["Microsoft.ManagedIdentity/*/assign/action"] },
      "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action",
    ],
    [VM, { actions: ["Microsoft.Authorization/*"] }, "Microsoft.Authorization/roleAssignments/write"],
    [VM, { actions: ["Microsoft.Authorization/*"], condition: "@Request[a] StringEquals 'b'" }, undefined],
    [
      "/subscriptions/s/resourcegroups/r/providers/contoso.bots/bots/b",
      { actions: ["Contoso.Bots/bots/*"] },
      "contoso.bots/bots/write",
    ],
  ])("of %s with %j is %s", (host, block, how) => {
    expect(controlOf(resourceType(host), [rightsOf(block)])?.action).toBe(how);
  });

  it("does so by any block of a role, though others give nothing", () => {
    const by = (...blocks: PermissionBlock[]) => controlOf(resourceType(VM), blocks.map(rightsOf))?.action;
    const nothing = { actions: ["*/read"] };
    expect(by(nothing, { actions: ["Microsoft.Compute/*"] })).toBe("microsoft.compute/virtualmachines/write");
    expect(by(nothing, { dataActions: ["*/login/action"] })).toBe(
      "Microsoft.Compute/virtualMachines/login/action",
    );
    const assigns = { actions: ["Microsoft.Authorization/*"] };
    expect(by(nothing, assigns)).toBe("Microsoft.Authorization/roleAssignments/write");
    expect(by({ ...assigns, condition: "x" }, assigns)).toBe("Microsoft.Authorization/roleAssignments/write");
    expect(by(nothing, { ...assigns, condition: "x" })).toBeUndefined();
  });

  it("counts from a management group for hosts of the subscriptions that it holds alone", async () => {
    const vm = `${S2}/resourcegroups/r/providers/microsoft.compute/virtualmachines/vm2`;
    const fake = await crawled({
      ...resources,
      [`${S2}/resources`]: [
        { id: vm, name: "vm2", identity: { type: "SystemAssigned", principalId: "MI-2" } },
      ],
      ...assigned(assignment("a", `${MG}/beta`, 2)),
    });
    expect(fake.all("RUNS_AS").map(({ to }) => to.id)).toContain("mi-2");
    expect(controls(fake).map(([, to]) => to)).toEqual(["mi-shared", "mi-vm"]);
  });

  it("may give itself more by assigning roles, unless a condition of the assignment or the role says which", async () => {
    const block = { actions: ["Microsoft.Authorization/*"] };
    const condition = "@Request[a] StringEquals 'b'";
    const of = async (more: object, permissions: PermissionBlock) =>
      controls(
        await crawled({
          ...resources,
          ...defined(definition(5, "Role", permissions)),
          ...assigned(assignment("a", RG, 5, more)),
        }),
      ).length;
    expect(await of({}, block)).toBe(2);
    expect(await of({ condition: " " }, block)).toBe(2);
    // One that does not concern assigning roles narrows it in nothing.
    expect(
      await of({ condition: "!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})" }, block),
    ).toBe(0);
    expect(
      await of({ condition: "!(ActionMatches{'Microsoft.Authorization/roleAssignments/delete'})" }, block),
    ).toBe(2);
    expect(await of({ condition }, block)).toBe(0);
    expect(await of({}, { ...block, condition })).toBe(0);
  });

  it("may give itself more by assigning roles where a condition leaves it a choice of them, with its limit in words", async () => {
    const block = { actions: ["Microsoft.Authorization/roleAssignments/write"] };
    const not = (n: string) =>
      `((!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})) OR (@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAllValues:GuidNotEquals {${n}}))`;
    const of = async (more: object, ...permissions: PermissionBlock[]) =>
      controls(
        await crawled({
          ...resources,
          ...defined(definition(5, "Role", ...permissions)),
          ...assigned(assignment("a", RG, 5, more)),
        }),
      ).map(([, to, how]) => [to, how]);
    const owner = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
    const how = `Microsoft.Authorization/roleAssignments/write on ${VM}`;
    expect(await of({ condition: not(owner) }, block)).toEqual([
      ["mi-shared", expect.stringContaining("roleAssignments/write on")],
      ["mi-vm", `${how}, where request: assigned role is not '${owner}'`],
    ]);
    const twice = await of(
      { condition: not(owner) },
      { ...block, condition: not("18d7d88d-d35e-4fb5-a5c3-7773c20a72d9") },
    );
    expect(twice[1]?.[1]).toMatch(/ is not '8e3af657.* and .* is not '18d7d88d/);
    expect(await of({}, { ...block, condition: not(owner) }, block)).toContainEqual(["mi-vm", how]);
    const never = "!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})";
    const some = await of({}, { ...block, condition: never }, { ...block, condition: not(owner) });
    expect(some[1]?.[1]).toMatch(/, where request: assigned role is not '8e3af657/);
  });

  it("names the first host through which it gets an identity", async () => {
    const fake = await crawled({ ...resources, ...assigned(assignment("a", RG, 2)) });
    expect(controls(fake)).toEqual([
      ["p1", "mi-shared", `microsoft.compute/virtualmachines/write on ${VM}`],
      ["p1", "mi-vm", `microsoft.compute/virtualmachines/write on ${VM}`],
    ]);
  });

  it("is not known of a role that was not read", async () => {
    const fake = await crawled({ ...resources, ...assigned(assignment("a", RG, 77)) });
    expect(controls(fake)).toEqual([]);
    expect(fake.all("GRANTED").map(({ props }) => props?.unknown)).toEqual([true]);
  });

  it("does not control itself", async () => {
    const fake = await crawled({
      ...resources,
      ...assigned(assignment("a", RG, 2, { principalId: "mi-vm" })),
    });
    expect(controls(fake).map(([, to]) => to)).toEqual(["mi-shared"]);
  });

  it("tells types of nested resources apart", () => {
    expect(resourceType(`${SITE}/slots/blue`)).toBe("microsoft.web/sites/slots");
    expect(resourceType(RG)).toBe("");
  });
});
