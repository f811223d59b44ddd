// id: agents-with-the-same-reach
// title: Which agents have the same reach?
// for: security architect
// reads: Agent, Scope, CAN_REACH
// columns: agent, agent_name, twin, twin_name, rows
// why: Two agents that reach the same with the same rights can be reviewed as one, or one of them may be a copy
//   that nobody needs.

MATCH (a:Agent)-[r:CAN_REACH]->(:Scope)
WITH a, count(*) AS rows
MATCH (a)-[r:CAN_REACH]->(s:Scope)<-[q:CAN_REACH]-(b:Agent)
WHERE a.id < b.id AND r.tier = q.tier AND r.mode = q.mode AND r.subtree = q.subtree
  AND (r.read = q.read OR (r.read IS NULL AND q.read IS NULL))
  AND (r.write = q.write OR (r.write IS NULL AND q.write IS NULL))
  AND (r.manage = q.manage OR (r.manage IS NULL AND q.manage IS NULL))
WITH a, b, rows, count(*) AS same
WHERE same = rows
MATCH (b)-[q:CAN_REACH]->(:Scope)
WITH a, b, rows, count(*) AS others
WHERE others = rows
RETURN a.id AS agent, a.name AS agent_name, b.id AS twin, b.name AS twin_name, rows
ORDER BY agent, twin
