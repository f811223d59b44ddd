/** What would be known if changes were applied is what is known once they are facts; and the inventory keeps none. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Row } from "../model.ts";
import type { Change, NodeKind, NodeProps, NodeRef, RelKind, RelProps } from "../schema.ts";
import { type Inventory, openInventory, type Snapshot } from "./inventory.ts";

const node = <K extends NodeKind>(kind: K, id: string, props: NodeProps<K> = {}): Change =>
  ({ put: { kind, id, props } }) as Change;
const rel = <K extends RelKind>(kind: K, from: NodeRef, to: NodeRef, props?: RelProps<K>): Change =>
  ({ put: { kind, from, to, ...(props === undefined ? {} : { props }) } }) as Change;
const ref = (kind: NodeKind, id: string): NodeRef => ({ kind, id });
const person = (id: string): NodeRef => ref("Principal", id);
const alias = (name: string): NodeRef => ({ kind: "Principal", alias: name });
const gone = (kind: NodeKind, id: string): Change => ({ remove: { kind, id } });
const unrelate = (kind: RelKind, from: NodeRef, to: NodeRef, key?: string): Change => ({
  remove: { kind, from, to, ...(key === undefined ? {} : { key }) },
});
const granted = (from: NodeRef, key: string, props: RelProps<"GRANTED"> = {}): Change =>
  rel("GRANTED", from, ref("Scope", "s"), { key, flow: "containment", read: true, ...props });

let dir: string;
let inventory: Inventory;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "overlay-"));
  inventory = await openInventory(":memory:");
});
afterEach(async () => {
  await inventory.close();
  rmSync(dir, { recursive: true });
});

const crawl = async (into: Inventory, step: string, changes: readonly Change[]) => {
  const pass = await into.begin(step, "", { mode: "full", fingerprint: "f" });
  await pass.apply({ changes: [...changes] });
  await pass.finish();
};
async function* each(changes: readonly Change[]): AsyncGenerator<Change> {
  yield* changes;
}

/** Every record of a snapshot as text, sorted; properties that are absent, and codes, are left out. */
async function recordsOf(snapshot: Snapshot): Promise<string[]> {
  const folder = mkdtempSync(join(dir, "out-"));
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  const lines: string[] = [];
  for (const { kind, file } of await snapshot.export(folder))
    for (const row of (await connection.runAndReadAll(`FROM '${file}'`)).getRowObjectsJson() as Row[])
      lines.push(
        `${kind} ${Object.entries(row)
          .filter(([name, value]) => value !== null && value !== "" && name !== "code")
          .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
          .join(" ")}`,
      );
  connection.closeSync();
  instance.closeSync();
  await snapshot.release();
  return lines.sort();
}

/** Two steps speak of u, and one of them names it by alias. */
const ENTRA: readonly Change[] = [
  node("Principal", "u", { kind: "User", name: "Ana", enabled: true, aliases: ["upn:ana@x"] }),
  node("Principal", "g", { kind: "Group", name: "Finance" }),
  rel("MEMBER_OF", person("u"), person("g")),
  node("Agent", "a", { name: "Bot" }),
];
const AZURE: readonly Change[] = [
  node("Scope", "s", { kind: "Container", name: "box" }),
  granted(alias("upn:ana@x"), "1", { expires: "2027-01-01T00:00:00.000Z" }),
  granted(person("g"), "2"),
  granted(person("u"), "3"),
];

interface Case {
  changes: readonly Change[];
  /** Known besides, from a third step. */
  known?: readonly Change[];
  /** What the two steps would have said instead. */
  entra?: readonly Change[];
  azure?: readonly Change[];
}
const CASES: Readonly<Record<string, Case>> = {
  "a new node and its relationships": {
    changes: [
      node("Agent", "b", { name: "Planned" }),
      rel("ACTS_AS", ref("Agent", "b"), person("g"), { key: "app", mode: "app" }),
    ],
    entra: [
      ...ENTRA,
      node("Agent", "b", { name: "Planned" }),
      rel("ACTS_AS", ref("Agent", "b"), person("g"), { key: "app", mode: "app" }),
    ],
  },
  "a property that is put decides over every partition, the others stay": {
    changes: [node("Principal", "u", { enabled: false })],
    entra: [
      node("Principal", "u", { kind: "User", name: "Ana", enabled: false, aliases: ["upn:ana@x"] }),
      ...ENTRA.slice(1),
    ],
  },
  "null clears what another partition said": {
    changes: [granted(person("u"), "1", { expires: null })],
    azure: [AZURE[0]!, granted(person("u"), "1"), ...AZURE.slice(2)],
  },
  "a removed relationship goes, whoever brought it and whatever it was called": {
    changes: [
      unrelate("GRANTED", person("u"), ref("Scope", "s"), "1"),
      unrelate("GRANTED", alias("UPN:Ana@x"), ref("Scope", "s"), "3"),
    ],
    azure: [AZURE[0]!, AZURE[2]!],
  },
  "a removed node takes its relationships along": {
    changes: [gone("Principal", "g")],
    entra: [ENTRA[0]!, ENTRA[3]!],
    azure: [AZURE[0]!, AZURE[1]!, AZURE[3]!],
  },
  "what is put again after it was removed is new": {
    changes: [
      granted(person("g"), "9"),
      gone("Principal", "g"),
      node("Principal", "g", { kind: "Group" }),
      granted(person("g"), "2", { write: true, read: null }),
    ],
    entra: [ENTRA[0]!, node("Principal", "g", { kind: "Group" }), ENTRA[3]!],
    azure: [
      AZURE[0]!,
      AZURE[1]!,
      rel("GRANTED", person("g"), ref("Scope", "s"), { key: "2", flow: "containment", write: true }),
      AZURE[3]!,
    ],
  },
  "a name that a new node goes by resolves records that were there": {
    known: [rel("MAY_USE", alias("mail:new@x"), ref("Agent", "a"))],
    changes: [
      rel("SPONSORS", alias("mail:new@x"), ref("Agent", "a")),
      node("Principal", "n", { kind: "User", aliases: ["mail:new@x"] }),
    ],
    entra: [
      ...ENTRA,
      node("Principal", "n", { kind: "User", aliases: ["mail:new@x"] }),
      rel("SPONSORS", person("n"), ref("Agent", "a")),
    ],
  },
  "further names add to those that are known": {
    changes: [node("Principal", "u", { aliases: ["mail:ana@x"] })],
    entra: [
      node("Principal", "u", {
        ...{ kind: "User", name: "Ana", enabled: true },
        aliases: ["mail:ana@x", "upn:ana@x"],
      }),
      ...ENTRA.slice(1),
    ],
  },
  "the last of several words on one record counts": {
    changes: [
      node("Agent", "a", { name: "One", platform: "p" }),
      node("Agent", "a", { name: "Two" }),
      node("Agent", "z", { name: "Gone" }),
      gone("Agent", "z"),
    ],
    entra: [...ENTRA.slice(0, 3), node("Agent", "a", { name: "Two", platform: "p" })],
  },
};

test.each(Object.entries(CASES))("%s", async (_, { changes, known = [], entra = ENTRA, azure = AZURE }) => {
  await crawl(inventory, "entra.users", ENTRA);
  await crawl(inventory, "azure.roles", AZURE);
  await crawl(inventory, "import.more", known);
  const fact = await openInventory(":memory:");
  try {
    await crawl(fact, "entra.users", entra);
    await crawl(fact, "azure.roles", azure);
    await crawl(fact, "import.more", known);
    const before = (await inventory.snapshot()).id;
    const supposed = await inventory.suppose(each(changes));
    expect(supposed.id).not.toBe(before);
    expect(await recordsOf(supposed)).toEqual(await recordsOf(await fact.snapshot()));
    expect((await inventory.snapshot()).id).toBe(before);
  } finally {
    await fact.close();
  }
});

test("changes that stand for a step replace what it said", async () => {
  await crawl(inventory, "entra.users", ENTRA);
  await crawl(inventory, "import.own", [node("Agent", "old"), node("Agent", "kept", { name: "Kept" })]);
  const own = { step: "import.own", scope: "", state: "complete" } as const;
  const supposed = await inventory.suppose(each([node("Agent", "kept")]), () => ({
    ...{ step: "import.own", stated: [own] },
  }));
  const agents = (await recordsOf(supposed)).filter((line) => line.startsWith("Agent "));
  expect(agents).toEqual(['Agent id="a" name="Bot"', 'Agent id="kept"']);
});

test("a file that is open for reading takes changes on top and stays as it is, byte by byte", async () => {
  const file = join(dir, "inventory.duckdb");
  const writing = await openInventory(file);
  await crawl(writing, "entra.users", ENTRA);
  await writing.close();
  const bytes = readFileSync(file);
  const reading = await openInventory(file, { readOnly: true, spill: join(dir, "spill") });
  try {
    const many = Array.from({ length: 25_000 }, (_, i) => node("Principal", `p${i}`, { kind: "User" }));
    const supposed = await reading.suppose(each([...many, gone("Principal", "p7")]));
    const found = (await recordsOf(supposed)).filter((line) => line.startsWith("Principal "));
    expect(found).toHaveLength(25_000 - 1 + 2);
  } finally {
    await reading.close();
  }
  expect(readFileSync(file).equals(bytes)).toBe(true);
});

test("changes that break off leave nothing open", async () => {
  async function* broken(): AsyncGenerator<Change> {
    yield node("Agent", "b");
    throw new Error("line 2");
  }
  await expect(inventory.suppose(broken())).rejects.toThrow("line 2");
  await crawl(inventory, "entra.users", ENTRA);
  expect((await recordsOf(await inventory.snapshot())).some((line) => line.includes('"b"'))).toBe(false);
});
