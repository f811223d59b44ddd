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
  OWNER,
  READER,
  RG,
  ROOT,
  S1,
} from "./fixtures/tenant.ts";
import { grantRecords } from "./grants.ts";
import { placesOfPaths } from "./path-sets.ts";
import { evaluateBlock } from "./rights.ts";

describe("conditions", () => {
  const CONTAINER = "@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name]";
  const when = (expression: string) => `((!(ActionMatches{'${B}/read'})) OR (${expression}))`;
  const conditioned = (condition: string, role = 1, scope = RG) =>
    crawled({
      ...defined(
        READER,
        OWNER,
        definition(5, "Contributor", { dataActions: [`${B}/read`, `${B}/write`, `${B}/delete`] }),
        definition(6, "Superuser", { dataActions: [`${B}/read`, `${B}/runAsSuperUser/action`] }),
      ),
      ...assigned(assignment("a", scope, role, { condition, conditionVersion: "2.0" })),
    });

  it("on the container's name grant only where it holds", async () => {
    const fake = await conditioned(when(`${CONTAINER} StringEquals 'finance'`));
    expect(grantsAt(fake, container("finance"))).toMatchObject([
      { read: true, tier: "now", certainty: "exact", key: expect.stringMatching(/\/a$/) },
    ]);
    for (const name of ["residual", "expires", "reason_code"])
      expect(grantsAt(fake, container("finance"))[0]).not.toHaveProperty(name);
    expect(grantsAt(fake, container("hr"))).toEqual([]);
    expect(grantsAt(fake, RG).every((grant) => !grant.read)).toBe(true);
  });

  it("leave actions that they do not target at the scope, unconditioned", async () => {
    const fake = await conditioned(when(`${CONTAINER} StringEquals 'finance'`), 5);
    expect(grantsAt(fake, RG)).toMatchObject([{ read: false, write: true, delete: true, tier: "now" }]);
    expect(grantsAt(fake, container("finance"))).toMatchObject([{ read: true, write: false }]);
  });

  it("do not bind a superuser where the namespace is hierarchical, unless they target that action too", async () => {
    const expression = `${CONTAINER} StringEquals 'finance'`;
    const unbound = await conditioned(when(expression), 6);
    expect(grantsAt(unbound, ACCOUNT)).toMatchObject([{ read: true, tier: "now", certainty: "exact" }]);
    const bound = await conditioned(
      `((!(ActionMatches{'${B}/read'}) AND !(ActionMatches{'${B}/runAsSuperUser/action'})) OR (${expression}))`,
      6,
    );
    expect(grantsAt(bound, ACCOUNT)).toEqual([]);
    expect(grantsAt(bound, container("finance"))).toMatchObject([{ read: true }]);
    expect(grantsAt(bound, container("hr"))).toEqual([]);
  });

  it("of version 1.0 that guard reading by its suboperation bind reading", async () => {
    const guarded = `((!(ActionMatches{'${B}/read'} AND @Request[subOperation] ForAnyOfAnyValues:StringEqualsIgnoreCase {'Blob.Read.WithTagConditions'})) OR (${CONTAINER} StringEquals 'finance'))`;
    const fake = await conditioned(guarded);
    expect(grantsAt(fake, container("finance"))).toMatchObject([{ read: true }]);
    expect(grantsAt(fake, container("hr"))).toEqual([]);
    // Listing is another suboperation, which this does not guard.
    expect(grantsAt(fake, RG)).toMatchObject([{ read: false, see: true }]);
  });

  it("let writing pass where one way of writing passes", async () => {
    const withTags = `((!(ActionMatches{'${B}/write'} AND NOT SubOperationMatches{'Blob.Write.WithTagHeaders'})) OR (${CONTAINER} StringEquals 'x'))`;
    const fake = await conditioned(withTags, 5);
    expect(grantsAt(fake, RG)).toMatchObject([{ write: true, certainty: "exact" }]);
  });

  it("with one comparison that is not understood are open only as far as it decides", async () => {
    const odd = "@Resource[x] Resembles 'y'";
    const fake = await conditioned(
      `(!(ActionMatches{'${B}/read'}) OR ${odd}) AND (!(ActionMatches{'${B}/delete'}) OR ${CONTAINER} StringEquals 'hr')`,
      5,
    );
    expect(grantsAt(fake, RG)).toMatchObject([
      {
        read: true,
        certainty: "upper-bound",
        reason_code: "condition-unparsed",
        residual: expect.stringContaining(odd),
      },
      { write: true, read: false, certainty: "exact" },
    ]);
    expect(grantsAt(fake, container("hr"))).toMatchObject([{ delete: true }]);
  });

  it("on attributes that no page names keep the right as an upper bound, whatever their source", async () => {
    for (const name of ["@Resource[a:b]", "@Request[a:b]", "@Environment[a:b]", "@Principal[a:b]"]) {
      const fake = await conditioned(when(`${name} StringEquals 'x'`));
      expect(
        grantsAt(fake, RG).filter(({ read }) => read),
        name,
      ).toMatchObject([
        {
          certainty: "upper-bound",
          reason_code: "condition-unread",
          residual: expect.stringContaining("a:b"),
        },
      ]);
    }
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

  it("on containers grant in the scope of the assignment alone, not all over the subscription", async () => {
    const elsewhere = `${S1}/resourcegroups/other/providers/microsoft.storage/storageaccounts/two`;
    const there = `${elsewhere}/blobservices/default/containers/finance`;
    const places = (scope: string, expression = `${CONTAINER} StringEquals 'finance'`) =>
      crawled({
        [`${S1}/providers/Microsoft.Storage/storageAccounts`]: [ACCOUNT, elsewhere].map((id) => ({
          id,
          name: id.slice(-3),
          properties: { primaryEndpoints: { blob: `https://${id.slice(-3)}.blob.core.windows.net/` } },
        })),
        [`${elsewhere}/blobServices/default/containers`]: [{ id: there, name: "finance", properties: {} }],
        ...assigned(assignment("a", scope, 1, { condition: when(expression) })),
      });
    expect(grantsAt(await places(RG), there)).toEqual([]);
    expect(grantsAt(await places(S1), there)).toMatchObject([{ read: true }]);
    expect(grantsAt(await places(ROOT), there)).toMatchObject([{ read: true }]);
    const setsOf = async (scope: string) =>
      [...(await places(scope, `@Resource[${B}:path] StringLike 'a/*'`)).nodes.values()].filter(
        ({ props }) => props.kind === "PathSet",
      ).length;
    expect([await setsOf(RG), await setsOf(ACCOUNT), await setsOf(there)]).toEqual([2, 2, 1]);
    expect([await setsOf(S1), await setsOf(ROOT)]).toEqual([3, 3]);
  });

  it("on accounts or containers where none is known keep the right, as an upper bound", async () => {
    for (const scope of [RG, ACCOUNT]) {
      const fake = await crawled({
        [`${S1}/providers/Microsoft.Storage/storageAccounts`]: [],
        ...assigned(assignment("a", scope, 1, { condition: when(`${CONTAINER} StringEquals 'x'`) })),
      });
      expect(grantsAt(fake, scope)).toMatchObject([
        { read: true, tier: "now", certainty: "upper-bound", reason_code: "condition-unread" },
      ]);
    }
  });

  it("on what is not known of an account keep the right in its containers, as an upper bound", () => {
    const condition = when("@Resource[Microsoft.Storage/storageAccounts:isHnsEnabled] BoolEquals true");
    const records = grantRecords(
      { id: "/a", principalId: "p", scope: RG, condition, tier: "now", expires: undefined },
      { name: "Reader", blocks: [evaluateBlock({ dataActions: [`${B}/read`] })] },
      {
        subscription: S1,
        storage: { accounts: [{ id: ACCOUNT, hns: undefined }], containers: () => [container("hr")] },
        conditionsHidden: false,
        keyed: { groups: [], complete: true },
      },
    );
    expect(records).toMatchObject([
      {
        to: { id: container("hr") },
        props: { read: true, certainty: "upper-bound", reason_code: "condition-unread" },
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

  it("on paths make a place of what satisfies them in each container, beside the conditional right", async () => {
    const path = `@Resource[${B}:path] StringLike 'approved/*'`;
    const fake = await conditioned(when(path));
    expect(grantsAt(fake, RG)).toMatchObject([
      { read: true, tier: "conditional", reason_code: "condition-item", certainty: "exact" },
    ]);
    const sets = [...fake.nodes.values()].filter(({ props }) => props.kind === "PathSet");
    expect(sets.map(({ id }) => fake.chain(id)[1])).toEqual([container("finance"), container("hr")]);
    for (const { id, props } of sets) {
      expect(props).toMatchObject({
        plane: "azure",
        name: expect.stringContaining("where resource: blob path is like"),
      });
      expect(grantsAt(fake, id)).toMatchObject([
        {
          read: true,
          tier: "now",
          certainty: "exact",
          flow: "containment",
          residual: expect.stringContaining("approved"),
        },
      ]);
      expect(grantsAt(fake, id)[0]).not.toHaveProperty("reason_code");
    }
    const placeOf = await placesOfPaths(fake.context, container("hr"));
    expect(placeOf("approved/a.txt")).toBe(sets[1]!.id);
    expect(placeOf("Approved/a.txt")).toBe(container("hr"));
    expect(await placesOfPaths(fake.context, container("other"))).toSatisfy(
      (place) => place("approved/a") === container("other"),
    );
  });

  it("on paths and on more make a place only where the rest is known before the request", async () => {
    const path = `@Resource[${B}:path] StringLike 'a/*'`;
    const setsOf = async (text: string) =>
      [...(await conditioned(when(text))).nodes.values()].filter(({ props }) => props.kind === "PathSet")
        .length;
    expect(await setsOf(`${path} AND ${CONTAINER} StringEquals 'hr'`)).toBe(1);
    expect(await setsOf(`${path} OR ${CONTAINER} StringEquals 'hr'`)).toBe(1);
    expect(await setsOf(`${path} AND @Environment[isPrivateLink] BoolEquals true`)).toBe(0);
    expect(await setsOf(`${path} AND @Resource[${B}/tags:P<$key_case_sensitive$>] StringEquals 'x'`)).toBe(0);
    expect(await setsOf(`${path} AND @Principal[x] StringEquals 'y'`)).toBe(2);
    expect(await setsOf("@Principal[x] StringEquals 'y'")).toBe(0);
    expect(await setsOf(`@Request[${B}:prefix] StringStartsWith 'a'`)).toBe(0);
  });

  it("on paths that overlap leave what both hold to the container, so that it is counted once", async () => {
    const of = (pattern: string) => when(`@Resource[${B}:path] StringLike '${pattern}'`);
    const fake = await crawled({
      ...defined(READER, OWNER),
      ...assigned(
        assignment("a", container("hr"), 1, { condition: of("a*") }),
        assignment("b", container("hr"), 1, { condition: of("*z") }),
      ),
    });
    const placeOf = await placesOfPaths(fake.context, container("hr"));
    expect([placeOf("a1"), placeOf("1z")].map((id) => id.includes("/where:"))).toEqual([true, true]);
    expect(placeOf("a1")).not.toBe(placeOf("1z"));
    expect([placeOf("az"), placeOf("b")]).toEqual([container("hr"), container("hr")]);
  });

  it("on paths whose text was not kept hold no path", async () => {
    const fake = await crawled();
    const known = async function* () {
      yield { kind: "Scope" as const, id: `${container("hr")}/where:x`, props: { kind: "PathSet" } };
    };
    const placeOf = await placesOfPaths({ ...fake.context, known }, container("hr"));
    expect(placeOf("a")).toBe(container("hr"));
  });

  it("on path or tags put the right in the conditional tier, as a matter of items", async () => {
    const fake = await conditioned(
      when(`@Resource[${B}/tags:Project<$key_case_sensitive$>] StringEquals 'X'`),
    );
    expect(grantsAt(fake, RG)).toMatchObject([
      { read: true, tier: "conditional", reason_code: "condition-item" },
    ]);
  });

  it("on the version or snapshot that is asked for are a matter of items, and nothing that listing could meet", async () => {
    const either = `Exists @Request[${B}:snapshot] OR @Resource[${B}:isCurrentVersion] BoolEquals true`;
    const guarded = `((!(ActionMatches{'${B}/read'} AND NOT SubOperationMatches{'Blob.List'})) OR (${either}))`;
    expect(grantsAt(await conditioned(guarded), RG)).toMatchObject([
      { read: true, tier: "conditional", reason_code: "condition-item" },
      { read: false, see: true, tier: "now", certainty: "exact" },
    ]);
    const grants = grantsAt(await conditioned(`Exists @Request[${B}:versionId]`, 5), RG);
    expect(grants).toMatchObject([
      {
        read: true,
        delete: true,
        write: false,
        see: false,
        tier: "conditional",
        reason_code: "condition-item",
      },
    ]);
  });

  it("on the prefix that is asked for are met by listing alone, on new tags by writing alone", async () => {
    const prefix = await conditioned(`@Request[${B}:prefix] StringStartsWith 'x'`, 5);
    expect(grantsAt(prefix, RG)).toMatchObject([
      { read: false, write: false, delete: false, see: true, tier: "now", certainty: "exact" },
    ]);
    const superuser = await conditioned(`@Request[${B}:prefix] StringStartsWith 'x'`, 6);
    expect(grantsAt(superuser, RG).filter(({ read }) => read)).toEqual([]);
    const tags = await conditioned(`@Request[${B}/tags:Project] StringEquals 'x'`, 5);
    expect(grantsAt(tags, RG)).toMatchObject([{ read: false, write: true, delete: false, see: false }]);
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

  it("that old recordings hide are one more doubt about a condition that was not understood, and not instead of it", async () => {
    const fake = await crawled(
      assigned(
        assignment("a", RG, 1, { condition: "once upon a time" }),
        assignment("b", RG, 1, { condition: "@Environment[isPrivateLink] BoolEquals true" }),
      ),
      { recordedApiVersion: "2018-09-01-preview" },
    );
    expect(grantsAt(fake, RG)).toMatchObject([
      { certainty: "upper-bound", reason_code: "condition-unparsed" },
      { certainty: "upper-bound", reason_code: "condition-unread", tier: "conditional" },
    ]);
  });

  it("of one block take nothing from what another block gives, and both are heard", async () => {
    const of = (...conditions: (string | undefined)[]) =>
      crawled({
        ...defined(
          definition(
            6,
            "Blocks",
            ...conditions.map((condition) => ({
              dataActions: [`${B}/read`],
              ...(condition && { condition }),
            })),
          ),
        ),
        ...assigned(assignment("a", RG, 6)),
      });
    const named = (name: string) => `${CONTAINER} StringEquals '${name}'`;
    for (const conditions of [
      [undefined, named("hr")],
      [named("hr"), undefined],
    ])
      expect(grantsAt(await of(...conditions), RG)).toMatchObject([
        { read: true, tier: "now", certainty: "exact" },
      ]);
    const both = await of(named("hr"), named("finance"));
    for (const name of ["hr", "finance"])
      expect(grantsAt(both, container(name))).toMatchObject([{ read: true }]);
  });

  it("of a role and of its assignment bind both", async () => {
    const hns = "@Resource[Microsoft.Storage/storageAccounts:isHnsEnabled] BoolEquals";
    const of = async (value: boolean) =>
      crawled({
        ...defined(
          definition(6, "Both", {
            dataActions: [`${B}/read`],
            condition: `${CONTAINER} StringEquals 'hr'`,
          }),
        ),
        ...assigned(assignment("a", RG, 6, { condition: `${hns} ${value}` })),
      });
    const fake = await of(true);
    expect(grantsAt(fake, container("hr"))).toMatchObject([{ read: true, tier: "now", certainty: "exact" }]);
    expect(grantsAt(fake, container("finance"))).toEqual([]);
    expect((await of(false)).all("GRANTED").some(({ props }) => props?.read)).toBe(false);
  });

  it("on places say nothing of assigning roles, which is not done there", async () => {
    for (const condition of [`${CONTAINER} StringEquals 'hr'`, `@Resource[${B}:path] StringLike 'a/*'`]) {
      const fake = await conditioned(condition, 2, container("hr"));
      expect(grantsAt(fake, container("hr")).filter(({ assign }) => assign)).toMatchObject([
        { residual: expect.stringContaining("resource: ") },
      ]);
      expect([...fake.nodes.values()].filter(({ props }) => props.kind === "PathSet")).toEqual([]);
    }
  });

  it("without regard to their target never bind key actions, which take no conditions", async () => {
    const fake = await conditioned(`${CONTAINER} StringEquals 'none'`, 2);
    expect(grantsAt(fake, RG)).toMatchObject([
      { ...EVERY_KEY_ACTION, tier: "now" },
      { assign: true, certainty: "upper-bound" },
    ]);
  });
});
