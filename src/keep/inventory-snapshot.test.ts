import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import lbug from "@ladybugdb/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { derivedDdl, embeddedCopy, embeddedDdl, exportColumns } from "../graph/generate.ts";
import type { Coverage, Row } from "../model.ts";
import type { Change, NodeKind, NodeProps, NodeRef, RelKind, RelProps } from "../schema.ts";
import { type GraphTable, type Inventory, openInventory } from "./inventory.ts";

const node = <K extends NodeKind>(kind: K, id: string, props: NodeProps<K> = {}): Change =>
  ({ put: { kind, id, props } }) as Change;
const rel = <K extends RelKind>(kind: K, from: NodeRef, to: NodeRef, props?: RelProps<K>): Change =>
  ({ put: { kind, from, to, ...(props === undefined ? {} : { props }) } }) as Change;
const ref = (kind: NodeKind, id: string): NodeRef => ({ kind, id });
const alias = (kind: NodeKind, name: string): NodeRef => ({ kind, alias: name });

let dir: string;
let inventory: Inventory;
const now = () => new Date("2026-01-01T00:00:00Z");
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "snapshot-"));
  inventory = await openInventory(":memory:", { now });
});
afterEach(async () => {
  await inventory.close();
  rmSync(dir, { recursive: true });
});

const crawl = async (step: string, changes: Change[], into = inventory, scope = "") => {
  const pass = await into.begin(step, scope, { mode: "full", fingerprint: "f" });
  await pass.apply({ changes });
  await pass.finish();
};
const read = async (file: string): Promise<{ names: string[]; rows: Row[] }> => {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  const reader = await connection.runAndReadAll(`FROM '${file}' ORDER BY ALL`);
  const result = { names: reader.columnNames(), rows: reader.getRowObjectsJS() };
  connection.closeSync();
  instance.closeSync();
  return result;
};
const exported = async (kinds?: (NodeKind | RelKind)[]) => {
  const snapshot = await inventory.snapshot();
  return snapshot.export(join(dir, "out"), kinds);
};
const rowsOf = async (kind: GraphTable["kind"], tables?: GraphTable[]) => {
  const found = (tables ?? (await exported())).filter((table) => table.kind === kind);
  const all: Row[] = [];
  for (const table of found) all.push(...(await read(table.file)).rows);
  return all;
};

/** A small tenant that uses every way in which nodes are named. */
const TENANT: readonly Change[] = [
  node("Agent", "a1", { name: "Helper", platform: "entra", created: "2026-01-01T00:00:00Z" }),
  node("Principal", "a1", { kind: "AgentIdentity", aliases: ["appid:77"] }),
  node("Principal", "g1", { kind: "Group", name: "It's \"quoted\", with 'all'", aliases: [] }),
  node("Scope", "/", { kind: "TenantRoot" }),
  node("Scope", "/subscriptions/1", { kind: "Subscription", sharedKey: false }),
  node("Item", "i1", {
    path: "a/b.docx",
    size: 3_000_000_000,
    types: "IBAN; Ünïcode",
    aliases: ["x", "Ünïcode"],
  }),
  node("Label", "unlabeled"),
  rel("ACTS_AS", ref("Agent", "a1"), alias("Principal", "appid:77"), { key: "app", mode: "app" }),
  rel("MEMBER_OF", ref("Principal", "a1"), ref("Principal", "g1")),
  rel("GRANTED", ref("Principal", "g1"), ref("Scope", "/"), {
    key: "r2",
    read: true,
    add: false,
    flow: "containment",
  }),
  rel("GRANTED", ref("Principal", "g1"), ref("Scope", "/"), {
    key: "r1",
    delete: true,
    expires: "2026-02-01",
  }),
  rel("WITHIN", ref("Scope", "/subscriptions/1"), ref("Scope", "/")),
  rel("PROTECTED_BY", ref("Item", "i1"), ref("Scope", "/subscriptions/1")),
  rel("LABELED", ref("Item", "i1"), ref("Label", "unlabeled")),
  rel("OWNS", ref("Principal", "g1"), ref("Agent", "a1")),
  rel("OWNS", ref("Principal", "g1"), ref("Scope", "/")),
];

describe("items", () => {
  const counts = async (...records: Change[]): Promise<Row[]> => {
    await crawl("import.some", [node("Scope", "s"), ...records]);
    return (await rowsOf("TALLY")).map((row) =>
      Object.fromEntries(Object.entries(row).map(([name, value]) => [name, String(value)])),
    );
  };
  const item = (id: string, label?: string) => [
    node("Item", id, { types: "IBAN" }),
    rel("PROTECTED_BY", ref("Item", id), ref("Scope", "s")),
    ...(label === undefined ? [] : [rel("LABELED", ref("Item", id), ref("Label", label))]),
  ];
  test("of which no record says a label were not looked at, and the two that are no labels need no record", async () => {
    expect(await counts(...item("1"), ...item("2"), ...item("3", "unlabeled"))).toMatchObject([
      {
        ...{ items: "3", labeled: "0", unlabeled: "1", label_unknown: "2" },
        ...{ sensitive: "3", unlabeled_sensitive: "1" },
      },
    ]);
  });
  test("count, too, where no record says a label of any", async () => {
    expect(await counts(...item("1"))).toMatchObject([{ items: "1", labeled: "0", label_unknown: "1" }]);
  });

  describe("of which two sources say different labels count once", () => {
    const label = (id: string, props: NodeProps<"Label">) =>
      node("Label", id, { kind: "Sensitivity", ...props });
    test.each([
      ["low", "high", "high", "the most sensitive"],
      ["unlabeled", "low", "low", "a label, where another source saw none"],
      ["label-unknown", "unlabeled", "unlabeled", "what somebody saw"],
      ["unranked", "low", "low", "one whose priority was read"],
      ["unranked", "sealed", "sealed", "of equals one that encrypts"],
      ["unranked", "another", "another", "then the smallest id"],
    ])("%s and %s: under %s (%s)", async (one, other, first) => {
      const tally = await counts(
        label("high", { priority: 10 }),
        label("low", { priority: 9, encrypted: true }),
        label("sealed", { encrypted: true }),
        label("unranked", {}),
        label("another", {}),
        ...[...item("1", one), rel("LABELED", ref("Item", "1"), ref("Label", other))],
      );
      const sorts = { labeled: "0", unlabeled: "0", label_unknown: "0" };
      const sort = first === "unlabeled" ? "unlabeled" : "labeled";
      expect(tally).toMatchObject([{ ...sorts, items: "1", [sort]: "1" }]);
      expect((await rowsOf("HOLDS")).map(({ to, items }) => [to, Number(items)])).toEqual([[first, 1]]);
      const guarded = first === "low" || first === "sealed" ? [[first, 1]] : [];
      expect((await rowsOf("GUARDED")).map(({ to, items }) => [to, Number(items)])).toEqual(guarded);
    });
  });
});

describe("an export", () => {
  test("has the documented columns in order, nodes first, and no empty file", async () => {
    await crawl("entra.all", [...TENANT]);
    const tables = await exported();
    expect(tables.map((table) => [table.kind, table.from, table.to, table.rows])).toEqual([
      ["Agent", undefined, undefined, 1],
      ["Principal", undefined, undefined, 2],
      ["Scope", undefined, undefined, 2],
      ["Item", undefined, undefined, 1],
      ["Label", undefined, undefined, 1],
      ["ACTS_AS", "Agent", "Principal", 1],
      ["MEMBER_OF", "Principal", "Principal", 1],
      ["GRANTED", "Principal", "Scope", 2],
      ["WITHIN", "Scope", "Scope", 1],
      ["PROTECTED_BY", "Item", "Scope", 1],
      ["LABELED", "Item", "Label", 1],
      ["OWNS", "Principal", "Agent", 1],
      ["OWNS", "Principal", "Scope", 1],
      ["HOLDS", "Scope", "Label", 1],
      ["TALLY", "Scope", "Scope", 2],
      ["GUARDED", "Scope", "Label", 0],
    ]);
    for (const { kind, file } of tables)
      if (kind !== "HOLDS" && kind !== "TALLY" && kind !== "GUARDED")
        expect((await read(file)).names).toEqual(exportColumns(kind));
    expect((await exported(["Item", "OWNS"])).map((table) => table.kind)).toEqual(["Item", "OWNS", "OWNS"]);
  });

  test("loads into the embedded engine with the generated statements", async () => {
    await crawl("entra.all", [...TENANT, rel("OWNS", ref("Principal", "gone"), ref("Scope", "/"))]);
    const database = new lbug.Database(":memory:", 256 * 1024 * 1024);
    const connection = new lbug.Connection(database);
    const run = async (cypher: string): Promise<Row[]> => {
      const result = await connection.query(cypher);
      return Array.isArray(result) ? [] : result.getAll();
    };
    for (const statement of [...embeddedDdl(), ...derivedDdl(["HOLDS", "TALLY", "GUARDED"])])
      await run(statement);
    for (const table of await exported()) await run(embeddedCopy(table));
    expect(
      await run(
        "MATCH (a:Agent)-[r:ACTS_AS]->(p:Principal)-[:MEMBER_OF]->(g) RETURN a.id, r.key, r.mode, g.name, g.aliases",
      ),
    ).toEqual([
      {
        "a.id": "a1",
        "r.key": "app",
        "r.mode": "app",
        "g.name": "It's \"quoted\", with 'all'",
        "g.aliases": [],
      },
    ]);
    expect(
      await run(
        "MATCH (:Principal)-[r:GRANTED]->(s) RETURN r.key, r.read, r.`add`, r.`delete`, r.expires, r.code, s.code ORDER BY r.key",
      ),
    ).toEqual([
      {
        "r.key": "r1",
        "r.read": null,
        "r.add": null,
        "r.delete": true,
        "r.expires": "2026-02-01T00:00:00.000Z",
        "r.code": 0,
        "s.code": "00000",
      },
      {
        "r.key": "r2",
        "r.read": true,
        "r.add": false,
        "r.delete": null,
        "r.expires": null,
        "r.code": 1,
        "s.code": "00000",
      },
    ]);
    expect(
      await run("MATCH (i:Item)-[:PROTECTED_BY]->(s) RETURN i.size, i.types, i.aliases, s.sharedKey"),
    ).toEqual([
      {
        "i.size": 3_000_000_000,
        "i.types": "IBAN; Ünïcode",
        "i.aliases": ["x", "Ünïcode"],
        "s.sharedKey": false,
      },
    ]);
    expect(await run("MATCH (p:Principal)-[:OWNS]->(x) RETURN p.id, x.id ORDER BY p.id, x.id")).toEqual([
      { "p.id": "g1", "x.id": "/" },
      { "p.id": "g1", "x.id": "a1" },
      { "p.id": "gone", "x.id": "/" },
    ]);
    await connection.close();
    await database.close();
  });

  test("gives codes that sort as the ids do, equal for equal ids of two kinds", async () => {
    const names = ["b", "B", "a", "ä", "/", "10", "9"];
    await crawl("entra.all", [
      ...names.map((id) => node("Principal", id)),
      node("Scope", "/"),
      node("Agent", "a~"),
    ]);
    const tables = await exported();
    const codes = new Map<string, string>();
    for (const kind of ["Principal", "Scope", "Agent"] as const)
      for (const row of await rowsOf(kind, tables)) {
        expect(codes.get(String(row.id)) ?? row.code).toBe(row.code);
        codes.set(String(row.id), String(row.code));
      }
    const bytewise = [...codes.keys()].sort((x, y) => Buffer.compare(Buffer.from(x), Buffer.from(y)));
    expect(bytewise.map((id) => codes.get(id))).toEqual(
      bytewise.map((_, rank) => rank.toString(36).padStart(5, "0")),
    );
  });

  test("is of the moment of its snapshot, whatever is crawled afterwards", async () => {
    await crawl("entra.users", [node("Principal", "old")]);
    const snapshot = await inventory.snapshot();
    await crawl("entra.users", [node("Principal", "new")]);
    expect(await rowsOf("Principal", await snapshot.export(join(dir, "a")))).toMatchObject([{ id: "old" }]);
    await snapshot.release();
    await expect(snapshot.export(join(dir, "b"))).rejects.toThrow();
    expect(await rowsOf("Principal")).toMatchObject([{ id: "new" }]);
  });

  test("of an empty inventory has no files", async () => {
    const snapshot = await inventory.snapshot();
    expect(snapshot.time).toBe("1970-01-01T00:00:00.000Z");
    expect(await snapshot.export(join(dir, "out"))).toEqual([]);
  });
});

describe("aliases", () => {
  const ends = async (kind: RelKind) => (await rowsOf(kind)).map((row) => [row.from, row.to]);

  test("resolve to the node of the kind that declares them, in whichever partition and case", async () => {
    await crawl("azure.roles", [
      rel("MEMBER_OF", alias("Principal", "appid:ABC"), alias("Principal", "mail:g@x")),
      rel("OWNS", alias("Principal", "appid:abc"), alias("Agent", "appid:abc")),
    ]);
    await crawl("entra.all", [
      node("Principal", "sp1", { aliases: ["upn:u@x", "appid:abc"] }),
      node("Principal", "g1", { aliases: ["mail:G@x"] }),
      node("Agent", "agent1", { aliases: ["appid:abc"] }),
    ]);
    expect(await ends("MEMBER_OF")).toEqual([["sp1", "g1"]]);
    expect(await ends("OWNS")).toEqual([["sp1", "agent1"]]);
    expect((await rowsOf("Principal")).map((row) => row.id)).toEqual(["g1", "sp1"]);
  });

  test("that none declares stay as placeholders of that name", async () => {
    await crawl("entra.all", [rel("OWNS", alias("Principal", "upn:who@x"), alias("Agent", "appid:1"))]);
    expect(await ends("OWNS")).toEqual([["upn:who@x", "appid:1"]]);
    expect(await rowsOf("Principal")).toMatchObject([{ id: "upn:who@x", name: null, kind: null }]);
    expect(await rowsOf("Agent")).toMatchObject([{ id: "appid:1" }]);
  });

  test("that several nodes declare stand for each of them, so that no access is lost", async () => {
    await crawl("entra.all", [
      node("Principal", "u1", { aliases: ["mail:x"] }),
      node("Principal", "u2", { aliases: ["mail:x"] }),
      rel("MEMBER_OF", alias("Principal", "mail:x"), ref("Principal", "g")),
    ]);
    expect(await ends("MEMBER_OF")).toEqual([
      ["u1", "g"],
      ["u2", "g"],
    ]);
  });

  test("and ids of one relationship make one row, decided by the order of connectors", async () => {
    const to = ref("Principal", "g");
    await crawl("import.x", [
      rel("MEMBER_OF", alias("Principal", "upn:u"), to, { tier: "potential", expires: "2027-01-01" }),
    ]);
    await crawl("entra.all", [
      node("Principal", "u1", { aliases: ["upn:u"] }),
      rel("MEMBER_OF", ref("Principal", "u1"), to, { tier: "now" }),
    ]);
    expect(await rowsOf("MEMBER_OF")).toEqual([
      { from: "u1", to: "g", tier: "now", expires: "2027-01-01T00:00:00.000Z" },
    ]);
  });

  test("of one node from several partitions unite", async () => {
    await crawl("entra.users", [node("Principal", "u1", { name: "Ana", aliases: ["upn:u"] })]);
    await crawl("import.x", [
      node("Principal", "u1", { name: "Other", aliases: ["sid:1", "upn:u"] }),
      rel("MEMBER_OF", alias("Principal", "sid:1"), alias("Principal", "upn:u")),
    ]);
    expect(await rowsOf("Principal")).toMatchObject([{ id: "u1", name: "Ana", aliases: ["sid:1", "upn:u"] }]);
    expect(await ends("MEMBER_OF")).toEqual([["u1", "u1"]]);
  });
});

test("memberships of who is gone are out of sight, too, where every pass that tells changes has met a gap", async () => {
  const passes = async (step: string, mode: "full" | "delta", changes: Change[], gaps: Coverage[] = []) => {
    const pass = await inventory.begin(step, "", { mode, fingerprint: "f" });
    await pass.finish({ changes, gaps, deltaToken: "t" });
  };
  const hides: Coverage = { step: "entra.groups", scope: "h", state: "denied", reason: "hidden" };
  const [u1, u2, g] = ["u1", "u2", "g"].map((id) => ref("Principal", id)) as [NodeRef, NodeRef, NodeRef];
  const members = [rel("MEMBER_OF", u1, g), rel("MEMBER_OF", u2, g)];
  await passes("entra.users", "full", [node("Principal", "u1"), node("Principal", "u2")]);
  await passes("entra.groups", "full", [node("Principal", "g"), ...members], [hides]);
  await passes("entra.users", "delta", [{ remove: { kind: "Principal", id: "u1" } }]);
  await passes("entra.groups", "delta", [node("Principal", "g"), ...members], [hides]);
  expect((await rowsOf("MEMBER_OF")).map(({ from }) => from)).toEqual(["u2"]);
  // Nothing was read whole: the next pass does not start from the token of these.
  expect((await inventory.begin("entra.groups", "", { mode: "delta", fingerprint: "f" })).mode).toBe("full");
});

test("where gaps are nodes, what is known of these stays, and all else is as it was read", async () => {
  const members = (...list: [who: string, group: string][]) =>
    list.map(([who, group]) => rel("MEMBER_OF", ref("Principal", who), ref("Principal", group)));
  const full = async (changes: Change[], gaps: Coverage[] = []) => {
    const options = { mode: "full", fingerprint: "f", gapsAreNodes: true } as const;
    const pass = await inventory.begin("entra.groups", "", options);
    await pass.finish({ changes, gaps, deltaToken: "t" });
    return (await rowsOf("MEMBER_OF")).map(({ from, to }) => `${from} ${to}`).sort();
  };
  const hides = (scope: string): Coverage => ({ step: "entra.groups", scope, state: "denied" });
  const groups = ["open", "hidden", "old"].map((id) => node("Principal", id));
  await full([...groups, ...members(["a", "open"], ["b", "open"], ["c", "hidden"], ["hidden", "old"])]);
  const without = [...groups.slice(0, 2), ...members(["a", "open"])];
  expect(await full(without, [hides("hidden")])).toEqual(["a open", "c hidden"]);
  expect((await inventory.coverage()).map(({ scope, state, records }) => [scope, state, records])).toEqual([
    ["", "partial", 4],
    ["hidden", "denied", 0],
  ]);
  // What is new of it is added; the next pass starts from no token.
  expect(await full([...without, ...members(["d", "hidden"])], [hides("hidden")])).toEqual([
    ...["a open", "c hidden", "d hidden"],
  ]);
  expect((await inventory.begin("entra.groups", "", { mode: "delta", fingerprint: "f" })).mode).toBe("full");
  // A gap of all of it, and one where gaps are no nodes, deletes nothing.
  expect(await full([], [hides("")])).toHaveLength(3);
  expect(await full(without)).toEqual(["a open"]);
});

test("a scope whose kind no record says is what its id tells, be it declared or not", async () => {
  const account = "/subscriptions/1/resourcegroups/g/providers/microsoft.storage/storageaccounts/";
  const named = [
    `${account}named`,
    `${account}named/blobservices/default/containers/c`,
    "plane:teams",
    "site",
  ];
  await crawl("azure.x", [
    node("Scope", `${account}put`, { name: "Put" }),
    node("Scope", `${account}said`, { kind: "Archive" }),
    node("Scope", "plane:sharepoint"),
    ...named.map((id) =>
      rel("GRANTED", ref("Principal", "p"), ref("Scope", id), { key: "1", listKeys: true }),
    ),
  ]);
  const kinds = Object.fromEntries((await rowsOf("Scope")).map(({ id, kind }) => [id, kind]));
  expect(kinds).toEqual({
    [`${account}put`]: "StorageAccount",
    [`${account}named`]: "StorageAccount",
    [`${account}named/blobservices/default/containers/c`]: null,
    [`${account}said`]: "Archive",
    "plane:sharepoint": "Service",
    "plane:teams": "Service",
    site: null,
  });
});

test("an endpoint that nobody declares becomes a placeholder, once, of its own kind", async () => {
  await crawl("entra.all", [
    rel("OWNS", ref("Principal", "p"), ref("Scope", "s")),
    rel("OWNS", ref("Principal", "p"), ref("Agent", "s")),
    rel("MEMBER_OF", ref("Principal", "p"), ref("Principal", "p")),
  ]);
  const tables = await exported();
  expect(await rowsOf("Principal", tables)).toMatchObject([{ id: "p", name: null }]);
  // The second is what an agent opens of which no record says with whose rights it acts.
  expect(await rowsOf("Scope", tables)).toMatchObject([
    { id: "s" },
    { id: "unknown:agent:s", kind: "Unmodelled", plane: "agent", name: "What s opens" },
  ]);
  expect(await rowsOf("Agent", tables)).toMatchObject([{ id: "s" }]);
});

describe("the id of a snapshot", () => {
  const idOf = async (fill: (other: Inventory) => Promise<void>): Promise<string> => {
    const other = await openInventory(":memory:");
    try {
      await fill(other);
      return (await other.snapshot()).id;
    } finally {
      await other.close();
    }
  };

  test("is the same for the same facts in any order of pages, passes and rewrites", async () => {
    const once = await idOf((other) => crawl("entra.all", [...TENANT], other));
    expect(once).toMatch(/^[0-9a-f]{32}$/);
    expect(await idOf((other) => crawl("entra.all", [...TENANT].reverse(), other))).toBe(once);
    const rewritten = await idOf(async (other) => {
      await crawl("entra.all", [node("Principal", "stale")], other);
      const pass = await other.begin("entra.all", "", { mode: "full", fingerprint: "f" });
      for (const change of TENANT) await pass.apply({ changes: [change, change], cursor: "c" });
      await pass.finish();
    });
    expect(rewritten).toBe(once);
  });

  test("changes with any property, record, endpoint and state of coverage", async () => {
    const variants: ((other: Inventory) => Promise<void>)[] = [
      (other) => crawl("entra.all", [...TENANT], other),
      (other) => crawl("entra.all", TENANT.slice(1), other),
      (other) => crawl("entra.all", [...TENANT, node("Principal", "g1", { enabled: false })], other),
      (other) => crawl("entra.all", [...TENANT, node("Principal", "g1", { name: "" })], other),
      (other) => crawl("entra.all", [...TENANT, node("Principal", "g1", { name: null })], other),
      (other) =>
        crawl("entra.all", [...TENANT, node("Principal", "a1", { aliases: ["appid:77", ""] })], other),
      (other) =>
        crawl("entra.all", [...TENANT, rel("OWNS", ref("Principal", "a1"), ref("Scope", "/"))], other),
      async (other) => {
        await crawl("entra.all", [...TENANT], other);
        await other.note({ step: "azure.blobs", scope: "", state: "denied" });
      },
    ];
    const ids = await Promise.all(variants.map(idOf));
    expect(new Set(ids).size).toBe(variants.length);
  });
});
