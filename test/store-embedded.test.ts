import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeEstate } from "../bench/estate.ts";
import { loadRows } from "../src/graph/derive-files.ts";
import { type EngineConnection, openEngine } from "../src/graph/engine.ts";
import { derivedColumns, derivedCopy, derivedDdl } from "../src/graph/generate.ts";
import { loadRules } from "../src/graph/rules.ts";
import type { GraphStore } from "../src/graph/store.ts";
import { openEmbeddedStore } from "../src/graph/store-embedded.ts";
import { fill, reachOf, Stage } from "./neo4j.ts";
import type { Put } from "./oracle/records.ts";
import { asLines } from "./oracle/tenants.ts";
import { storeContract } from "./store.contract.ts";

storeContract((stage) => stage.embedded());

test("rows that do not fit the memory of the engine at once are loaded in parts, and none is lost", async () => {
  const stage = new Stage();
  try {
    const folder = await stage.folder();
    const open = async (name: string, pool: number): Promise<EngineConnection> => {
      const engine = await openEngine({ path: join(folder, name), pool: pool * 1024 * 1024 });
      stage.onEnd(() => engine.close());
      return engine;
    };
    const ROWS_A_FILE = 50_000;
    const writer = await open("writer.db", 256);
    const columns = derivedColumns("CAN_REACH").map(({ name, type }) =>
      type === "string" ? `'text ' + string(n % 100) AS \`${name}\`` : `n % 2 AS \`${name}\``,
    );
    const files = Array.from({ length: 4 }, (_, i) => join(folder, `rows-${i}.parquet`));
    for (const file of files)
      await writer.run(
        `COPY (UNWIND range(1, ${ROWS_A_FILE}) AS n RETURN 'a' + string(n % 1000) AS a, 's' + string(n * 7 % 1000) AS s,
          ${columns.join(", ")} ORDER BY n) TO '${file}'`,
      );
    const engine = await open("graph.db", 64);
    for (const [kind, letter] of [
      ["Agent", "a"],
      ["Scope", "s"],
    ]) {
      await engine.run(`CREATE NODE TABLE ${kind}(id STRING PRIMARY KEY)`);
      await engine.run(`COPY ${kind} FROM (UNWIND range(0, 999) AS n RETURN '${letter}' + string(n))`);
    }
    await engine.together(derivedDdl(["CAN_REACH"]));
    const rows = files.map((file) => ({ file, rows: ROWS_A_FILE }));
    const names = ["a", "s", ...derivedColumns("CAN_REACH").map(({ name }) => name)];
    await expect(engine.run(derivedCopy("CAN_REACH", files, names))).rejects.toThrow("buffer pool is full");
    await engine.together(["DROP TABLE CAN_REACH", ...derivedDdl(["CAN_REACH"])]);

    await loadRows(engine, "CAN_REACH", rows, 4 * ROWS_A_FILE);
    const counted = "RETURN count(*) AS n, sum(r.steps) AS steps";
    for (const pattern of ["(:Agent)-[r:CAN_REACH]->(:Scope)", "(:Scope)<-[r:CAN_REACH]-(:Agent)"])
      expect(await engine.run(`MATCH ${pattern} ${counted}`)).toEqual([
        { n: 4 * ROWS_A_FILE, steps: 2 * ROWS_A_FILE },
      ]);
  } finally {
    await stage.end();
  }
}, 120_000);

test("many questions at once have each its own answer, and one that fails holds up no other", async () => {
  const stage = new Stage();
  try {
    const store = openEmbeddedStore({ folder: join(await stage.folder(), "graph") });
    stage.onEnd(() => store.close());
    const ids = Array.from({ length: 30 }, (_, i) => `s${i}`);
    const records: Put[] = ids.map((id) => ({
      kind: "Scope",
      id,
      props: { kind: "Site", name: `Site ${id}` },
    }));
    await fill(store, [...asLines(records)], stage);
    const one = "MATCH (s:Scope) WHERE s.id = $id RETURN s.name AS name";
    const answers = await Promise.allSettled(
      ids.flatMap((id) => [
        store.query(one, { id }),
        store.query("MATCH (s:Nothing) WHERE s.id = $id RETURN s", { id }),
      ]),
    );
    expect(answers.map((answer) => (answer.status === "fulfilled" ? answer.value : "failed"))).toEqual(
      ids.flatMap((id) => [[{ name: `Site ${id}` }], "failed"]),
    );
    // More rows than are taken in one go, for two at once.
    const all = () => store.query("UNWIND range(1, 2500) AS n RETURN n");
    for (const rows of await Promise.all([all(), all()]))
      expect(rows.map(({ n }) => n)).toEqual([...Array(2500).keys()].map((n) => n + 1));
  } finally {
    await stage.end();
  }
});

describe("many agents", () => {
  const stage = new Stage();
  afterAll(() => stage.end());
  const AGENTS = 700;
  const node = (kind: string, id: string, props: Put["props"] = {}): Put => ({ kind, id, props });
  const rel = (
    kind: string,
    from: [string, string],
    to: [string, string],
    props: Put["props"] = {},
  ): Put => ({
    ...{ kind, props },
    from: { kind: from[0], id: from[1] },
    to: { kind: to[0], id: to[1] },
  });
  const grant = { flow: "containment", tier: "now", certainty: "exact", see: true, read: true } as const;
  /** Each in a group of ten that reads a container; every third reads what contains it; all are denied to read one. */
  const records: Put[] = [
    node("Scope", "sub", { kind: "Subscription", plane: "azure" }),
    node("Principal", "everyone", { kind: "Everyone" }),
    ...Array.from({ length: AGENTS / 10 }, (_, i) => [
      node("Principal", `g${i}`, { kind: "Group" }),
      node("Scope", `c${i}`, { kind: "Container", plane: "azure" }),
      rel("WITHIN", ["Scope", `c${i}`], ["Scope", "sub"]),
      rel("GRANTED", ["Principal", `g${i}`], ["Scope", `c${i}`], { key: `g${i}`, ...grant }),
    ]).flat(),
    rel("DENIED", ["Principal", "everyone"], ["Scope", "c7"], { key: "d", read: true }),
    ...Array.from({ length: AGENTS }, (_, i) => [
      node("Agent", `a${i}`, { name: `a${i}` }),
      node("Principal", `a${i}`, { kind: "AgentIdentity" }),
      rel("ACTS_AS", ["Agent", `a${i}`], ["Principal", `a${i}`], { mode: "app", key: "app" }),
      rel("MEMBER_OF", ["Principal", `a${i}`], ["Principal", `g${i % (AGENTS / 10)}`]),
      ...(i % 3 === 0
        ? [rel("GRANTED", ["Principal", `a${i}`], ["Scope", "sub"], { key: `s${i}`, ...grant })]
        : []),
    ]).flat(),
  ];

  /** So small a pool takes fewer agents at a time than there are. */
  let inParts: GraphStore;
  let before: Awaited<ReturnType<typeof reachOf>>;
  const storeOf = async (pool: number, threads: number): Promise<GraphStore> => {
    const store = openEmbeddedStore({ folder: join(await stage.folder(), "graph"), pool, threads });
    stage.onEnd(() => store.close());
    return store;
  };
  beforeAll(async () => {
    inParts = await storeOf(64 * 1024 * 1024, 2);
    await fill(inParts, [...asLines(records)], stage);
    before = await reachOf(inParts);
  }, 600_000);

  test("have the rows that they have together if they are derived in parts, several at a time", async () => {
    const store = await storeOf(512 * 1024 * 1024, 1);
    await fill(store, [...asLines(records)], stage);
    const together = await reachOf(store);
    expect(together.length).toBeGreaterThan(AGENTS);
    expect(before).toEqual(together);
  }, 600_000);

  test("are derived in halves where they do not fit the engine's memory, with the same rows", async () => {
    const folder = await stage.folder();
    const tables = await makeEstate(0.02, join(folder, "facts"), "people");
    const derived = async (pool: number, threads = 1) => {
      const store = openEmbeddedStore({ folder: join(folder, `graph-${pool}`), pool, threads });
      try {
        await store.rebuild({ snapshot: "estate", time: "2026-01-01T00:00:00.000Z", gaps: [], tables });
        const runs = new Map<string, number>();
        for await (const { rule } of store.derive(loadRules())) runs.set(rule, (runs.get(rule) ?? 0) + 1);
        // A part that did not fit began and did not end.
        return { rows: await reachOf(store), stopped: runs.get("lent")! - runs.get("has-rights-of")! };
      } finally {
        // Each open engine reserves terabytes of addresses.
        await store.close();
      }
    };
    const whole = await derived(512 * 1024 * 1024);
    expect(whole.stopped).toBe(0);
    expect(whole.rows.length).toBeGreaterThan(10_000);
    for (const halved of [await derived(36 * 1024 * 1024), await derived(64 * 1024 * 1024, 2)]) {
      expect(halved.stopped).toBeGreaterThan(0);
      expect(halved.rows).toEqual(whole.rows);
    }
  }, 600_000);

  test("where policies bind alike all around the rows are those of places looked at one by one", async () => {
    const folder = await stage.folder();
    const tables = await makeEstate(0.03, join(folder, "facts"), "gated");
    const derived = async (name: string, left: readonly string[]) => {
      const store = openEmbeddedStore({ folder: join(folder, name), pool: 512 * 1024 * 1024 });
      try {
        await store.rebuild({ snapshot: "estate", time: "2026-01-01T00:00:00.000Z", gaps: [], tables });
        let looked = 0;
        for await (const { rule, rows } of store.derive(loadRules().filter(({ id }) => !left.includes(id))))
          if (rule === "mark") looked += rows;
        return { rows: await reachOf(store), looked };
      } finally {
        await store.close();
      }
    };
    const alike = await derived("alike", []);
    // Nothing is known to be alike: all that policies bind is added up.
    const each = await derived("each", ["alike"]);
    expect(each.looked).toBeGreaterThan(2 * alike.looked);
    expect(alike.rows.filter(({ tier }) => tier === "conditional").length).toBeGreaterThan(1_000);
    expect(alike.rows).toEqual(each.rows);
  }, 600_000);

  test("a rule that fails in one of the parts fails the whole, and the graph that was there stays", async () => {
    const broken = loadRules().map((rule) =>
      rule.id === "can-reach" ? { ...rule, first: rule.first.map((s) => ({ ...s, text: "MATCH (" })) } : rule,
    );
    await expect(fill(inParts, [...asLines(records)], stage, [], broken)).rejects.toThrow();
    expect(before.length).toBeGreaterThan(AGENTS);
    expect(await reachOf(inParts)).toEqual(before);
  }, 600_000);

  test("an agent that everybody may use reaches what somebody may, also where a deny tells one of them apart", async () => {
    const USERS = 2_000;
    const may: Put[] = [
      node("Principal", "everyone", { kind: "Everyone" }),
      node("Agent", "a", { name: "a" }),
      node("Principal", "a", { kind: "AgentIdentity" }),
      rel("ACTS_AS", ["Agent", "a"], ["Principal", "a"], { mode: "app", key: "app" }),
      rel("MAY_USE", ["Principal", "everyone"], ["Agent", "a"]),
      node("Scope", "sub", { kind: "Subscription", plane: "azure" }),
      rel("CONSENTED", ["Principal", "a"], ["Scope", "sub"], {
        ...{
          key: "c",
          type: "delegated",
          permission: "user_impersonation",
          user: "*",
          see: true,
          read: true,
        },
      }),
      ...Array.from({ length: USERS }, (_, i) => [
        node("Principal", `u${i}`, { kind: "User" }),
        node("Scope", `c${i}`, { kind: "Container", plane: "azure" }),
        rel("WITHIN", ["Scope", `c${i}`], ["Scope", "sub"]),
        rel("GRANTED", ["Principal", `u${i}`], ["Scope", `c${i}`], { key: `u${i}`, ...grant, write: true }),
        // Each has something that the next one has, too.
        rel("GRANTED", ["Principal", `u${(i + 1) % USERS}`], ["Scope", `c${i}`], { key: `n${i}`, ...grant }),
      ]).flat(),
      rel("DENIED", ["Principal", "u7"], ["Scope", "sub"], { key: "d", read: true, write: true, see: true }),
    ];
    const store = openEmbeddedStore({ folder: join(await stage.folder(), "graph") });
    stage.onEnd(() => store.close());
    await fill(store, [...asLines(may)], stage);
    const rows = (await reachOf(store)).filter(({ mode }) => mode === "on-behalf-of");
    // What u7 alone could write nobody writes; consent is for reading, and two may read each.
    expect(rows.length).toBe(USERS);
    expect(rows.every(({ read, write }) => read === true && write === false)).toBe(true);
    expect(rows.find(({ scope }) => scope === "c7")).toMatchObject({
      path: [{ id: "a" }, { id: "u8" }, { id: "c7" }],
    });
  }, 600_000);
});
