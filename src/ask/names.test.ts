/** What a query may name on a server that would take any name for one that nothing has. */
import { expect, test } from "vitest";
import { checkKinds, checkProperty } from "./names.ts";

const OWN = "Tenant_1";
const saidOf = (work: () => void): string | undefined => {
  try {
    work();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};

test.each([
  ["MATCH (n:Foo) RETURN n", /no kind "Foo" \(line 1, column 10\)/],
  ["MATCH (a:Agnt) RETURN a", /no kind "Agnt" .*did you mean Agent\?/],
  [
    "MATCH (a:Agent)\nMATCH (a)-[:CAN_REACHED]->() RETURN a",
    /"CAN_REACHED" \(line 2, column 13\); did you mean CAN_REACH\?/,
  ],
  ["MATCH (a:Agent|Bot) RETURN a", /"Bot"/],
  ["MATCH (a:!(Agent|Bot)) RETURN a", /"Bot"/],
  ["MATCH ()-[r:OWNS|HAS*1..2]->() RETURN r", /"OWNS"|"HAS"/],
  ["MATCH (a) WHERE a:Bot AND a.id = 'x' RETURN a", /"Bot"/],
  ["MATCH (a:Agent) WHERE EXISTS { MATCH (a)-->(:`Bot`) } RETURN a", /"Bot"/],
  // The bookkeeping of publications, in the same database.
  ["MATCH (p:Publication) RETURN p", /"Publication"/],
  ["MATCH (a:Agent&Tenant_2) RETURN a", /"Tenant_2"/],
])("no tenant can have what %s asks for", (text, message) => {
  expect(saidOf(() => checkKinds(text, "neo4j", [OWN]))).toMatch(message);
});

test.each([
  "MATCH (a:Agent)-[r:CAN_REACH|HAS_RIGHTS_OF]->(x:Scope|Principal) RETURN a, r, x",
  "MATCH (a:`Agent`) WHERE NOT a:Principal RETURN {a: id, b: name}",
  "MATCH (a:Agent {id: value}) RETURN a",
  "MATCH (a:Agent) RETURN [x IN a.aliases WHERE x <> '' | toLower(x)], [(a)-[:ACTS_AS]->(p:Principal) | p.name]",
  "MATCH (a:Agent) RETURN reduce(n = 0, x IN [1, 2] | n + x), a.id IS :: STRING",
  "MATCH (a:Agent) RETURN count { (a)-[:USES]->(:McpServer) } AS servers",
  "MATCH (a:Agent) RETURN a { .id, found: name }",
  "MATCH (a:Agent&Tenant_1) RETURN a",
  "RETURN 1",
])("%s names what there can be", (text) => {
  expect(saidOf(() => checkKinds(text, "neo4j", [OWN]))).toBeUndefined();
});

test("a property is unknown if no kind has it, not if none of the tenant's rows has it", () => {
  const text = "MATCH (a:Agent) RETURN a.statuss, a.status";
  expect(saidOf(() => checkProperty(text, text.indexOf("statuss")))).toMatch(
    /no property "statuss"; did you mean status\?/,
  );
  expect(saidOf(() => checkProperty(text, text.lastIndexOf("status")))).toBeUndefined();
  const dynamic = "MATCH (a:Agent) RETURN a['status'], a['statuss']";
  expect(saidOf(() => checkProperty(dynamic, dynamic.indexOf("'status'")))).toBeUndefined();
  expect(saidOf(() => checkProperty(dynamic, dynamic.indexOf("'statuss'")))).toMatch(/no property "statuss"/);
});
