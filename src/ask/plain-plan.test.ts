import { expect, test } from "vitest";
import { tokens } from "./cypher-tokens.ts";
import { needsPlainPlan } from "./plain-plan.ts";

test.each([
  ["MATCH (a)-[r:R]->(s) WHERE r.grant = witness AND r.tier = 'now' RETURN a", true],
  ["MATCH (a)-[r:R]->(s) WHERE r.absorbed = false AND g.code = r.grant RETURN a", true],
  ["MATCH (a)-[r:R {tier: 'now'}]->(s) WHERE r.grant = witness RETURN a", true],
  ["MATCH (a {id: x, kind: $kind}) RETURN a", true],
  ["OPTIONAL MATCH (a) WHERE a.x = 1 AND a.y = toLower(b) RETURN a", true],
  ["MATCH (a) WHERE a.x = 1 AND a.y = true AND a.z <= b AND b >= a.z AND a.w <> b RETURN a", false],
  ["MATCH (a) WHERE a.x = b RETURN a", false],
  ["MATCH (a) WITH a, b WHERE a.x = b AND a.y = 1 RETURN a", false],
  ["MATCH (a) WHERE a.x = b MATCH (c) WHERE c.x = 1 RETURN {x: a.x, y: c.y}", false],
])("%s", (text, expected) => {
  expect(needsPlainPlan(tokens(text, "embedded"))).toBe(expected);
});
