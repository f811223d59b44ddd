import { describe, expect, it } from "vitest";
import { PermissionError } from "../../src/model.ts";
import {
  ACCOUNT,
  assigned,
  assignment,
  B,
  container,
  crawled,
  defined,
  definition,
  EVERY_KEY_ACTION,
  grantsAt,
  guid,
  READER,
  RG,
  ROOT,
  S1,
  S2,
  step,
  tenant,
} from "./fixtures/tenant.ts";

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
    expect(grantsAt(fake, RG)).toMatchObject([
      { unknown: true, reason_code: "role-unread", read: false, tier: "now" },
    ]);
    expect(fake.gaps).toMatchObject([
      { step: "azure.role-definitions", scope: S1, state: "partial" },
      { step: "azure.role-assignments", scope: S1, state: "partial" },
    ]);
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
    expect(fake.gaps.filter(({ step }) => step === "azure.role-definitions")).toEqual([
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
