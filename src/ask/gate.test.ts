import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Connection, Database } from "@ladybugdb/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ConfigError } from "../model.ts";
import { checkParameters, checkQuery, type Dialect } from "./gate.ts";

const refused = (text: string, dialect: Dialect): ConfigError => {
  try {
    checkQuery(text, dialect);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error(`passed the gate (${dialect}): ${text}`);
};

/** Attacks by class; each must be refused in both dialects. */
const ATTACKS: Readonly<Record<string, readonly string[]>> = {
  "writing to the graph": [
    "CREATE (n:Agent {id: 'x'})",
    "MATCH (a:Agent) SET a.name = 'x'",
    "MATCH (a:Agent) DELETE a",
    "MATCH (a:Agent) DETACH DELETE a",
    "MERGE (a:Agent {id: 'x'}) RETURN a",
    "MATCH (a:Agent) REMOVE a.name RETURN a",
    "MATCH (a:Agent) WITH a CREATE (b:Agent) RETURN b",
    "FOREACH (x IN [1] | CREATE (:Agent))",
    "UNWIND [1] AS x INSERT (:Agent)",
  ],
  "changing the schema": [
    "DROP TABLE Agent",
    "ALTER TABLE Agent ADD x STRING",
    "CREATE NODE TABLE X(id STRING PRIMARY KEY)",
    "CREATE INDEX FOR (n:Agent) ON (n.id)",
    "CREATE MACRO f(x) AS x + 1",
    "COMMENT ON TABLE Agent IS 'x'",
  ],
  "reading files": [
    "LOAD FROM '/etc/passwd' RETURN *",
    "LOAD CSV FROM 'file:///etc/passwd' AS line RETURN line",
    "LOAD CSV WITH HEADERS FROM 'file:///x' AS line RETURN line",
    "WITH 1 AS x LOAD FROM 'x.csv' RETURN *",
    "MATCH (a:Agent) LOAD FROM 'x.csv' RETURN *",
    "RETURN * LOAD FROM 'x.csv'",
    "WITH * LOAD FROM 'x.csv' RETURN *",
    "COPY Agent FROM 'x.csv'",
    "IMPORT DATABASE 'dir'",
    "CALL read_csv_serial('x.csv') RETURN *",
  ],
  "writing files": ["COPY (MATCH (a:Agent) RETURN a.id) TO 'out.csv'", "EXPORT DATABASE 'dir'"],
  "reaching the network": [
    "LOAD CSV FROM 'http://127.0.0.1/x' AS l RETURN l",
    "LOAD FROM 'https://example.com/x.csv' RETURN *",
    "CALL apoc.load.json('http://127.0.0.1/') YIELD value RETURN value",
    "RETURN apoc.load.json('http://127.0.0.1/')",
    "RETURN 1 - [apoc.load.json('x')][0]",
    "RETURN `apoc`.`load`.json('x')",
    "MATCH (a) WHERE apoc.util.sleep(9) IS NULL RETURN a",
  ],
  "two statements": [
    "RETURN 1; RETURN 2",
    "MATCH (a:Agent) RETURN a; LOAD FROM 'x.csv' RETURN *",
    "RETURN 1;;",
    "RETURN 1; // harmless\nDROP TABLE Agent",
    "; RETURN 1",
  ],
  "changing engine or session": [
    "CALL threads=1",
    "CALL timeout = 0",
    "USE other RETURN 1",
    "BEGIN TRANSACTION",
    "COMMIT",
    "CHECKPOINT",
    "CALL dbms.setConfigValue('a', 'b')",
    "CALL clear_warnings()",
    "RETURN setseed(1)",
    "RETURN nextval('s')",
  ],
  "loading code": [
    "INSTALL httpfs",
    "LOAD EXTENSION httpfs",
    "LOAD httpfs",
    "FORCE INSTALL httpfs",
    "UPDATE httpfs",
    "ATTACH 'x.db' AS x (dbtype duckdb)",
    "CALL db.index.fulltext.createNodeIndex('a', ['b'], ['c'])",
  ],
  "reading the server": [
    "SHOW USERS",
    "SHOW PROCEDURES",
    "TERMINATE TRANSACTIONS 'x'",
    "GRANT ROLE x TO y",
    "CALL dbms.listConfig() YIELD name RETURN name",
    "CALL current_setting('threads') RETURN *",
    "CALL disk_info() RETURN *",
  ],
  "running under another name": [
    "EXPLAIN LOAD FROM 'x.csv' RETURN *",
    "PROFILE MATCH (a) DELETE a",
    "CYPHER runtime=slotted MATCH (a) RETURN a",
    "USING PERIODIC COMMIT LOAD CSV FROM 'x' AS l RETURN l",
    "CALL { MATCH (a) DELETE a } IN TRANSACTIONS",
    "MATCH (a) CALL { WITH a MATCH (a) SET a.x = 1 } RETURN a",
    "MATCH (a) CALL { WITH a RETURN a.id AS i } IN 2 CONCURRENT TRANSACTIONS RETURN i",
    "MATCH (a) WHERE EXISTS { LOAD FROM 'x.csv' RETURN * } RETURN a",
    "MATCH (a) RETURN COUNT { CREATE (b) RETURN b }",
  ],
  "hiding from the check": [
    "LO\\u0041D FROM 'x.csv' RETURN *",
    "RETURN 1\\u003b DROP TABLE Agent",
    "RETURN 1 // quiet\rLOAD FROM 'x.csv' RETURN *",
    "RETURN '\\z' LOAD FROM 'x.csv' RETURN *",
    "RETURN 'open",
    "RETURN /* open",
    "MATCH (`a:Agent) RETURN 1",
    "RE\u200bTURN 1",
    "\u0000RETURN 1",
    "CR/**/EATE (n)",
    "MATCH (a)/**/SET a.x = 1",
    "RETURN '/*' AS a /*'*/ LOAD FROM 'x'",
    "cReAtE (n)",
    "RETURN 5! DELETE [1][0]",
    "MATCH (`:`) WHERE `:`! DELETE [`:`][0]",
    "RETURN `;` ; DROP TABLE Agent",
    "CALL `(` `)` RETURN 1",
    "MATCH (a:Agent) WHERE $0OR DELETE [a][0]",
    "MATCH (a:Agent) WHERE $0or DELETE {a: a}.a",
    "MATCH (a:Agent) WHERE a.x\u0085OR DELETE [a][0]",
    "MATCH (a:Agent) WHERE 1OR DELETE [a][0]",
    "MATCH (a:Agent) WHERE a.x = 1.DELETE [a][0]",
    "MATCH (a:Agent) WHERE a.x OR DELETE [a][0]",
    "MATCH (a:Agent) WHERE a.x OR delete {a: a}.a",
    "WITH 1 AS CASE RETURN CASE NEXT WHEN true THEN DELETE (null)",
    "WITH 1 AS CASE RETURN CASE NEXT WHEN true THEN REMOVE",
    "RETURN [CASE] NEXT WHEN true THEN RETURN 1",
    ":use system",
    "",
    "// only a comment",
  ],
  "clauses of Cypher 25": [
    "LET x = 1 RETURN x",
    "UNWIND [1] AS x FILTER x = 1 RETURN x",
    "FOR x IN [1] RETURN x",
    "RETURN 1 AS x NEXT RETURN x",
    "WHEN true THEN RETURN 1 AS x ELSE RETURN 2 AS x",
    "{ RETURN 1 AS x }",
    "RETURN 1 AS x UNION { CREATE (:Agent) RETURN 1 AS x }",
    "MATCH (a:Agent) RETURN a.kind, count(*) GROUP BY a.kind",
    "MATCH (a:Agent) RETURN a.id OFFSET 1",
    "MATCH (a:Agent) FINISH",
    "MATCH (a:Agent) SEARCH a IN (VECTOR INDEX x FOR [1.0] LIMIT 1) RETURN a",
    "DEFINE FUNCTION size(x) = x RETURN size(1)",
    "ALTER CURRENT GRAPH TYPE SET { }",
    "EXTEND GRAPH TYPE WITH { }",
    "SHOW CURRENT GRAPH TYPE",
    "CYPHER 25 RETURN 1",
    "MATCH (a:$any($labels)) RETURN a",
    "MATCH (a:$all(['Agent'])) RETURN a",
    "CYPHER 5 RETURN 1",
    "MATCH REPEATABLE ELEMENTS (a)-[:WITHIN]->{1,3}(b) RETURN b",
    "RETURN ai.text.embed('x', 'openai', {}) AS v",
  ],
  "using up the machine": [
    "MATCH (a)-[:MEMBER_OF*]->(b) RETURN b",
    "MATCH (a)-[:MEMBER_OF*2..]->(b) RETURN b",
    "MATCH (a)-[*]-(b) RETURN b",
    "MATCH (a) RETURN a.id IN NULL",
    "MATCH (a)-[r:WITHIN|INHERITS*0..]->(b) RETURN b",
    "MATCH (a)-[:WITHIN*1..31]->(b) RETURN b",
    "MATCH (a)-[:WITHIN* SHORTEST]->(b) RETURN b",
    "MATCH ((a)-[:WITHIN]->(b))+ RETURN b",
    "MATCH (a)-[:WITHIN]->*(b) RETURN b",
    "MATCH (a)-[:WITHIN]->{2,}(b) RETURN b",
    "MATCH (a) WHERE (a)-[:WITHIN*]->() RETURN a",
    "MATCH (a) WHERE EXISTS { MATCH (a)-[:WITHIN*]->(b) } RETURN a",
    "MATCH (a)-[:(WITHIN|INHERITS)*]->(b) RETURN b",
    `RETURN ${"(".repeat(200)}1${")".repeat(200)}`,
    `RETURN '${"x".repeat(100_001)}'`,
  ],
};

const LEGITIMATE: readonly string[] = [
  "MATCH (a:Agent) RETURN a.id",
  "match (a:Agent) return a.id;",
  "MATCH (a:Agent) RETURN a.id ; // the end",
  "// CREATE nothing\nMATCH (a:Agent) RETURN a.id",
  "/* DROP; DELETE */ MATCH (a:Agent) RETURN a.id",
  "MATCH (a:Agent) WHERE a.name = 'DROP TABLE; CREATE (n)' RETURN a.id",
  'MATCH (a:Agent) WHERE a.name = "it\'s // LOAD" RETURN a.id',
  "MATCH (a:Agent) WHERE a.name = 'it\\'s a \\\\ DELETE' RETURN a.id",
  "MATCH (n:Agent) RETURN n.load, n.set, n.delete",
  "MATCH (n:Set)-[:LOAD|COPY]->(m:`Create`) RETURN n.id",
  "MATCH (n:Agent {load: 'x', set: 1}) RETURN n.id",
  "MATCH (a:Agent) RETURN a.id AS load, a.name AS set ORDER BY load",
  "MATCH (a:Agent) RETURN a.id AS `CREATE`",
  "WITH 1 AS load RETURN load",
  "RETURN {set: 1, load: 'x'} AS m",
  "RETURN $create AS x, $`set` AS y",
  "MATCH (a:Agent)-[r:CAN_REACH]->(s:Scope) WHERE r.tier = 'now' AND s.id STARTS WITH '/' RETURN a.id, s.id",
  "MATCH (a:Agent) WHERE a.name ENDS WITH 'x' OR a.name CONTAINS 'y' XOR NOT a.id IN ['1', '2'] RETURN a",
  "MATCH (a:Agent) OPTIONAL MATCH (a)-[:USES]->(m:McpServer) RETURN a.id, count(m) AS n",
  "MATCH (a:Agent) WITH a, count(*) AS n WHERE n > 1 RETURN a.id, n ORDER BY n DESC, a.id SKIP 1 LIMIT 5",
  "MATCH (a:Agent) WITH DISTINCT a.platform AS p RETURN p",
  "MATCH (a:Agent) WITH * RETURN *",
  "UNWIND [1, 2, 3] AS x RETURN x",
  "UNWIND $ids AS x MATCH (a:Agent) WHERE a.id = x RETURN a",
  "RETURN 1 AS x UNION RETURN 2 AS x",
  "RETURN 1 AS x UNION ALL RETURN 2 AS x UNION ALL RETURN 3 AS x",
  "MATCH (a:Agent) WHERE EXISTS { MATCH (a)-[:CAN_REACH]->(s:Scope) WHERE s.kind = 'x' } RETURN a.id",
  "MATCH (a:Agent) RETURN a.id, COUNT { MATCH (a)-[:CAN_REACH]->(:Scope) } AS n",
  "MATCH (a:Agent) WHERE (a)-[:CAN_REACH]->() RETURN a.id",
  "MATCH (a:Agent) WHERE NOT (a)-[:CAN_REACH]->(:Scope {id: 'x'}) RETURN a.id",
  "MATCH (s:Scope)-[:WITHIN*1..3]->(t:Scope) RETURN t.id",
  "MATCH (s:Scope)-[:WITHIN*..5 {x: 1}]->(t:Scope) RETURN t.id",
  "MATCH (s:Scope)-[r:WITHIN*2]->(t:Scope) RETURN t.id",
  "MATCH (s:Scope)-[:WITHIN* SHORTEST 1..3]->(t:Scope) RETURN t.id",
  "MATCH p = (a:Agent)-[r:CAN_REACH]->(s:Scope) RETURN p, length(p)",
  "MATCH (a:Agent)<-[:OWNS]-(p:Principal), (a)--(b) RETURN p.id, b.id",
  "MATCH (n:Agent|Principal) RETURN n.kind",
  "RETURN CASE WHEN 1 = 1 THEN 'a' ELSE 'b' END AS x, CASE 1 WHEN 1 THEN 2 END AS y",
  "MATCH (a:Agent) RETURN max(CASE WHEN a.status = 'enabled' THEN 1 ELSE 0 END) AS any",
  "RETURN 1 + 2 * 3 - 4 / 5 % 6 ^ 2, -1, .5, 1.5e3",
  "RETURN [1, 2, 3][0..2], [1, 2][1], [x IN [1, 2] WHERE x > 1 | x * 2]",
  "RETURN any(x IN [1] WHERE x = 1), all(x IN [1] WHERE x = 1)",
  "MATCH (a:Agent) WHERE a.name =~ '(?i).*bot' AND a.owner IS NOT NULL AND a.risk IS NULL RETURN a.id",
  "RETURN coalesce(toLower('A'), 'b'), size('abc'), substring('abc', 1, 2)",
  "MATCH (a:Agent) RETURN a.*",
  "RETURN count(DISTINCT 1), collect(1)",
  "MATCH (a:Agent)-[r:CAN_REACH]->(s:Scope)-[h:HOLDS]->(l:Label) RETURN a.id, sum(h.items) AS items LIMIT $top",
  "MATCH (`;`:Agent) RETURN `;`.id AS `)`, `;`.name AS `*`",
  "RETURN 3-[1, 2][0] AS difference",
  "UNWIND [1] AS `delete` RETURN [`delete`][0], $0, $1 AS next, 1.5 AS filter",
  "RETURN [x IN [1] | CASE WHEN x = 1 THEN 2 END][0..1], {y: CASE 1 WHEN 1 THEN 2 END}.y",
];

describe.each(["embedded", "neo4j"] as const)("the gate, %s", (dialect) => {
  describe.each(Object.entries(ATTACKS))("refuses %s", (_, attacks) => {
    it.each(attacks)("%s", (attack) => {
      expect(refused(attack, dialect).code).toBe("query-refused");
    });
  });

  it.each(LEGITIMATE)("lets pass %s", (query) => {
    expect(() => checkQuery(query, dialect)).not.toThrow();
  });

  it("holds against every refused clause, wherever a clause can stand", () => {
    const places = [
      "",
      "MATCH (a) ",
      "MATCH (a) WHERE a.x = 1 ",
      "WITH 1 AS x ",
      "RETURN x ORDER BY x DESC ",
      "RETURN 1 UNION ",
    ];
    const clauses = [
      "CREATE (b)",
      "SET a.x = 1",
      "LOAD FROM 'x' RETURN *",
      "COPY a TO 'x'",
      "EXPORT DATABASE 'x'",
      "USE x",
    ];
    for (const place of places) {
      for (const clause of clauses) refused(place + clause, dialect);
    }
  });
});

describe("the dialects of the gate", () => {
  const only: readonly (readonly [Dialect, Dialect, string])[] = [
    ["embedded", "neo4j", "CALL show_tables() RETURN *"],
    ["embedded", "neo4j", "MATCH (a:Agent) CALL table_info('Agent') RETURN a.id, name"],
    ["embedded", "neo4j", "RETURN 'caf\\u00e9' AS x"],
    ["neo4j", "embedded", "CALL db.labels() YIELD label WHERE label <> 'x' RETURN label"],
    ["neo4j", "embedded", "MATCH (a) CALL { WITH a MATCH (a)-->(b) RETURN count(b) AS n } RETURN a.id, n"],
    ["neo4j", "embedded", "MATCH (a) CALL (a) { MATCH (a)-->(b) RETURN count(b) AS n } RETURN a.id, n"],
  ];
  it.each(only)("%s has what %s has not: %s", (has, hasNot, query) => {
    expect(() => checkQuery(query, has)).not.toThrow();
    expect(refused(query, hasNot).code).toBe("query-refused");
  });

  it("lets bounded quantifiers pass", () => {
    expect(() => checkQuery("MATCH ((a)-[:WITHIN]->(b)){1,3} (c) RETURN c", "neo4j")).not.toThrow();
    expect(() => checkQuery("MATCH (a)-[:WITHIN]->{1,5}(b) RETURN b", "neo4j")).not.toThrow();
    expect(() =>
      checkQuery("MATCH (a) WHERE EXISTS { (a)-->(b) WHERE b.x = 1 } RETURN a", "neo4j"),
    ).not.toThrow();
  });
});

describe("a refusal", () => {
  it("names the clause, its line and column, the reason, and what is allowed", () => {
    const error = refused("MATCH (a:Agent)\n  SET a.name = 'x'", "embedded");
    expect(error.message).toContain("SET at line 2, column 3");
    expect(error.message).toContain("changes the graph");
    expect(error.fix).toContain("OPTIONAL MATCH");
  });

  it("advises a bound where a pattern has none", () => {
    const error = refused("MATCH (a)-[:MEMBER_OF*]->(b) RETURN b", "embedded");
    expect(error.message).toContain("line 1, column 22");
    expect(error.fix).toContain("*1..5");
  });
});

describe("without the gate, an engine that was opened read-only", () => {
  let dir = "";
  let database: Database;
  let connection: Connection;
  const rows = async (text: string): Promise<unknown[]> => {
    const result = await connection.query(text);
    return (await Promise.all([result].flat().map((part) => part.getAll()))).flat();
  };

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "gate-"));
    await writeFile(join(dir, "secret.csv"), "root,hunter2\n");
    const path = join(dir, "graph");
    const writable = new Database(path, 64 << 20);
    const writer = new Connection(writable);
    await writer.query("CREATE NODE TABLE Agent(id STRING PRIMARY KEY, load STRING, name STRING)");
    await writer.query("CREATE (:Agent {id: 'a', load: 'full', name: 'A'})");
    await writer.query("CHECKPOINT");
    await writer.close();
    await writable.close();
    database = new Database(path, 64 << 20, true, true);
    connection = new Connection(database);
  });
  afterAll(async () => {
    await connection.close();
    await database.close();
    await rm(dir, { recursive: true });
  });

  it("reads any file", async () => {
    const attack = `LOAD FROM '${dir}/secret.csv' RETURN *`;
    expect(JSON.stringify(await rows(attack))).toContain("hunter2");
    refused(attack, "embedded");
  });

  it("reads any file behind a MATCH, too", async () => {
    const attack = `MATCH (a:Agent) LOAD FROM '${dir}/secret.csv' RETURN *`;
    expect(JSON.stringify(await rows(attack))).toContain("hunter2");
    refused(attack, "embedded");
  });

  it("writes any file", async () => {
    for (const [attack, file] of [
      [`COPY (MATCH (a:Agent) RETURN a.id) TO '${dir}/out.csv'`, "out.csv"],
      [`EXPORT DATABASE '${dir}/export'`, "export"],
    ] as const) {
      await rows(attack);
      expect(existsSync(join(dir, file))).toBe(true);
      refused(attack, "embedded");
    }
  });

  it("runs a second statement", async () => {
    const attack = "RETURN 1 AS x; RETURN 2 AS x";
    expect(await rows(attack)).toEqual([{ x: 1 }, { x: 2 }]);
    refused(attack, "embedded");
  });

  it("changes its settings and opens other databases", async () => {
    for (const attack of ["CALL threads=1", `ATTACH '${dir}/graph' AS other (dbtype lbug)`]) {
      await rows(attack);
      refused(attack, "embedded");
    }
  });

  it("answers what the gate lets pass: names that are keywords elsewhere", async () => {
    const query = "MATCH (load:Agent {load: 'full'}) RETURN load.load AS copy ORDER BY copy;";
    checkQuery(query, "embedded");
    expect(await rows(query)).toEqual([{ copy: "full" }]);
  });
});

describe.each(["embedded", "neo4j"] as const)("parameters of a query (%s)", (dialect) => {
  it.each([
    "MATCH (a:Agent) WHERE a.id = $x RETURN a.id",
    "MATCH (a:Agent) WHERE a.id <> $`x` RETURN a.id",
    "MATCH (a:Agent) WHERE a.id IN [$y, $x] RETURN a.id",
    "MATCH (a:Agent {id: $x}) RETURN a.id LIMIT $y",
  ])("refuses one that was not given, and names it: %s", (text) => {
    expect(() => checkParameters(text, dialect, { y: 1, X: "another" })).toThrow(
      expect.objectContaining({ code: "query-parameter", message: expect.stringContaining("$x") as string }),
    );
  });

  it("lets those pass that were given, and dollars that are no parameters", () => {
    const text = "MATCH (a:Agent) WHERE a.id = $x AND a.name <> '$y' RETURN a.`$z` // $w";
    expect(() => checkParameters(text, dialect, { x: false })).not.toThrow();
  });
});
