import { describe, expect, it } from "vitest";
import { B, crawled, EVERY_KEY_ACTION, RG, S1 } from "./fixtures/tenant.ts";

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
