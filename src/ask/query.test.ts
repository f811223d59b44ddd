import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Connection, Database, type LbugValue } from "@ladybugdb/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openEngine } from "../graph/engine.ts";
import { derivedDdl, embeddedDdl } from "../graph/generate.ts";
import type { Params, Row } from "../model.ts";
import { PUBLISHED_KINDS } from "../schema.ts";
import { checkQuery } from "./gate.ts";
import { loadQueries, parseQuery, type Query, runQuery } from "./query.ts";

const HEAD = {
  id: "agent-x",
  title: "Agent does x",
  severity: "low",
  reads: "Agent, CAN_REACH",
  columns: "agent, n",
  identity: "agent",
  why: "because",
  fix: "undo it",
};
const file = (
  changes: Readonly<Record<string, string | undefined>> = {},
  body = "MATCH (a:Agent) RETURN a.id AS agent, 1 AS n",
) =>
  `${Object.entries({ ...HEAD, ...changes })
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `// ${key}: ${value}`)
    .join("\n")}\n${body}\n`;

describe("front matter", () => {
  it("says what a query is for", () => {
    expect(parseQuery(file({ why: "one\n//   and two" }), "x.cypher")).toMatchObject({
      id: "agent-x",
      severity: "low",
      reads: ["Agent", "CAN_REACH"],
      columns: ["agent", "n"],
      why: "one and two",
      params: {},
    });
  });

  it("declares parameters with defaults of their type", () => {
    const query = parseQuery(
      file({ params: "threshold=100, share=0.5, label=Top secret, all=true" }),
      "x.cypher",
    );
    expect(query.params).toEqual({ threshold: 100, share: 0.5, label: "Top secret", all: true });
  });

  it("may read whatever a rule leaves in the graph, and nothing that it works with", () => {
    const reads = ["Agent", ...PUBLISHED_KINDS];
    expect(parseQuery(file({ reads: reads.join(", ") }), "x.cypher").reads).toEqual(reads);
    expect(reads).toEqual(expect.arrayContaining(["READS_COPY", "HAS_RIGHTS_OF"]));
    expect(() => parseQuery(file({ reads: "Agent, SHOWN" }), "x.cypher")).toThrow("names SHOWN");
  });

  it.each([
    ["a key that is missing", { fix: undefined }, '"fix" is missing'],
    ["a key nobody knows", { colour: "red" }, '"colour" is none of'],
    ["a severity nobody knows", { severity: "dire" }, '"severity" is none of'],
    ["a kind that the schema does not have", { reads: "Agent, Robot" }, "names Robot"],
    ["an identity that is no column", { identity: "agent, scope" }, "names scope"],
    ["a column that stands twice", { columns: "agent, agent" }, "twice"],
    ["a finding with a parameter that it must be told", { params: "threshold" }, "must have a default"],
    ["a parameter of a kind that the schema does not have", { params: "one:Robot" }, "names Robot"],
    ["a parameter that is not written as one", { params: "threshold=" }, "name=default"],
    ["an id with capitals", { id: "Agent-X" }, "small-letters"],
    ["a key that stands twice", { why: "a\n// why: b" }, "stands twice"],
  ])("refuses %s", (_, changes, message) => {
    expect(() => parseQuery(file(changes), "x.cypher")).toThrow(message);
  });
});

describe("running a query", () => {
  const query = parseQuery(file({ params: "threshold=100" }), "x.cypher");

  it("passes defaults, and what the caller sets instead", async () => {
    const seen: Params[] = [];
    const run = async (_: string, params: Params): Promise<Row[]> => {
      seen.push(params);
      return [];
    };
    await runQuery(run, query);
    await runQuery(run, query, { threshold: 5 });
    expect(seen).toEqual([{ threshold: 100 }, { threshold: 5 }]);
  });

  it("refuses a parameter that the file does not declare", async () => {
    await expect(runQuery(async () => [], query, { treshold: 5 })).rejects.toMatchObject({
      code: "query-parameter",
      fix: "Its parameters: threshold.",
    });
  });

  it("refuses to run without a parameter that has no default, and passes it as text", async () => {
    const question = parseQuery(
      file({
        severity: undefined,
        identity: undefined,
        fix: undefined,
        for: "owner",
        params: "place, most=9",
      }),
      "x.cypher",
    );
    await expect(runQuery(async () => [], question, { most: 1 })).rejects.toMatchObject({
      code: "query-parameter",
      message: "The query agent-x needs the parameter place.",
      fix: "forereach query agent-x --param place=VALUE",
    });
    const seen: Params[] = [];
    const run = async (_: string, params: Params): Promise<Row[]> => {
      seen.push(params);
      return [];
    };
    await runQuery(run, question, { place: 2024 });
    expect(seen).toEqual([{ place: "2024", most: 9 }]);
  });

  it("asks which one is meant where a name fits several things, and passes the id of the one that it fits", async () => {
    const question = parseQuery(
      file({ severity: undefined, identity: undefined, fix: undefined, for: "owner", params: "place:Scope" }),
      "x.cypher",
    );
    const asked: Params[] = [];
    const among =
      (...ids: string[]) =>
      async (cypher: string, params: Params): Promise<Row[]> => {
        if (cypher !== question.text) return ids.map((id) => ({ id }));
        asked.push(params);
        return [];
      };
    await expect(runQuery(among("/a/box", "/b/box"), question, { place: "box" })).rejects.toMatchObject({
      code: "ambiguous",
      message: '"box" fits 2 of kind Scope: /a/box, /b/box',
    });
    await runQuery(among("/a/box"), question, { place: "box" });
    await runQuery(among("/a/box", "box"), question, { place: "box" });
    expect(asked).toEqual([{ place: "/a/box" }, { place: "box" }]);
  });

  it("refuses a text where a number is meant: no row is above a text", async () => {
    await expect(runQuery(async () => [], query, { threshold: "many" })).rejects.toThrow("is a number");
  });

  it("refuses columns that are not those declared", async () => {
    await expect(runQuery(async () => [{ n: 1, agent: "a" }], query)).rejects.toThrow("returns n, agent");
  });
});

describe("the saved queries", () => {
  let queries: Query[];
  let dir = "";
  let database: Database;
  let connection: Connection;
  const run = async (text: string, params: Params): Promise<Row[]> => {
    const prepared = await connection.prepare(text);
    const result = await connection.execute(prepared, params as Record<string, LbugValue>);
    const rows = (await Promise.all([result].flat().map((part) => part.getAll()))).flat();
    // A sum of 64-bit integers is a 128-bit one, which the binding gives as bigint; a store decodes it.
    const plain = (value: unknown) => (typeof value === "bigint" ? Number(value) : value);
    return rows.map((row) =>
      Object.fromEntries(Object.entries(row).map(([key, value]) => [key, plain(value)])),
    );
  };
  const rowsOf = (id: string, params?: Params) => {
    const query = queries.find((known) => known.id === id);
    if (query === undefined) throw new Error(`no query ${id}`);
    return runQuery(run, query, params);
  };

  beforeAll(async () => {
    queries = await loadQueries();
    dir = await mkdtemp(join(tmpdir(), "queries-"));
    database = new Database(join(dir, "graph"), 64 << 20);
    connection = new Connection(database);
    for (const text of [
      ...embeddedDdl(),
      ...derivedDdl(["CAN_REACH"]),
      "CREATE (:Agent {id: 'a1', name: 'One'}), (:Agent {id: 'a2', name: 'Two'}), (:Agent {id: 'a3', name: 'Three'})",
      "MATCH (a:Agent {id: 'a1'}) CREATE (:Principal {id: 'u1', name: 'Ana'})-[:SPONSORS]->(a)",
      "CREATE (:Scope {id: 's1', name: 'S1', kind: 'Container'}), (:Scope {id: 's2', name: 'S2', kind: 'Container'})",
    ]) {
      await connection.query(text);
    }
    const reach = (agent: string, scope: string, props: string) =>
      connection.query(
        `MATCH (a:Agent {id: '${agent}'}) MATCH (s:Scope {id: '${scope}'}) CREATE (a)-[:CAN_REACH {absorbed: false, ${props}}]->(s)`,
      );
    const now = "tier: 'now', mode: 'app', via: '', subtree: false, certainty: 'exact'";
    await reach(
      "a1",
      "s1",
      `${now}, read: true, manage: false, readable_sensitive: 60, readable_unlabeled_sensitive: 5`,
    );
    await reach(
      "a1",
      "s2",
      `${now}, read: true, manage: false, readable_sensitive: 50, readable_unlabeled_sensitive: 0`,
    );
    // The same items in another mode: neither counted twice, nor found twice.
    await reach(
      "a1",
      "s1",
      "tier: 'now', mode: 'key', via: '', subtree: true, certainty: 'upper-bound', read: true, manage: true, readable_sensitive: 60, readable_unlabeled_sensitive: 5",
    );
    await reach(
      "a1",
      "s1",
      `${now}, read: true, manage: true, readable_sensitive: 0, readable_unlabeled_sensitive: 0`,
    );
    await reach("a2", "s1", `${now}, read: true`);
    await reach(
      "a3",
      "s1",
      "tier: 'latent', mode: 'app', via: '', subtree: false, certainty: 'exact', read: true, manage: true, readable_sensitive: 900, readable_unlabeled_sensitive: 900",
    );
    await connection.query("CREATE (:Agent {id: 'a4', name: 'Four'})");
    await reach(
      "a4",
      "s1",
      "tier: 'conditional', mode: 'app', subtree: false, certainty: 'exact', read: true",
    );
    for (const agent of ["a3", "a4"])
      await connection.query(
        `MATCH (a:Agent {id: '${agent}'}) MATCH (p:Principal) MATCH (s:Scope {id: 's1'}) CREATE (p)-[:SPONSORS]->(a), (a)-[:OBSERVED {last: timestamp('2026-01-01')}]->(s)`,
      );
  });
  afterAll(async () => {
    await connection.close();
    await database.close();
    await rm(dir, { recursive: true });
  });

  it("are loaded, ordered by id, and pass the gate in both dialects", () => {
    const ids = queries.map((query) => query.id);
    expect(ids).toEqual([...ids].sort());
    expect(ids).toContain("agent-can-change-permissions");
    for (const query of queries) {
      checkQuery(query.text, "embedded");
      checkQuery(query.text, "neo4j");
    }
  });

  it("find the agent that reads more sensitive items than the threshold, counted once over its modes", async () => {
    expect(await rowsOf("agent-reaches-many-sensitive-items")).toEqual([
      { agent: "a1", agent_name: "One", agent_owner: "Ana", sensitive_items: 110, unknown_scopes: 0 },
    ]);
    expect(await rowsOf("agent-reaches-many-sensitive-items", { threshold: 110 })).toEqual([]);
  });

  it("find sensitive items without a label, once a place", async () => {
    expect(await rowsOf("agent-reaches-unlabeled-sensitive")).toMatchObject([
      { agent: "a1", scope: "s1", unlabeled_sensitive_items: 5 },
    ]);
  });

  it("find no unexplained use where a condition may explain it, and some where only a step away would", async () => {
    expect(await rowsOf("use-that-nothing-explains")).toMatchObject([{ agent: "a3", scope: "s1" }]);
  });

  it("find agents that reach nothing today, whatever they could make of themselves", async () => {
    expect(await rowsOf("sponsors-whose-agents-reach-nothing")).toMatchObject([
      { sponsor: "u1", agent: "a3" },
      { sponsor: "u1", agent: "a4" },
    ]);
  });

  it("find who can change permissions today, by the surest path and the widest cover", async () => {
    expect(await rowsOf("agent-can-change-permissions")).toMatchObject([
      { agent: "a1", scope: "s1", covers: "subtree", certainty: "exact" },
    ]);
  });
});

describe("questions about agents that all reach the same places", () => {
  const [AGENTS, PLACES] = [400, 50];
  const dir = mkdtemp(join(tmpdir(), "forereach-query-"));
  afterAll(async () => rm(await dir, { recursive: true }));

  it("compare agents that can be twins, and nobody with everybody, within little memory", async () => {
    const path = join(await dir, "same.db");
    const made = await openEngine({ path, pool: 512 * 1024 ** 2 });
    await made.together([...embeddedDdl(), ...derivedDdl(["CAN_REACH"])]);
    await made.run(
      `UNWIND range(1, ${AGENTS}) AS n CREATE (:Agent {id: 'a' + cast(n AS STRING), name: 'A'})`,
    );
    await made.run(`UNWIND range(1, ${PLACES}) AS n CREATE (:Scope {id: 's' + cast(n AS STRING)})`);
    await made.run(`UNWIND range(1, ${AGENTS}) AS n CREATE (:Scope {id: 'own' + cast(n AS STRING)})`);
    const row = "CREATE (a)-[:CAN_REACH {tier: 'now', mode: 'app', via: '', subtree: false, read: ";
    await made.run(`MATCH (a:Agent), (s:Scope) WHERE s.id STARTS WITH 's' ${row} true}]->(s)`);
    // A place that is another for each, but for two: one pair of them is alike, the other in all but a right.
    await made.run(`MATCH (a:Agent), (s:Scope) WHERE NOT a.id IN ['a1', 'a2', 'a3', 'a4'] AND s.id = 'own' + substring(a.id, 2, 9)
      ${row} true}]->(s)`);
    for (const [agent, read] of [
      ["a3", "true"],
      ["a4", "null"],
    ])
      await made.run(`MATCH (a:Agent {id: '${agent}'}), (s:Scope {id: 'own3'}) ${row} ${read}}]->(s)`);
    await made.run("CHECKPOINT");
    await made.close();

    const queries = await loadQueries();
    const small = await openEngine({ path, pool: 96 * 1024 ** 2, readOnly: true });
    const ask = (id: string, params: Params = {}) =>
      runQuery((cypher, all) => small.run(cypher, all), queries.find((query) => query.id === id)!, params);
    expect(await ask("agents-with-the-same-reach")).toEqual([
      { agent: "a1", agent_name: "A", twin: "a2", twin_name: "A", rows: PLACES },
    ]);
    const others = await ask("who-else-reaches-what-an-agent-reaches", { agent: "a1" });
    expect(others).toHaveLength(AGENTS - 1);
    expect(others[0]).toEqual({ agent: "a10", agent_name: "A", shared_places: PLACES, places: PLACES });
    await small.close();
  });
});
