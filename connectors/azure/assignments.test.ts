import { describe, expect, it } from "vitest";
import type { Transport } from "../../src/collect/http.ts";
import type { Page } from "../../src/connector.ts";
import { PermissionError, ProviderError } from "../../src/model.ts";
import type { RelRecord } from "../../src/schema.ts";
import { scopeOfAssignment, scopeRecords } from "./assignments.ts";
import type { FakeAnswer } from "./fixtures/fake.ts";
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
import { noneWithoutLicence } from "./role-assignments.ts";
import { hidesConditions } from "./role-definitions.ts";

const DEFINITIONS = "/providers/Microsoft.Authorization/roleDefinitions";

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
    // It is said once, and with the reason that it has.
    expect(fake.gaps[0]?.reason).toMatch(/^[^;]*not recorded[^;]*$/);
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

  it("name planes that they open by keys where a resource of the plane is there, or may be", async () => {
    const search = `${RG}/providers/microsoft.search/searchservices/index`;
    const opened = async (scope: string, resources: FakeAnswer, ...actions: string[]) => {
      const fake = await crawled({
        [`${S1}/resources`]: resources,
        ...defined(definition(4, "Keys", { actions })),
        ...assigned(assignment("a", scope, 4)),
      });
      return fake.all("GRANTED").map(({ to, props }) => [to.id, props?.unknown, props?.reason_code]);
    };
    const row = (plane: string, scope: string) => [`unknown:${plane}:${scope}`, true, "plane-not-modelled"];
    const there = [{ id: search.toUpperCase(), name: "index" }];
    const any = ["*/listAdminKeys/action", "*/administrators/write"];
    for (const scope of [RG, S1, ROOT, search])
      expect(await opened(scope, there, ...any)).toEqual([row("ai-search", scope)]);
    // Elsewhere there is none: the assignment is a fact, and no more.
    expect(await opened(ACCOUNT, there, ...any)).toEqual([[ACCOUNT, undefined, undefined]]);
    expect(await opened(RG, [], ...any)).toEqual([[RG, undefined, undefined]]);
    const unread = await opened(RG, new PermissionError("forbidden", "403"), ...any);
    expect(unread).toEqual(
      ["ai-search", "sql", "postgresql", "mysql", "synapse"].map((plane) => row(plane, RG)),
    );
    // What a role names is what somebody meant to give.
    expect(await opened(RG, [], "Microsoft.Search/searchServices/*")).toEqual([row("ai-search", RG)]);
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

  it("are read to the end where there are none, and definitions only once however many pages there are", async () => {
    const fake = tenant(assigned());
    await fake.run(step("azure.subscriptions"));
    const pages: Page[] = [];
    for await (const page of step("azure.role-assignments").crawl(fake.context, { scope: S1, mode: "full" }))
      pages.push(page);
    expect(pages).toEqual([{ changes: [] }]);
    expect(fake.requests.filter((path) => path.includes("roledefinitions"))).toEqual([]);
    const many = await crawled(assigned(...["a", "b", "c"].map((name) => assignment(name, RG, 1))), {
      pageSize: 1,
    });
    expect(many.requests.filter((path) => path === `${S1}${DEFINITIONS}`.toLowerCase())).toHaveLength(1);
  });

  const OLD = "2018-09-01-preview";
  const NEW = "2022-05-01-preview";
  it.each([
    ["assignments", OLD, NEW, NEW, ["condition-unread"]],
    ["definitions", NEW, OLD, NEW, ["condition-unread"]],
    ["one definition by itself", NEW, NEW, OLD, ["condition-unread"]],
    ["definitions, though not of assignments,", NEW, "2022-04-01", NEW, ["condition-unread"]],
    ["none, of assignments", "2022-04-01", NEW, NEW, [undefined]],
    ["none", NEW, NEW, NEW, [undefined]],
  ])("are an upper bound where answers of %s hide conditions", async (_, listed, roles, one, expected) => {
    const fake = tenant({
      [`${S1}${DEFINITIONS}/${guid(77)}`]: definition(77, "Below", { dataActions: [`${B}/read`] }),
      ...assigned(assignment("a", RG, 77)),
    });
    await fake.run(step("azure.subscriptions"));
    const http: Transport = {
      ...fake.context.http,
      get: async <T>(api: "graph" | "arm", path: string) => ({
        ...(await fake.context.http.get<T>(api, path)),
        recordedApiVersion: one,
      }),
      async *pages<T>(api: "graph" | "arm", path: string) {
        const recordedApiVersion = /roleDefinitions/i.test(path) ? roles : listed;
        for await (const page of fake.context.http.pages<T>(api, path)) yield { ...page, recordedApiVersion };
      },
    };
    const context = { ...fake.context, http };
    const reasons: unknown[] = [];
    for await (const page of step("azure.role-assignments").crawl(context, { scope: S1, mode: "full" }))
      for (const change of page.changes)
        if ("put" in change && change.put.kind === "GRANTED") reasons.push(change.put.props?.reason_code);
    expect(reasons).toEqual(expected);
  });

  it("hide conditions before the version that answers them", () => {
    const hides = (version?: string) => hidesConditions(version) !== undefined;
    expect([
      hides("2020-03-01"),
      hides("2020-02-29-preview"),
      hides("2020-03-01-preview"),
      hides(undefined),
    ]).toEqual([false, true, false, false]);
  });

  /** A tenant whose service knows role definitions at some api-versions only, and what it was asked. */
  const knowing = async (
    known: readonly string[],
    refusal = new ProviderError("http-400", "no such version"),
  ) => {
    const fake = tenant({ ...defined(definition(8, "Bound", BOUND)), ...assigned(assignment("a", RG, 8)) });
    await fake.run(step("azure.subscriptions"));
    const asked: string[] = [];
    const http: Transport = {
      ...fake.context.http,
      async *pages<T>(api: "graph" | "arm", path: string) {
        const version = /roleDefinitions\?api-version=(.*)$/i.exec(path)?.[1];
        if (version !== undefined) asked.push(version);
        if (version !== undefined && !known.includes(version)) throw refusal;
        for await (const page of fake.context.http.pages<{ properties: object }>(api, path))
          yield {
            ...page,
            items: page.items.map((item) => (version === "2022-04-01" ? unbound(item) : item)) as T[],
          };
      },
    };
    const pass = { scope: S1, mode: "full" as const };
    const puts: NonNullable<RelRecord<"GRANTED">["props"]>[] = [];
    const gaps: unknown[] = [];
    for await (const page of step("azure.role-assignments").crawl({ ...fake.context, http }, pass)) {
      gaps.push(...(page.gaps ?? []).map(({ step, reason }) => `${step}: ${reason}`));
      for (const change of page.changes)
        if ("put" in change && change.put.kind === "GRANTED") puts.push(change.put.props!);
    }
    return { asked, puts, gaps };
  };
  const BOUND = {
    actions: ["Microsoft.Authorization/roleAssignments/write"],
    condition:
      "@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {00000000-0000-4000-8000-000000000001}",
  };
  const unbound = (item: { properties: object }) => {
    const permissions = [{ actions: BOUND.actions }];
    return { ...item, properties: { ...item.properties, permissions } };
  };

  it("of a built-in role under a condition say what it leaves, as definitions are read where they show it", async () => {
    const { asked, puts, gaps } = await knowing(["2022-05-01-preview", "2022-04-01"]);
    expect(asked).toEqual(["2022-05-01-preview"]);
    expect(puts).toMatchObject([
      { assign: true, certainty: "exact", residual: expect.stringContaining("role") },
    ]);
    expect(gaps).toEqual([]);
  });

  it("are an upper bound where a service knows no version that shows conditions of definitions", async () => {
    for (const code of ["http-400", "not-found"]) {
      const { asked, puts, gaps } = await knowing(["2022-04-01"], new ProviderError(code, "no such version"));
      expect(asked).toEqual(["2022-05-01-preview", "2022-04-01"]);
      expect(puts).toMatchObject([
        { assign: true, certainty: "upper-bound", reason_code: "condition-unread" },
      ]);
      expect(gaps).toEqual([
        "azure.conditions: read at api-version 2022-04-01, as 2022-05-01-preview is refused: conditions are hidden",
      ]);
    }
    const { asked, puts } = await knowing([], new PermissionError("forbidden", "403"));
    expect(asked).toEqual(["2022-05-01-preview"]);
    expect(puts).toMatchObject([{ unknown: true }]);
  });

  it("say that a later page of definitions was refused, which is no question of the version", async () => {
    const fake = tenant(assigned(assignment("a", RG, 1)));
    await fake.run(step("azure.subscriptions"));
    const asked: string[] = [];
    const http: Transport = {
      ...fake.context.http,
      async *pages<T>(api: "graph" | "arm", path: string) {
        yield* fake.context.http.pages<T>(api, path);
        if (!/roleDefinitions/i.test(path)) return;
        asked.push(path);
        throw new ProviderError("http-400", "no such page");
      },
    };
    const pass = { scope: S1, mode: "full" as const };
    const pages: Page[] = [];
    for await (const page of step("azure.role-assignments").crawl({ ...fake.context, http }, pass))
      pages.push(page);
    expect(asked).toHaveLength(1);
    expect(pages.flatMap(({ gaps }) => gaps ?? [])).toMatchObject([
      { step: "azure.role-definitions", state: "failed", reason: "no such page" },
      { step: "azure.role-assignments", state: "partial" },
    ]);
  });

  it("of a role without a name say its id, and nothing where it gives nothing", async () => {
    const nameless = { ...definition(6, ""), properties: { permissions: [] } };
    const fake = await crawled({ ...defined(nameless), ...assigned(assignment("a", RG, 6)) });
    expect(grantsAt(fake, RG)).toMatchObject([{ role: guid(6), read: false, certainty: "exact" }]);
    expect(fake.gaps).toEqual([]);
  });

  it("of a role whose definition tells no permissions stay unknown, and say so", async () => {
    for (const permissions of [null, undefined]) {
      const untold = { ...definition(6, ""), properties: { roleName: "Untold", permissions } };
      const fake = await crawled({ ...defined(untold), ...assigned(assignment("a", RG, 6)) });
      expect(grantsAt(fake, RG)).toMatchObject([{ unknown: true, reason_code: "role-unread" }]);
      expect(fake.gaps).toMatchObject([
        { step: "azure.role-definitions", reason: expect.stringContaining("told without permissions") },
        { step: "azure.role-assignments", state: "partial" },
      ]);
    }
  });

  it("ask for no role that would be refused again, nor by what is no id", async () => {
    const refused = await crawled({
      [`${S1}${DEFINITIONS}`]: new PermissionError("forbidden", "403"),
      ...assigned(assignment("a", RG, 77)),
    });
    const odd = await crawled(assigned(assignment("a", RG, 1, { roleDefinitionId: "/x/y%20z" })));
    for (const fake of [refused, odd]) {
      expect(fake.requests.filter((path) => /roledefinitions\//.test(path))).toEqual([]);
      expect(grantsAt(fake, RG)).toMatchObject([{ unknown: true }]);
    }
  });

  it.each([
    [`${RG}/providers/Microsoft.Authorization/roleAssignments/a`, undefined, RG],
    [`${RG}/providers/Microsoft.Authorization/roleAssignments/a`, S1, S1],
    ["/providers/Microsoft.Authorization/roleAssignments/a", undefined, "/"],
    ["a", undefined, "/"],
    [`${RG}/providers/Microsoft.Authorization/roleAssignments/a`, " ", RG],
    [`${RG}/providers/Microsoft.Authorization/roleAssignments/a`, null, RG],
    ["a", `/providers/Microsoft.Subscription${RG}/`, RG],
    [`providers/Microsoft.Subscription${S1}/providers/Microsoft.Authorization/x/a`, undefined, S1],
    ["a", "/providers/Microsoft.Subscription/others/x", "/providers/microsoft.subscription/others/x"],
  ])("whose id is %s and whose scope is %s are at %s", (id, scope, expected) => {
    expect(scopeOfAssignment(id, scope)).toBe(expected);
  });

  it("name what no listing names", () => {
    expect(scopeRecords(`${RG}/providers/Contoso.Vaults/vaults/V1`)[0]).toMatchObject({
      props: { name: "V1" },
    });
    expect(scopeRecords(RG)[0]).not.toMatchObject({ props: { name: expect.anything() } });
  });

  it("at the blob service of an account whose containers were not read are kept", async () => {
    const fake = await crawled({
      [`${ACCOUNT}/blobServices/default/containers`]: new PermissionError("forbidden", "403"),
      ...assigned(assignment("a", `${ACCOUNT}/blobServices/default`, 1)),
    });
    expect(grantsAt(fake, `${ACCOUNT}/blobservices/default`)).toMatchObject([{ read: true }]);
  });

  it("at another service of the account hold no containers", async () => {
    const fake = await crawled(assigned(assignment("a", `${ACCOUNT}/queueServices/default`, 1)));
    expect(fake.chain(container("hr"))[1]).toBe(ACCOUNT);
  });

  it("at the blob service hold the containers of the account", async () => {
    const fake = await crawled(assigned(assignment("a", `${ACCOUNT}/blobServices/default`, 1)));
    expect(fake.chain(container("hr"))[1]).toBe(`${ACCOUNT}|${ACCOUNT}/blobservices/default`);
  });
});

describe("eligible assignments", () => {
  const ELIGIBLE = `${S1}/providers/Microsoft.Authorization/roleEligibilityScheduleInstances`;

  it("whose role cannot be read are a gap of their own step", async () => {
    const fake = await crawled({ [ELIGIBLE]: [assignment("e", RG, 77)] });
    expect(fake.gaps.map(({ step }) => step)).toEqual([
      "azure.role-definitions",
      "azure.eligible-assignments",
    ]);
  });

  it("are none in a tenant without their licence, and a gap where another thing fails", async () => {
    const unlicensed = await crawled({ [ELIGIBLE]: new ProviderError("not-licensed", "Premium P2") });
    expect(unlicensed.gaps).toEqual([]);
    const failed = await crawled({ [ELIGIBLE]: new ProviderError("http-400", "bad request") });
    expect(failed.gaps).toMatchObject([{ step: "azure.eligible-assignments", scope: S1, state: "failed" }]);
  });

  it("of which a page was read are not taken for none, nor are active ones, whatever is said of licences", async () => {
    const unlicensed = new ProviderError("not-licensed", "Premium P2");
    const active = await crawled({ [`${S1}/providers/Microsoft.Authorization/roleAssignments`]: unlicensed });
    expect(active.gaps).toMatchObject([{ step: "azure.role-assignments", scope: S1, state: "failed" }]);
    const pages = async function* () {
      yield { changes: [] };
      throw unlicensed;
    };
    const reading = noneWithoutLicence(pages());
    expect(await reading.next()).toMatchObject({ value: { changes: [] } });
    await expect(reading.next()).rejects.toBe(unlicensed);
  });

  it("without an end have none", async () => {
    for (const endDateTime of [null, ""]) {
      const fake = await crawled({ [ELIGIBLE]: [assignment("e", RG, 1, { endDateTime })] });
      expect(grantsAt(fake, RG)).toMatchObject([{ read: true, tier: "potential" }]);
      expect(grantsAt(fake, RG)[0]).not.toHaveProperty("expires");
    }
  });

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
