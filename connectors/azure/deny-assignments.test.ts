import { describe, expect, it } from "vitest";
import type { Transport } from "../../src/collect/http.ts";
import { PermissionError, ProviderError } from "../../src/model.ts";
import { B, crawled, EVERY_KEY_ACTION, RG, S1, step, tenant } from "./fixtures/tenant.ts";

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

  it.each([
    [{ id: "00000000-0000-0000-0000-000000000000" }, "everyone"],
    [{ id: "x", type: "SystemDefined" }, "everyone"],
    [{ id: "U1", type: "User" }, "u1"],
    [{ id: "U1" }, "u1"],
  ])("of %j bind %s", async (principal, id) => {
    const fake = await denied({ permissions: [{ actions: ["*"] }], principals: [principal] });
    expect(fake.all("DENIED").map(({ from }) => from.id)).toEqual([id]);
    expect(fake.nodes.has("Principal everyone")).toBe(id === "everyone");
  });

  it("under one condition as a whole do not stand at all, and are said to be unread", async () => {
    const whole = { permissions: [{ actions: ["*"] }], principals: [{ id: "u" }] };
    const fake = await denied({ ...whole, condition: "x" });
    expect(fake.all("DENIED")).toEqual([]);
    expect(fake.gaps).toMatchObject([{ step: "azure.deny-assignments", scope: S1, state: "partial" }]);
    const plain = await denied({ ...whole, condition: " " });
    expect(plain.all("DENIED")).toMatchObject([{ props: { assign: true } }]);
    expect(plain.gaps).toEqual([]);
  });

  it("say what a block without a condition takes, beside one with", async () => {
    const fake = await denied({
      permissions: [{ dataActions: [`${B}/read`], condition: "x" }, { dataActions: [`${B}/write`] }],
      principals: [{ id: "u" }],
    });
    expect(fake.all("DENIED")).toMatchObject([{ props: { read: false, write: true } }]);
    expect(fake.gaps).toHaveLength(1);
  });

  it("that only log take nothing away, and what they do in a way that nobody knows is said to be unread", async () => {
    const whole = { permissions: [{ actions: ["*"] }], principals: [{ id: "u" }] };
    for (const denyAssignmentEffect of ["audit", "Audit"]) {
      const fake = await denied({ ...whole, denyAssignmentEffect, condition: "x" });
      expect([fake.all("DENIED"), fake.gaps]).toEqual([[], []]);
    }
    for (const denyAssignmentEffect of [undefined, null, "", "enforced", "Enforced"]) {
      const fake = await denied({ ...whole, denyAssignmentEffect });
      expect(fake.all("DENIED")).toMatchObject([{ props: { assign: true } }]);
      expect(fake.gaps).toEqual([]);
    }
    const odd = await denied({ ...whole, denyAssignmentEffect: "warn" });
    expect(odd.all("DENIED")).toEqual([]);
    expect(odd.gaps).toMatchObject([
      {
        step: "azure.deny-assignments",
        state: "partial",
        reason: expect.stringContaining("effect warn of "),
      },
    ]);
  });

  /** At which api-versions the listing was asked for, and how it ended, of a service that knows some of them. */
  const asking = async (known: readonly string[], refusal: Error) => {
    const fake = tenant();
    const asked: string[] = [];
    const http: Transport = {
      ...fake.context.http,
      async *pages<T>(api: "graph" | "arm", path: string) {
        const version = path.split("api-version=")[1]!;
        asked.push(version);
        if (!known.includes(version)) throw refusal;
        yield* fake.context.http.pages<T>(api, path);
      },
    };
    const pages = step("azure.deny-assignments").crawl(
      { ...fake.context, http },
      { scope: S1, mode: "full" },
    );
    const end = await pages.next().catch((error: Error) => error);
    return { asked, end };
  };

  it("are read where they tell what they do, and else as a service has them", async () => {
    const [newer, older] = ["2024-07-01-preview", "2022-04-01"];
    const odd = new ProviderError("http-400", "no such version");
    const page = { value: { changes: [] } };
    expect(await asking([newer, older], odd)).toMatchObject({ asked: [newer], end: page });
    expect(await asking([older], odd)).toMatchObject({ asked: [newer, older], end: page });
    expect(await asking([], odd)).toEqual({ asked: [newer, older], end: odd });
    const refused = new PermissionError("forbidden", "403");
    expect(await asking([older], refused)).toEqual({ asked: [newer], end: refused });
  });

  it("are not begun again at another version where a later page is refused", async () => {
    const fake = tenant();
    const asked: string[] = [];
    const odd = new ProviderError("http-400", "no such page");
    const http: Transport = {
      ...fake.context.http,
      async *pages<T>(_: "graph" | "arm", path: string) {
        asked.push(path);
        yield { items: [] as T[], next: "/more" };
        throw odd;
      },
    };
    const pages = step("azure.deny-assignments").crawl(
      { ...fake.context, http },
      { scope: S1, mode: "full" },
    );
    expect(await pages.next()).toMatchObject({ value: { cursor: "/more" } });
    await expect(pages.next()).rejects.toBe(odd);
    expect(asked).toHaveLength(1);
  });

  it("go on from the page where they stopped", async () => {
    const items = ["D1", "D2", "D3"].map((name) => ({
      id: `${RG}/providers/Microsoft.Authorization/denyAssignments/${name}`,
      properties: { scope: RG, permissions: [{ actions: ["*"] }], principals: [{ id: name }] },
    }));
    const path = `${S1}/providers/Microsoft.Authorization/denyAssignments`;
    const fake = tenant({ [path]: items }, { pageSize: 1 });
    await fake.run(step("azure.subscriptions"));
    const pass = { scope: S1, mode: "full" as const };
    const first = await step("azure.deny-assignments").crawl(fake.context, pass).next();
    const cursor: string = first.value?.cursor;
    const rest: string[] = [];
    for await (const page of step("azure.deny-assignments").crawl(fake.context, { ...pass, cursor }))
      for (const change of page.changes)
        if ("put" in change && change.put.kind === "DENIED") rest.push(change.put.from.id!);
    expect(rest).toEqual(["d2", "d3"]);
  });

  it("are said to be unread where they do not tell what they deny, or to whom", async () => {
    for (const list of [null, undefined, []]) {
      const none = await denied({ permissions: list, principals: list, excludePrincipals: list });
      expect(none.all("DENIED")).toEqual([]);
      expect(none.gaps).toMatchObject([
        {
          state: "partial",
          reason: expect.stringMatching(/: permissions of \/.*, principals of \/.*\/d1$/),
        },
      ]);
    }
    const nothing = await denied({ permissions: null, principals: [{ id: "u" }], excludePrincipals: null });
    expect(nothing.all("DENIED")).toMatchObject([{ props: { assign: false, excluded: [] } }]);
    expect(nothing.gaps).toHaveLength(1);
    const nobody = await denied({ permissions: [{ actions: ["*"] }], principals: null });
    expect(nobody.gaps).toMatchObject([{ reason: expect.stringContaining(": principals of ") }]);
  });
});
