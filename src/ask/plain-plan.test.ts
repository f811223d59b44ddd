import { expect, test } from "vitest";
import { loadRules } from "../graph/rules.ts";
import { tokens } from "./cypher-tokens.ts";
import { needsPlainPlan } from "./plain-plan.ts";
import { loadQueries } from "./query.ts";

const FIRST = "MATCH (p)-[g:G]->(x) WHERE g.key = 'k'";
test.each([
  [
    `${FIRST} WITH g.code AS witness MATCH (a)-[r:R]->(s) WHERE r.grant = witness AND r.tier = 'now' RETURN a`,
    true,
  ],
  [`${FIRST} MATCH (a)-[r:R]->(s) WHERE r.absorbed = false AND g.code = r.grant RETURN a`, true],
  [
    `${FIRST} WITH g.code AS witness MATCH (a)-[r:R {tier: 'now'}]->(s) WHERE r.grant = witness RETURN a`,
    true,
  ],
  ["UNWIND $ids AS one MATCH (a {id: one, kind: $kind}) RETURN a", true],
  ["MATCH (p)-[g:G]->(x), (a)-[r:R]->(s) WHERE r.grant = g.code AND r.tier = 'now' RETURN a", true],
  [`${FIRST} OPTIONAL MATCH (a) WHERE a.x = 1 AND a.y = toLower(g.key) RETURN a`, true],
  // A name that was handed on no further is another's, and so is one that was a property.
  [
    "MATCH (a)-[r:R]->(s) WITH r.grant AS w, count(a) AS n MATCH (a)-[r:G]->(s) WHERE r.code = w AND r.tier = 'now' RETURN a",
    true,
  ],
  [`${FIRST} MATCH (key)-[r:R]->(s) WHERE r.grant = g.code AND r.tier = 'now' RETURN key`, true],
  [`${FIRST} WITH *, 1 AS n MATCH (p)-[r:R]->(s) WHERE r.grant = g.code AND r.tier = 'now' RETURN p`, false],
  [
    `${FIRST} WITH DISTINCT p, g LIMIT 3 MATCH (p)-[r:R]->(s) WHERE r.grant = g.code AND r.tier = 'now' RETURN p`,
    false,
  ],
  // Nothing to join with, or one node that all share.
  ["MATCH (a)-[r:R]->(s) WHERE r.x = 1 AND r.y = a.y RETURN a", false],
  [`${FIRST} MATCH (p)-[r:R]->(s) WHERE r.grant = g.code AND r.tier = 'now' RETURN p`, false],
  ["MATCH (a)-[r:R]->(s), (b)-[q:R]->(s) WHERE r.tier = q.tier AND a.id = 'x' RETURN b", false],
  ["MATCH (a) MATCH p = (s)-[:W*0..3]->(x) WHERE s.id = $place OR s.name = $place RETURN a", false],
  // A single equation, and others that are none.
  [`${FIRST} MATCH (a)-[r:R]->(s) WHERE r.grant = g.code RETURN a`, false],
  [`${FIRST} MATCH (a) WHERE a.x = g.x AND a.z <= 1 AND 1 >= a.z AND a.w <> 1 RETURN a`, false],
  [`${FIRST} MATCH (a) WITH a, g WHERE a.x = g.x AND a.y = 1 RETURN {x: a.x, y: g.y}`, false],
])("%s", (text, expected) => {
  expect(needsPlainPlan(tokens(text, "embedded"))).toBe(expected);
});

test("no rule is of the kind, and one saved query: it joins by ids of nodes alone, which loses none (test/questions)", async () => {
  const saved = (await loadQueries()).map(({ id, text }) => ({ id, text }));
  const rules = loadRules().flatMap(({ id, first, again }) =>
    [...first, ...again].map(({ text }) => ({ id, text })),
  );
  const found = [...saved, ...rules].filter(({ text }) => needsPlainPlan(tokens(text, "embedded")));
  expect(found.map(({ id }) => id)).toEqual(["agents-with-the-same-reach"]);
});
