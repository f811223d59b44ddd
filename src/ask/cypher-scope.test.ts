import { expect, test } from "vitest";
import { neededKinds, renameKinds, withLabel, withRows } from "./cypher-scope.ts";

test.each([
  ["MATCH (a:Agent) RETURN a", "MATCH (a:(Agent)&T) RETURN a"],
  ["MATCH (n) RETURN (n)", "MATCH (n:T) RETURN (n)"],
  ["MATCH () RETURN count(*)", "MATCH (:T) RETURN count(*)"],
  [
    "MATCH (a:Agent|Principal)-[r:OWNS|SPONSORS]->(b) RETURN a",
    "MATCH (a:(Agent|Principal)&T)-[r:OWNS|SPONSORS]->(b:T) RETURN a",
  ],
  ["MATCH (a:Agent:X) RETURN a", "MATCH (a:Agent:X:T) RETURN a"],
  ["MATCH (a:!(Agent|X) {id: 1}) RETURN a", "MATCH (a:(!(Agent|X))&T {id: 1}) RETURN a"],
  [
    "MATCH (a {id: 1}), (b WHERE b.id = (1)) RETURN {a: (1)}",
    "MATCH (a:T {id: 1}), (b:T WHERE b.id = (1)) RETURN {a: (1)}",
  ],
  [
    "MATCH (a IS Agent) WHERE (a.id IS NULL) RETURN a",
    "MATCH (a IS (Agent)&T) WHERE (a.id IS NULL) RETURN a",
  ],
  [
    "MATCH (a:Agent) WHERE EXISTS { (a)-->(x) WHERE x.id > 1 } RETURN a",
    "MATCH (a:(Agent)&T) WHERE EXISTS { (a:T)-->(x:T) WHERE x.id > 1 } RETURN a",
  ],
  [
    "MATCH (a:Agent) WHERE (a)-->(:Scope) RETURN COUNT { MATCH (z) }",
    "MATCH (a:(Agent)&T) WHERE (a:T)-->(:(Scope)&T) RETURN COUNT { MATCH (z:T) }",
  ],
  ["MATCH p = ((a)-->(b)){1,3} RETURN p", "MATCH p = ((a:T)-->(b:T)){1,3} RETURN p"],
  [
    "MATCH (a:Agent) // (x)\nRETURN '(y)' AS s, [(a)-->(b:Scope) | b.id] AS l",
    "MATCH (a:(Agent)&T) // (x)\nRETURN '(y)' AS s, [(a:T)-->(b:(Scope)&T) | b.id] AS l",
  ],
  // A path in an expression has nodes that nothing else bound.
  ["RETURN [()-[:USES]->(s) | s.id] AS l", "RETURN [(:T)-[:USES]->(s:T) | s.id] AS l"],
  [
    "MATCH (a:Agent) WHERE ()<-[:USES]-({id: 1}) RETURN a",
    "MATCH (a:(Agent)&T) WHERE (:T)<-[:USES]-(:T{id: 1}) RETURN a",
  ],
  ["RETURN size([()--()<--(x) | 1])", "RETURN size([(:T)--(:T)<--(x:T) | 1])"],
  ["MATCH limit = (a) RETURN limit", "MATCH limit = (a:T) RETURN limit"],
  ["RETURN EXISTS { MATCH where = (b) RETURN b }", "RETURN EXISTS { MATCH where = (b:T) RETURN b }"],
  // What only looks like one is left alone.
  [
    "WITH 1 AS n, [1] AS l RETURN (n) < -1, (n) - 1, 2 * (n), l[0] - (n), n > (n)",
    "WITH 1 AS n, [1] AS l RETURN (n) < -1, (n) - 1, 2 * (n), l[0] - (n), n > (n)",
  ],
  ["MATCH (`odd name`:`Agent`) RETURN 1", "MATCH (`odd name`:(`Agent`)&T) RETURN 1"],
])("every node of %s is of the tenant", (text, expected) => {
  expect(withLabel(text, "T")).toBe(expected);
});

test("kinds are renamed as labels and types, and nowhere else", () => {
  const names: Record<string, string> = { Agent: "S_Agent", OWNS: "S_OWNS" };
  expect(
    renameKinds(
      "MATCH (a:Agent|X)-[:`OWNS`]->(Agent) WHERE a.Agent = 'Agent' RETURN a.id // :Agent",
      (kind) => names[kind],
    ),
  ).toBe("MATCH (a:S_Agent|X)-[:S_OWNS]->(Agent) WHERE a.Agent = 'Agent' RETURN a.id // :Agent");
});

test.each([
  ["MATCH (s) RETURN s.id, s.id, 0", "MATCH (s) WITH s.id AS c0, s.id AS c1, 0 AS c2", ["c0", "c1", "c2"]],
  [
    "MATCH (s) WHERE s.at < '$&' RETURN DISTINCT s.id, f(1, 2) AS x ORDER BY x",
    "MATCH (s) WHERE s.at < '$&' WITH DISTINCT s.id AS c0, f(1, 2) AS x ORDER BY x",
    ["c0", "x"],
  ],
])("a statement goes on with the rows of %s", (text, expected, columns) => {
  expect(withRows(text)).toEqual({ text: expected, columns });
});

test.each([
  ["MATCH (a:Agent)-[:OWNS|USES]->(s:Scope {id: 1}) RETURN a.id", [["Agent"], ["OWNS", "USES"], ["Scope"]]],
  ["MATCH (a:Agent) WITH a, count(*) AS n MATCH (a)-[:OWNS]->() RETURN a.id", [["Agent"], ["OWNS"]]],
  ["MATCH (a:Agent) OPTIONAL MATCH (a)-[:OWNS]->() RETURN a.id", [["Agent"]]],
  ["MATCH (a:Agent) WHERE EXISTS { MATCH (a)-[:OWNS]->() } RETURN a.id", [["Agent"]]],
  // A count makes a row of none.
  ["MATCH (a:Agent) WITH count(a) AS n MATCH (s:Scope) RETURN s.id, n", []],
  ["MATCH (a:Agent) RETURN count(a)", []],
  ["MATCH (a:!Agent) RETURN a.id", []],
  ["RETURN 1", []],
])("without rows of these kinds there are none of %s", (text, expected) => {
  expect(neededKinds(text)).toEqual(expected);
});
