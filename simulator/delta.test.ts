import { describe, expect, it } from "vitest";
import { minimumByDelta } from "./stats.ts";
import { createTenant } from "./tenant.ts";
import { type Answered, Asker, smallTenant } from "./testing.ts";
import { KIND, packRef } from "./world.ts";

const GROUPS = "/v1.0/groups/delta?$select=displayName,members";
const isList = (value: unknown): value is readonly Answered[] => Array.isArray(value);
const membersOf = (row: Answered): readonly Answered[] =>
  isList(row["members@delta"]) ? row["members@delta"] : [];

/** What a reader keeps: members by group, from any number of rounds. */
function apply(state: Map<string, Set<string>>, rows: readonly Answered[]): void {
  for (const row of rows) {
    const id = String(row.id);
    // A group may come back with its members, and then only the group is told of.
    if (row["@removed"]) continue;
    const members = state.get(id) ?? new Set();
    for (const member of membersOf(row)) {
      if (member["@removed"]) members.delete(String(member.id));
      else members.add(String(member.id));
    }
    state.set(id, members);
  }
}

/** Two groups, both larger than a page of members. */
const largeGroups = () =>
  createTenant({
    seed: 1,
    users: 30_000,
    groups: 2,
    memberships: 40_000,
    agents: 0,
    apps: 0,
    subscriptions: 0,
    accounts: 0,
    containers: 0,
    items: 0,
  });

describe("delta calls", () => {
  it("begin with everything: as many memberships as the lists give", async () => {
    const graph = new Asker(smallTenant());
    const { rows, link } = await graph.all(GROUPS);
    const state = new Map<string, Set<string>>();
    apply(state, rows);
    expect(state.size).toBe(120);
    expect([...state.values()].reduce((sum, members) => sum + members.size, 0)).toBe(9_000);
    expect(link).toContain("$deltatoken=");
  });

  it("then give what changed, so that lists and rounds agree", async () => {
    const graph = new Asker(smallTenant());
    const first = await graph.all(GROUPS);
    const state = new Map<string, Set<string>>();
    apply(state, first.rows);
    graph.tenant.change(300);
    const second = await graph.all(first.link);
    expect(second.rows.length).toBeLessThan(120);
    apply(state, second.rows);
    const { directory, world } = graph.tenant;
    const gone = new Set([
      ...directory.removedUsers().map((i) => world.guids.of(KIND.user, i)),
      ...directory.removedGroups().map((i) => world.guids.of(KIND.group, i)),
    ]);
    for (let g = 0; g < 120; g++) {
      if (directory.isGone(packRef(KIND.group, g))) continue;
      const id = graph.tenant.world.guids.of(KIND.group, g);
      const listed = await graph.all(`/beta/groups/${id}/members?$select=id&$top=999`);
      // Who is removed leaves lists, but delta tells of it with the user or group alone.
      const kept = [...(state.get(id) ?? [])].filter((member) => !gone.has(member));
      expect(kept.sort()).toEqual(listed.rows.map((row) => String(row.id)).sort());
    }
  });

  it("tell of renamed, new and removed users, and of nothing when nothing changed", async () => {
    const graph = new Asker(smallTenant());
    const first = await graph.all("/v1.0/users/delta?$select=id,displayName");
    expect(first.rows).toHaveLength(1_523);
    graph.tenant.change(100);
    const second = await graph.all(first.link);
    expect(second.rows.some((row) => row["@removed"])).toBe(true);
    expect(second.rows.some((row) => String(row.displayName).startsWith("Renamed"))).toBe(true);
    const third = await graph.all(second.link);
    expect(third.rows).toEqual([]);
  });

  it("can begin at the present", async () => {
    const graph = new Asker(smallTenant());
    const latest = await graph.all("/v1.0/users/delta?$deltatoken=latest");
    expect(latest.rows).toEqual([]);
    graph.tenant.change(50);
    expect((await graph.all(latest.link)).rows.length).toBeGreaterThan(0);
  });

  it("give as many objects a page as preferred, at most 999", async () => {
    const graph = new Asker(smallTenant());
    expect((await graph.all("/v1.0/users/delta", { prefer: "odata.maxpagesize=999" })).pages).toBe(2);
    expect((await graph.all("/v1.0/users/delta")).pages).toBe(8);
  });

  it("need as many pages as the plan says", async () => {
    const graph = new Asker(smallTenant());
    const prefer = { prefer: "odata.maxpagesize=999" };
    const users = await graph.all("/v1.0/users/delta?$select=id", prefer);
    const groups = await graph.all(GROUPS, prefer);
    expect(users.pages + groups.pages).toBe(minimumByDelta(graph.tenant).requests);
    const large = new Asker(largeGroups());
    const both = [await large.all("/v1.0/users/delta", prefer), await large.all(GROUPS, prefer)];
    expect(both.reduce((sum, { pages }) => sum + pages, 0)).toBe(minimumByDelta(large.tenant).requests);
  });

  it("split a large group over pages", async () => {
    const { rows, pages } = await new Asker(largeGroups()).all(GROUPS);
    expect(pages).toBeGreaterThan(3);
    const state = new Map<string, Set<string>>();
    apply(state, rows);
    expect([...state.values()].reduce((sum, members) => sum + members.size, 0)).toBe(40_000);
  });

  it("answer 410 to a token of another tenant", async () => {
    const link = (await new Asker(smallTenant(1)).all("/v1.0/users/delta")).link;
    const answer = await new Asker(smallTenant(2)).get(link);
    expect(answer.status).toBe(410);
    expect(answer.headers.location).toContain("/users/delta");
  });

  it("refuse options that delta does not take", async () => {
    expect((await new Asker(smallTenant()).get("/v1.0/users/delta?$top=10")).status).toBe(400);
  });
});
