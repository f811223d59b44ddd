import { describe, expect, it } from "vitest";
import { PermissionError, ProviderError } from "../../src/model.ts";
import { type Answers, changesOf, fake, gapsOf, nodeOf, relations, run } from "./fixtures/fake.ts";
import { createGroups } from "./groups.ts";

const delta = createGroups("delta");
const list = createGroups("list");
const user = (id: string) => ({ "@odata.type": "#microsoft.graph.user", id });

const LISTED: Answers = {
  "/v1.0/groups": { value: [{ id: "G1", displayName: "Sales" }], next: "/v1.0/groups?$skiptoken=2" },
  "/v1.0/groups?$skiptoken=2": { value: [{ id: "g2", displayName: "Legal" }] },
  "/beta/groups/G1/members": { value: [user("U1")], next: "/beta/groups/G1/members?$skiptoken=2" },
  "/beta/groups/G1/members?$skiptoken=2": { value: [user("u2")] },
  "/beta/groups/g2/members": { value: [user("u3")] },
};

describe("groups by listing", () => {
  it("lists all pages, and asks once for the members of each group and for their further pages", async () => {
    const tenant = fake(LISTED);
    const changes = changesOf(await run(list, tenant));
    expect(relations(changes)).toEqual(["u1 MEMBER_OF g1", "u2 MEMBER_OF g1", "u3 MEMBER_OF g2"]);
    expect(nodeOf(changes, "g1")?.props).toMatchObject({ kind: "Group", name: "Sales" });
    expect(tenant.batches.flat()).toHaveLength(2);
    expect(tenant.asked).toHaveLength(3);
  });

  it("keeps a group whose members were refused as a gap, and reads the others", async () => {
    const tenant = fake({
      ...LISTED,
      "/beta/groups/g2/members": new PermissionError("denied", "403", "grant it"),
    });
    const pages = await run(list, tenant);
    expect(gapsOf(pages)).toEqual([
      { step: "entra.groups", scope: "g2", state: "denied", reason: "403", fix: "grant it" },
    ]);
    expect(relations(changesOf(pages))).toEqual(["u1 MEMBER_OF g1", "u2 MEMBER_OF g1"]);
    expect(nodeOf(changesOf(pages), "g2")).toBeDefined();
  });

  it("says partial where a further page of members failed, and keeps the members before it", async () => {
    const tenant = fake({
      ...LISTED,
      "/beta/groups/G1/members?$skiptoken=2": new ProviderError("http-500", "500"),
    });
    const pages = await run(list, tenant);
    expect(gapsOf(pages)).toMatchObject([{ scope: "g1", state: "partial" }]);
    expect(relations(changesOf(pages))).toContain("u1 MEMBER_OF g1");
  });

  it("continues after the last group whose members are saved", async () => {
    const value = Array.from({ length: 30 }, (_, i) => ({ id: `g${String(i).padStart(2, "0")}` }));
    const members = value.map(({ id }) => [`/beta/groups/${id}/members`, { value: [user("u")] }]);
    const answers: Answers = { "/v1.0/groups": { value }, ...Object.fromEntries(members) };
    const [first] = await run(list, fake(answers));
    const again = fake(answers);
    await run(list, again, { cursor: first!.cursor! });
    expect(again.batches.flat()).toHaveLength(10);
  });

  it("reads members by v1.0 where beta is not there, and says that service principals may be missing", async () => {
    const tenant = fake({
      "/v1.0/groups": { value: [{ id: "g1" }, { id: "g2" }, { id: "g3" }] },
      "/v1.0/groups/g1/members": { value: [user("u1")] },
      "/beta/groups/g2/members": { value: [user("u2")] },
      "/v1.0/groups/g2/members": { value: [] },
      "/beta/groups/g3/members": new PermissionError("denied", "403", "grant it"),
    });
    const pages = await run(list, tenant);
    expect(relations(changesOf(pages))).toEqual(["u1 MEMBER_OF g1", "u2 MEMBER_OF g2"]);
    expect(gapsOf(pages)).toMatchObject([
      { scope: "g1", state: "partial", reason: expect.stringContaining("service principals") },
      { scope: "g3", state: "denied" },
    ]);
    // A refusal is no absence: v1.0 would refuse as well.
    expect(tenant.batches.at(-1)).toEqual(["/v1.0/groups/g1/members?$select=id&$top=999"]);
  });

  it("does not take an unseen membership for an empty one", async () => {
    const hidden = { id: "g3", visibility: "HiddenMembership" };
    const pages = await run(
      list,
      fake({ "/v1.0/groups": { value: [hidden] }, "/beta/groups/g3/members": { value: [] } }),
    );
    expect(gapsOf(pages)).toMatchObject([{ scope: "g3", state: "denied" }]);
    expect(nodeOf(changesOf(pages), "g3")?.props).toMatchObject({ hidden: true });
  });

  it("takes a member of which only the type and the id are shown for a member", async () => {
    const limited = { "@odata.type": "#microsoft.graph.device", id: "D1", displayName: null };
    const pages = await run(
      list,
      fake({ "/v1.0/groups": { value: [{ id: "g" }] }, "/beta/groups/g/members": { value: [limited] } }),
    );
    expect(relations(changesOf(pages))).toEqual(["d1 MEMBER_OF g"]);
    expect(nodeOf(changesOf(pages), "d1")).toBeUndefined();
  });
});

describe("groups by delta", () => {
  it("reads groups and members in pages only, and hands over the token", async () => {
    const tenant = fake({
      "/v1.0/groups/delta": {
        value: [{ id: "g1", displayName: "Sales", "members@delta": [user("u1")] }],
        next: "/v1.0/groups/delta?$skiptoken=2",
      },
      "/v1.0/groups/delta?$skiptoken=2": {
        value: [{ id: "g1", displayName: "Sales", "members@delta": [user("u2")] }],
        delta: "/v1.0/groups/delta?$deltatoken=9",
      },
    });
    const pages = await run(delta, tenant);
    expect(relations(changesOf(pages))).toEqual(["u1 MEMBER_OF g1", "u2 MEMBER_OF g1"]);
    expect(tenant.batches).toEqual([]);
    expect(tenant.preferred).toEqual(["odata.maxpagesize=999"]);
    expect(tenant.asked).toHaveLength(2);
    expect(pages.at(-1)?.deltaToken).toContain("deltatoken=9");
    expect(pages[0]?.deltaToken).toBeUndefined();
  });

  it("turns removals into tombstones, of members and of groups", async () => {
    const link = "/v1.0/groups/delta?$deltatoken=9";
    const tenant = fake({
      [link]: {
        value: [
          {
            id: "g1",
            displayName: "Sales",
            "members@delta": [{ ...user("u1"), "@removed": { reason: "deleted" } }],
          },
          { id: "g2", "@removed": { reason: "changed" } },
        ],
        delta: "/v1.0/groups/delta?$deltatoken=10",
      },
    });
    const cursor = JSON.stringify({ variant: "delta", link });
    const removed = changesOf(await run(delta, tenant, { mode: "delta", cursor })).flatMap((change) =>
      "remove" in change ? [change.remove] : [],
    );
    expect(removed).toMatchObject([
      { kind: "MEMBER_OF", from: { id: "u1" }, to: { id: "g1" } },
      { kind: "Principal", id: "g2" },
    ]);
  });

  it("falls back to the listing within the pass where delta is refused or not recorded", async () => {
    for (const refusal of [
      new ProviderError("not-recorded", "not recorded"),
      new ProviderError("http-400", "bad request"),
      new PermissionError("denied", "403"),
    ]) {
      const pages = await run(delta, fake({ ...LISTED, "/v1.0/groups/delta": refusal }));
      expect(relations(changesOf(pages))).toHaveLength(3);
      expect(pages.some((page) => page.deltaToken !== undefined)).toBe(false);
    }
  });

  it("does not take a passing fault of the delta for its absence", async () => {
    const tenant = fake({ ...LISTED, "/v1.0/groups/delta": new ProviderError("http-503", "try later") });
    await expect(run(delta, tenant)).rejects.toThrow("try later");
  });

  it("says at the end which groups hid their members and showed none, an interruption or not", async () => {
    const page = (skip: number) => `/v1.0/groups/delta?$skiptoken=${skip}`;
    const hidden = (id: string) => ({ id, displayName: id, visibility: "HiddenMembership" });
    const tenant = fake({
      "/v1.0/groups/delta": { value: [hidden("G1"), hidden("g2")], next: page(2) },
      [page(2)]: { value: [{ ...hidden("g2"), "members@delta": [user("u1")] }], next: page(3) },
      [page(3)]: { value: [{ id: "g3" }], delta: "/v1.0/groups/delta?$deltatoken=9" },
    });
    const pages = await run(delta, tenant);
    const gaps = [{ scope: "g1", state: "denied" }];
    expect(gapsOf(pages)).toMatchObject(gaps);
    for (const { cursor } of pages.slice(0, 2))
      expect(gapsOf(await run(delta, tenant, { cursor: cursor! }))).toMatchObject(gaps);
  });

  it("takes a hidden group that changed for unseen only if no member of it is known", async () => {
    const link = "/v1.0/groups/delta?$deltatoken=9";
    const hidden = (id: string) => ({ id, visibility: "HiddenMembership" });
    const answers = { [link]: { value: [hidden("new"), hidden("renamed")], delta: link } };
    const cursor = JSON.stringify({ variant: "delta", link });
    const pages = await run(delta, fake(answers, [], [], ["renamed"]), { mode: "delta", cursor });
    expect(gapsOf(pages)).toMatchObject([{ scope: "new", state: "denied" }]);
  });

  it("takes an end without a link to later changes for an answer cut short", async () => {
    const link = "/v1.0/groups/delta?$skiptoken=2";
    const tenant = fake({
      "/v1.0/groups/delta": { value: [{ id: "g1" }], next: link },
      [link]: { value: [{ id: "g2" }] },
    });
    await expect(run(delta, tenant)).rejects.toMatchObject({ code: "cut-body" });
  });

  it("starts anew where a saved delta link is refused", async () => {
    const cursor = JSON.stringify({ variant: "delta", link: "/v1.0/groups/delta?$deltatoken=old" });
    await expect(run(delta, fake(LISTED), { mode: "delta", cursor })).rejects.toMatchObject({
      name: "CursorExpired",
    });
  });
});
