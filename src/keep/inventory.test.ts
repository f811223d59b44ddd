import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Page } from "../connector.ts";
import type { Coverage } from "../model.ts";
import type { Change, NodeKind, NodeProps, NodeRef, RelKind, RelProps } from "../schema.ts";
import { type Inventory, type OpenPass, openInventory } from "./inventory.ts";

const node = <K extends NodeKind>(kind: K, id: string, props: NodeProps<K> = {}): Change =>
  ({ put: { kind, id, props } }) as Change;
const principal = (id: string, props: NodeProps<"Principal"> = {}) => node("Principal", id, props);
const ref = (kind: NodeKind, id: string): NodeRef => ({ kind, id });
const member = (from: string, to: string, props?: RelProps<"MEMBER_OF">): Change => ({
  put: {
    kind: "MEMBER_OF",
    from: ref("Principal", from),
    to: ref("Principal", to),
    ...(props === undefined ? {} : { props }),
  },
});
const removed = (kind: NodeKind, id: string): Change => ({ remove: { kind, id } });
const removedRel = (kind: RelKind, from: NodeRef, to: NodeRef): Change => ({ remove: { kind, from, to } });

let time: number;
const now = () => new Date(Date.UTC(2026, 0, 1) + 60_000 * time++);
let inventory: Inventory;
beforeEach(async () => {
  time = 0;
  inventory = await openInventory(":memory:", { now });
});
afterEach(() => inventory.close());

const full = (step: string, scope = "", fingerprint = "f") =>
  inventory.begin(step, scope, { mode: "full", fingerprint });
const delta = (step: string, scope = "", fingerprint = "f") =>
  inventory.begin(step, scope, { mode: "delta", fingerprint });
const pages = async (pass: OpenPass, ...list: Page[]) => {
  for (const page of list) await pass.apply(page);
  return pass;
};
const crawl = async (step: string, ...list: Page[]) => (await pages(await full(step), ...list)).finish();
const ids = async (kind: NodeKind = "Principal", where?: Record<string, string>) => {
  const found: string[] = [];
  for await (const record of inventory.known(kind, where)) found.push(record.id);
  return found;
};
const props = async (id: string, kind: NodeKind = "Principal") => {
  for await (const record of inventory.known(kind, { id })) return record.props;
  return undefined;
};
const states = async () =>
  (await inventory.coverage()).map((row) => [row.step, row.scope, row.state, row.reason ?? "", row.records]);
const gap = (step: string, scope: string): Coverage => ({
  step,
  scope,
  state: "denied",
  reason: "403",
  fix: "grant X",
});

test("tells where finished relationships of a kind lead, by id", async () => {
  expect(await inventory.targets("MEMBER_OF")).toEqual(new Set());
  const from = ref("Principal", "u1");
  const byMail: Change = { put: { kind: "MEMBER_OF", from, to: { kind: "Principal", alias: "mail:g" } } };
  await crawl("entra.groups", { changes: [member("u1", "g1"), member("u2", "g1"), byMail] });
  await pages(await full("entra.directory-roles"), { changes: [member("u1", "g2")], cursor: "half" });
  expect(await inventory.targets("MEMBER_OF")).toEqual(new Set(["g1"]));
});

test("a snapshot has the id of another one with the same records, unless one has expired in between", async () => {
  const grant = { from: ref("Principal", "u1"), to: { kind: "Scope", id: "box" } as const };
  const records: Change[] = [
    ...[principal("u1"), { put: { kind: "Scope", id: "box", props: { kind: "Container" } } } as const],
    { put: { kind: "GRANTED", ...grant, props: { key: "g", expires: "2026-06-01T00:00:00.000Z" } } },
  ];
  const idAt = async (date: string): Promise<string> => {
    time = (Date.parse(date) - Date.UTC(2026, 0, 1)) / 60_000;
    await crawl("azure.role-assignments", { changes: records });
    const snapshot = await inventory.snapshot();
    await snapshot.release();
    return snapshot.id;
  };
  const first = await idAt("2026-05-30");
  expect(await idAt("2026-05-31")).toBe(first);
  const expired = await idAt("2026-06-02");
  expect(expired).not.toBe(first);
  expect(await idAt("2026-06-03")).toBe(expired);
});

describe("a full pass", () => {
  test("shows nothing before it finishes, then all of it, with coverage and times", async () => {
    const pass = await pages(await full("entra.users"), {
      changes: [principal("u1", { name: "Ana" })],
      cursor: "p2",
    });
    expect(await ids()).toEqual([]);
    await pages(pass, { changes: [principal("u2")] });
    await pass.finish();
    expect(await ids()).toEqual(["u1", "u2"]);
    expect(await inventory.coverage()).toEqual([
      {
        step: "entra.users",
        scope: "",
        state: "complete",
        observedFrom: "2026-01-01T00:00:00.000Z",
        observedTo: "2026-01-01T00:01:00.000Z",
        records: 2,
        accepted: undefined,
      },
    ]);
  });

  test("replaces what the partition held and leaves other partitions alone", async () => {
    await crawl("entra.users", { changes: [principal("u1"), principal("u2")] });
    await crawl("entra.groups", { changes: [principal("g1")] });
    await crawl("entra.users", { changes: [principal("u3")] });
    expect(await ids()).toEqual(["g1", "u3"]);
  });

  test("is asked for by the steps whose word counts", async () => {
    await crawl("entra.users", { changes: [principal("u1", { name: "Ana" }), principal("u2")] });
    await crawl("entra.owners", { changes: [principal("u1", { kind: "User" }), principal("u3")] });
    const said: unknown[] = [];
    for await (const record of inventory.known("Principal", {}, ["entra.users"])) said.push(record);
    expect(said).toEqual([
      { kind: "Principal", id: "u1", props: { name: "Ana" } },
      { kind: "Principal", id: "u2", props: {} },
    ]);
    expect(await ids()).toEqual(["u1", "u2", "u3"]);
  });

  test("without any page empties its partition, since it read all of it", async () => {
    await crawl("entra.users", { changes: [principal("u1")] });
    await crawl("entra.users");
    expect(await ids()).toEqual([]);
    expect(await states()).toEqual([["entra.users", "", "complete", "", 0]]);
  });

  test("merges puts of one node, clears by null, and forgets what is removed within it", async () => {
    await crawl(
      "entra.users",
      {
        changes: [
          principal("u1", { name: "Ana", enabled: true, appId: "x" }),
          principal("u2"),
          member("u2", "g"),
        ],
      },
      {
        changes: [
          principal("u1", { enabled: false, appId: null }),
          removed("Principal", "u2"),
          principal("u3"),
        ],
      },
      { changes: [removed("Principal", "u3"), principal("u3", { name: "again" })] },
    );
    expect(await props("u1")).toEqual({ name: "Ana", enabled: false });
    expect(await props("u3")).toEqual({ name: "again" });
    expect(await ids()).toEqual(["u1", "u3"]);
    // The membership of u2 is kept, out of sight, should u2 be restored.
    expect((await states())[0]?.[4]).toBe(3);
  });

  test("with a gap only adds, is partial, and names the gap under its own scope", async () => {
    await crawl("entra.groups", {
      changes: [principal("g1", { name: "One", enabled: true }), principal("g2")],
    });
    const pass = await pages(
      await full("entra.groups"),
      { changes: [principal("g1", { name: "First" }), principal("g3")], gaps: [gap("entra.groups", "g9")] },
      { changes: [removed("Principal", "g2")] },
    );
    await pass.finish();
    expect(await ids()).toEqual(["g1", "g2", "g3"]);
    expect(await props("g1")).toEqual({ name: "First", enabled: true });
    expect(await states()).toEqual([
      ["entra.groups", "", "partial", "403", 3],
      ["entra.groups", "g9", "denied", "403", 0],
    ]);
    await crawl("entra.groups", { changes: [principal("g1")] });
    expect(await ids()).toEqual(["g1"]);
    expect(await states()).toEqual([["entra.groups", "", "complete", "", 1]]);
  });

  test("that dies after a page keeps its puts as additions, and deletes nothing", async () => {
    await crawl("entra.users", { changes: [principal("u1"), principal("u2")] });
    const pass = await pages(await full("entra.users"), { changes: [principal("u3")], cursor: "p2" });
    await pass.abandon({ state: "failed", reason: "503" });
    expect(await ids()).toEqual(["u1", "u2", "u3"]);
    expect(await states()).toEqual([["entra.users", "", "partial", "503", 3]]);
    expect((await full("entra.users")).resumed).toBe(false);
  });

  test("that is refused before any page keeps what was known, and says so", async () => {
    await crawl("entra.users", { changes: [principal("u1")] });
    await (await full("entra.users")).abandon({ state: "denied", reason: "403", fix: "grant User.Read.All" });
    expect(await ids()).toEqual(["u1"]);
    expect((await inventory.coverage())[0]).toMatchObject({
      state: "denied",
      fix: "grant User.Read.All",
      records: 1,
    });
  });

  test("cannot be used after its end", async () => {
    const pass = await full("entra.users");
    await pass.finish();
    await expect(pass.apply({ changes: [] })).rejects.toMatchObject({ code: "pass-over" });
    await expect(pass.finish()).rejects.toMatchObject({ code: "pass-over" });
  });

  test("saves nothing of a page with a record that does not fit the schema", async () => {
    const pass = await full("entra.users");
    const wrong: Change = JSON.parse('{"put":{"kind":"Principal","id":"u2","props":{"enabled":"yes"}}}');
    await expect(pass.apply({ changes: [principal("u1"), wrong] })).rejects.toMatchObject({
      code: "bad-record",
    });
    await pass.apply({ changes: [principal("u3")] });
    await pass.finish();
    expect(await ids()).toEqual(["u3"]);
  });
});

describe("an interrupted pass", () => {
  test("is resumed where it stopped, with what it had saved", async () => {
    await pages(await full("entra.users"), { changes: [principal("u1")], cursor: "p2" });
    const again = await full("entra.users");
    expect([again.resumed, again.cursor, again.mode]).toEqual([true, "p2", "full"]);
    await pages(again, { changes: [principal("u2")] });
    await again.finish();
    expect(await ids()).toEqual(["u1", "u2"]);
  });

  test("starts anew under other options", async () => {
    await pages(await full("entra.users"), { changes: [principal("u1")], cursor: "p2" });
    const again = await full("entra.users", "", "other");
    expect([again.resumed, again.cursor]).toEqual([false, undefined]);
    await pages(again, { changes: [principal("u2")] });
    await again.finish();
    expect(await ids()).toEqual(["u2"]);
  });

  test("that another replaced cannot write into it", async () => {
    const first = await pages(await full("entra.users"), { changes: [principal("u1")], cursor: "p2" });
    await full("entra.users", "", "other");
    await expect(first.apply({ changes: [principal("u2")] })).rejects.toMatchObject({ code: "pass-over" });
  });

  test("forgets position and token on restart", async () => {
    await crawl("entra.users", { changes: [principal("u1")], deltaToken: "t1" });
    const pass = await delta("entra.users");
    expect([pass.mode, pass.cursor]).toEqual(["delta", "t1"]);
    await pages(pass, { changes: [removed("Principal", "u1")], cursor: "d2" });
    await pass.restart();
    const again = await delta("entra.users");
    expect([again.mode, again.cursor, again.resumed]).toEqual(["full", undefined, false]);
    expect(await ids()).toEqual(["u1"]);
  });
});

describe("a delta pass", () => {
  const start = () =>
    crawl("entra.groups", {
      changes: [
        principal("g1", { name: "One", enabled: true }),
        principal("g2"),
        member("u1", "g1", { tier: "now" }),
        member("u2", "g1"),
        member("g1", "g2"),
      ],
      deltaToken: "t1",
    });

  test("merges puts, clears by null, and removes by tombstone; what a member held is kept out of sight", async () => {
    await start();
    const pass = await pages(
      await delta("entra.groups"),
      { changes: [principal("g1", { name: "First", enabled: null }), removed("Principal", "g2")] },
      {
        changes: [removedRel("MEMBER_OF", ref("Principal", "u2"), ref("Principal", "g1"))],
        deltaToken: "t2",
      },
    );
    expect(await ids()).toEqual(["g1", "g2"]);
    await pass.finish();
    expect(await props("g1")).toEqual({ name: "First" });
    expect(await ids()).toEqual(["g1"]);
    expect(await states()).toEqual([["entra.groups", "", "complete", "", 3]]);
    expect((await delta("entra.groups")).cursor).toBe("t2");
  });

  test("a group that is put again after its removal has its members again", async () => {
    await start();
    const pass = await pages(await delta("entra.groups"), {
      changes: [removed("Principal", "g1"), principal("g1", { name: "New" }), member("u7", "g1")],
    });
    await pass.finish();
    expect(await props("g1")).toEqual({ name: "New" });
    expect(await states()).toEqual([["entra.groups", "", "complete", "", 6]]);
  });

  test("with a gap deletes nothing and does not move the token", async () => {
    await start();
    const pass = await pages(await delta("entra.groups"), {
      changes: [removed("Principal", "g2"), principal("g3")],
      gaps: [gap("entra.groups", "g9")],
      deltaToken: "t2",
    });
    await pass.finish();
    expect(await ids()).toEqual(["g1", "g2", "g3"]);
    expect((await delta("entra.groups")).cursor).toBe("t1");
  });

  test("keeps what a member held only where changes are told: a list that no longer names it ends it", async () => {
    await crawl("entra.users", { changes: [principal("u1"), principal("u2")], deltaToken: "t1" });
    await crawl("entra.directory-roles", { changes: [member("u1", "r1"), member("u2", "r2")] });
    await (await pages(await delta("entra.users"), { changes: [removed("Principal", "u1")] })).finish();
    await crawl("entra.directory-roles", { changes: [member("u2", "r2")] });
    expect(await inventory.targets("MEMBER_OF")).toEqual(new Set(["r2"]));
  });

  test("needs a token that was saved under the same options", async () => {
    await start();
    expect((await delta("entra.groups", "", "other")).mode).toBe("full");
    expect((await delta("entra.groups")).mode).toBe("delta");
    expect((await delta("entra.users")).mode).toBe("full");
  });
});

describe("nodes of several partitions", () => {
  test("live while any puts them, and the order of connectors decides between them", async () => {
    await crawl("mcp.servers", { changes: [principal("p", { name: "from mcp", userType: "Guest" })] });
    await crawl("azure.roles", { changes: [principal("p", { name: "from azure", kind: "User" })] });
    await crawl("entra.users", { changes: [principal("p", { kind: "Guest" })] });
    expect(await props("p")).toEqual({ kind: "Guest", name: "from azure", userType: "Guest" });
    await crawl("entra.users");
    expect(await props("p")).toEqual({ kind: "User", name: "from azure", userType: "Guest" });
    await crawl("azure.roles");
    await crawl("mcp.servers");
    expect(await ids()).toEqual([]);
  });

  test("follow another order if one is given", async () => {
    await inventory.close();
    inventory = await openInventory(":memory:", { now, order: ["azure", "entra"] });
    await crawl("azure.roles", { changes: [principal("p", { name: "azure" })] });
    await crawl("entra.users", { changes: [principal("p", { name: "entra" })] });
    expect(await props("p")).toEqual({ name: "azure" });
  });

  test("are found by their merged properties", async () => {
    await crawl("entra.users", {
      changes: [principal("a", { kind: "User" }), principal("b", { kind: "Group" })],
    });
    await crawl("import.x", { changes: [principal("b", { kind: "User", host: "h" })] });
    expect(await ids("Principal", { kind: "User" })).toEqual(["a"]);
    expect(await ids("Principal", { kind: "Group", host: "h" })).toEqual(["b"]);
    await expect(ids("Principal", { nme: "x" })).rejects.toMatchObject({ code: "bad-filter" });
  });

  test("keep every type of value", async () => {
    const all = {
      kind: "blob",
      size: 7,
      modified: "2026-01-01T00:00:00.000Z",
      types: "a; b",
      aliases: ["x:1", "y:2"],
    };
    await crawl("azure.blobs", { changes: [node("Item", "i", all), node("Item", "j", { aliases: [] })] });
    expect(await props("i", "Item")).toEqual(all);
    expect(await props("j", "Item")).toEqual({ aliases: [] });
  });
});

describe("coverage", () => {
  test("of a part without a pass is noted, sorted, and leaves facts as they are", async () => {
    await crawl("entra.users", { changes: [principal("u1")] });
    await inventory.note({ step: "entra.users", scope: "", state: "skipped", reason: "switched off" });
    await inventory.note({ step: "azure.blobs", scope: "/b", state: "denied" });
    await inventory.note({ step: "azure.blobs", scope: "/B", state: "failed" });
    expect(await states()).toEqual([
      ["azure.blobs", "/B", "failed", "", 0],
      ["azure.blobs", "/b", "denied", "", 0],
      ["entra.users", "", "skipped", "switched off", 1],
    ]);
    expect(await ids()).toEqual(["u1"]);
  });

  test("says which parts ended since a time, so that a resumed scan skips them", async () => {
    await crawl("entra.users");
    expect(await inventory.ended("entra.users", "", "2026-01-01T00:00:00.000Z")).toBe("complete");
    expect(await inventory.ended("entra.users", "", "2026-06-01T00:00:00.000Z")).toBeUndefined();
    expect(await inventory.ended("entra.groups", "", "2026-01-01T00:00:00.000Z")).toBeUndefined();
  });

  test("says when steps last read something, and a pass that began earlier starts anew", async () => {
    expect(await inventory.lastRead(["entra.users", "entra.groups"])).toBeUndefined();
    const open = await pages(await full("entra.owners"), { changes: [principal("o1")], cursor: "2" });
    expect(open.resumed).toBe(false);
    await crawl("entra.users");
    const read = await inventory.lastRead(["entra.users", "entra.groups"]);
    await (await full("entra.groups")).abandon({ state: "denied", reason: "refused" });
    expect(read).toBeDefined();
    expect(await inventory.lastRead(["entra.users", "entra.groups"])).toBe(read);
    expect(await inventory.lastRead(["entra.groups"])).toBeUndefined();
    const begin = (since: string) =>
      inventory.begin("entra.owners", "", { mode: "full", fingerprint: "f", since });
    expect((await begin("2026-01-01T00:00:00.000Z")).cursor).toBe("2");
    expect((await begin(read!)).cursor).toBeUndefined();
  });

  test("and facts of scopes that are no longer listed go away, open passes too", async () => {
    for (const scope of ["s1", "s2"]) {
      const pass = await pages(await full("azure.blobs", scope), {
        changes: [node("Item", scope)],
        gaps: [gap("azure.blobs", `${scope}/x`)],
      });
      await pass.finish();
    }
    await pages(await full("azure.blobs", "s3"), { changes: [node("Item", "s3")], cursor: "p2" });
    await inventory.retain("azure.blobs", new Set(["s1"]));
    expect(await ids("Item")).toEqual(["s1"]);
    expect((await states()).map((row) => row[1])).toEqual(["s1", "s1/x"]);
    expect((await full("azure.blobs", "s3")).resumed).toBe(false);
  });

  test("of a part that two steps state is the worst of what they say, whoever spoke last", async () => {
    const part = (state: Coverage["state"], reason: string): Coverage => ({
      ...{ step: "azure.conditions", scope: "s1", state, reason },
    });
    const say = (step: string, ...gaps: Coverage[]) => crawl(step, { changes: [principal(step)], gaps });
    const said = async () =>
      (await inventory.coverage())
        .filter(({ step }) => step === "azure.conditions")
        .map(({ state, reason }) => [state, reason]);
    await say("azure.role-assignments", part("failed", "old version"));
    await say("azure.eligible-assignments", part("partial", "new version"));
    expect(await said()).toEqual([["failed", "old version"]]);
    await say("azure.eligible-assignments", part("failed", "another version"));
    expect(await said()).toEqual([["failed", "another version; old version"]]);
    await say("azure.role-assignments");
    expect(await said()).toEqual([["failed", "another version"]]);
    await say("azure.eligible-assignments");
    expect(await said()).toEqual([]);
  });

  test("of a part leaves the pass that states it complete, so that it still replaces what it held", async () => {
    await crawl("azure.role-assignments", { changes: [principal("old")] });
    const conditions = gap("azure.conditions", "s1");
    await crawl("azure.role-assignments", { changes: [principal("new")], gaps: [conditions] });
    expect(await ids()).toEqual(["new"]);
    expect((await states()).map(([step, , state]) => [step, state])).toEqual([
      ["azure.conditions", conditions.state],
      ["azure.role-assignments", "complete"],
    ]);
  });

  test("keeps an accepted gap, marked as such until its date has passed", async () => {
    await inventory.note({ step: "azure.blobs", scope: "s1", state: "denied" });
    await inventory.note({ step: "azure.blobs", scope: "s2", state: "failed" });
    await inventory.note({ step: "azure.blobs", scope: "s3", state: "complete" });
    expect(await inventory.accept("azure.blobs", undefined, "old", "2025-12-31")).toBe(2);
    expect(await inventory.accept("azure.blobs", "s1", "known", "2026-01-01")).toBe(1);
    expect(await inventory.accept("azure.nothing", undefined, "x", "2027-01-01")).toBe(0);
    await expect(inventory.accept("azure.blobs", "s1", "x", "soon")).rejects.toMatchObject({
      code: "bad-date",
    });
    expect((await inventory.coverage()).map((row) => [row.scope, row.accepted])).toEqual([
      ["s1", { reason: "known", until: "2026-01-01" }],
      ["s2", undefined],
      ["s3", undefined],
    ]);
    time += 60 * 24;
    expect((await inventory.coverage())[0]?.accepted).toBeUndefined();
  });
});

test("gaps of a step that are accepted together are those of now, and not what is lost later", async () => {
  await inventory.note({ step: "azure.blobs", scope: "s1", state: "denied" });
  await inventory.note({ step: "azure.blobs", scope: "s2", state: "failed" });
  expect(await inventory.accept("azure.blobs", undefined, "known", "2027-01-01")).toBe(2);
  await inventory.note({ step: "azure.blobs", scope: "s3", state: "denied" });
  await inventory.note({ step: "azure.blobs", scope: "", state: "failed" });
  expect((await inventory.coverage()).map((row) => [row.scope, row.accepted?.reason])).toEqual([
    ["", undefined],
    ["s1", "known"],
    ["s2", "known"],
    ["s3", undefined],
  ]);
});

describe("an alias that no node declares", () => {
  const named = (alias: string): Change => ({
    put: { kind: "MEMBER_OF", from: ref("Principal", "p"), to: { kind: "Principal", alias } },
  });
  const lines = async function* (...changes: (Change | { coverage: Coverage })[]) {
    for (const change of changes) yield JSON.stringify(change);
  };
  const imported = (...changes: (Change | { coverage: Coverage })[]) =>
    inventory.import("hr", lines(...changes));
  const gaps = async () =>
    (await inventory.coverage())
      .filter(({ state }) => state !== "complete")
      .map(({ step, scope, state, reason }) => [step, scope, state, reason]);
  const reason = 'alias "mail:x" is not resolved: no node declares it';

  test("is a gap of the import that names it, until a node declares it, and may be accepted", async () => {
    await imported(named("mail:x"), principal("p"));
    expect(await gaps()).toEqual([["import.hr", "", "partial", reason]]);
    expect((await inventory.snapshot()).coverage).toMatchObject([{ state: "partial", reason, records: 2 }]);
    expect(await inventory.accept("import.hr", undefined, "known", "2027-01-01")).toBe(1);
    expect((await inventory.coverage())[0]?.accepted).toEqual({ reason: "known", until: "2027-01-01" });
    await crawl("entra.users", { changes: [principal("x", { aliases: ["mail:X"] })] });
    expect(await gaps()).toEqual([]);
  });

  test("is a gap if a node of another kind declares it, and several are one gap", async () => {
    const scope: Change = {
      put: { kind: "WITHIN", from: { kind: "Scope", alias: "url:s" }, to: ref("Scope", "root") },
    };
    await imported(
      named("mail:x"),
      named("mail:y"),
      scope,
      node("Agent", "a", { aliases: ["mail:x", "url:s"] }),
    );
    expect(await gaps()).toEqual([
      [
        ...["import.hr", "", "partial"],
        'aliases "mail:x", "mail:y", "url:s" are not resolved: no node declares them',
      ],
    ]);
  });

  test("does not make better what the file says of itself", async () => {
    await imported(named("mail:x"), { coverage: gap("import.hr", "") });
    expect(await gaps()).toEqual([["import.hr", "", "denied", "403"]]);
    await imported(named("mail:x"), { coverage: { ...gap("import.hr", ""), state: "partial" } });
    expect(await gaps()).toEqual([["import.hr", "", "partial", `403; ${reason}`]]);
  });

  test("is none of a connector: it names what need not be in the tenant", async () => {
    await crawl("entra.applications", { changes: [named("appid:elsewhere")] });
    expect(await gaps()).toEqual([]);
  });

  test("is told of supposed changes, removals too", async () => {
    await crawl("entra.users", { changes: [principal("known", { aliases: ["mail:k"] })] });
    const changes = async function* (): AsyncGenerator<Change> {
      yield named("mail:x");
      yield named("mail:k");
      yield {
        remove: {
          ...{ kind: "MEMBER_OF", from: { kind: "Principal", alias: "upn:typo" }, to: ref("Principal", "g") },
        },
      } as Change;
    };
    const { coverage } = await inventory.suppose(changes(), () => ({ step: "import.plan", stated: [] }));
    expect(coverage.find(({ step }) => step === "import.plan")).toMatchObject({
      ...{ state: "partial", reason: expect.stringContaining('"mail:x", "upn:typo" are not') as string },
    });
  });
});

describe("a scan", () => {
  test("that was interrupted or killed is continued by the next with the same options", async () => {
    const first = await inventory.startScan("f");
    expect(first.resumed).toBe(false);
    await inventory.endScan(first.id, "interrupted");
    expect(await inventory.startScan("f")).toEqual({ ...first, resumed: true });
    expect(await inventory.startScan("f")).toEqual({ ...first, resumed: true });
    await inventory.endScan(first.id, "complete");
    const second = await inventory.startScan("f");
    expect(second.resumed).toBe(false);
    expect((await inventory.startScan("other")).resumed).toBe(false);
    await expect(inventory.endScan(second.id, "complete")).rejects.toMatchObject({ code: "no-scan" });
  });

  test("goes on with its own open passes, and drops those of another", async () => {
    const begin = () => inventory.begin("entra.owners", "", { mode: "full", fingerprint: "options" });
    const first = await inventory.startScan("full");
    await (await begin()).apply({ changes: [], cursor: "half" });
    await inventory.endScan(first.id, "interrupted");
    await inventory.startScan("full");
    expect(await begin()).toMatchObject({ resumed: true, cursor: "half" });
    await inventory.startScan("delta");
    expect(await begin()).toMatchObject({ resumed: false, cursor: undefined });
  });
});

test("a scan that was interrupted is continued within 12 hours of its start, and no later", async () => {
  const first = await inventory.startScan("f");
  await inventory.endScan(first.id, "interrupted");
  time += 60 * 11;
  expect(await inventory.startScan("f")).toEqual({ ...first, resumed: true });
  time += 60;
  const second = await inventory.startScan("f");
  expect(second.resumed).toBe(false);
  expect(second.startedAt > first.startedAt).toBe(true);
  expect(await inventory.startScan("f")).toEqual({ ...second, resumed: true });
});

describe("on disk", () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "inventory-"));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  test("only the owner may read the file and its directory, and all is there after closing", async () => {
    const path = join(dir, "data", "inventory.duckdb");
    let stored = await openInventory(path, { now });
    const pass = await stored.begin("entra.users", "", { mode: "full", fingerprint: "f" });
    await pass.apply({ changes: [principal("u1")], cursor: "p2" });
    await stored.close();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(dir, "data")).mode & 0o777).toBe(0o700);
    stored = await openInventory(path, { now });
    const again = await stored.begin("entra.users", "", { mode: "full", fingerprint: "f" });
    expect([again.resumed, again.cursor]).toEqual([true, "p2"]);
    await again.finish();
    await stored.close();
    const reader = await openInventory(path, { readOnly: true });
    expect((await reader.coverage())[0]?.records).toBe(1);
    const snapshot = await reader.snapshot();
    expect(await snapshot.export(join(dir, "out"))).toMatchObject([{ kind: "Principal", rows: 1 }]);
    await expect(reader.startScan("f")).rejects.toMatchObject({ code: "read-only" });
    await reader.close();
    await expect(reader.coverage()).rejects.toMatchObject({ code: "closed" });
  });

  test("a missing file is not created by a reader", async () => {
    await expect(openInventory(join(dir, "none.duckdb"), { readOnly: true })).rejects.toMatchObject({
      code: "no-inventory",
    });
  });
});
