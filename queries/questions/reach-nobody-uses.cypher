// id: reach-nobody-uses
// title: Which reach was never seen in use?
// for: security architect, data owner
// reads: Agent, Scope, CAN_REACH, OBSERVED, WITHIN
// columns: agent, agent_name, scope, scope_name, read, write
// why: What logs never saw used can often go. Only agents that logs saw at all are asked about: of the others
//   nothing is known.

MATCH (a:Agent)-[:OBSERVED]->(:Scope)
WITH DISTINCT a
MATCH (a)-[r:CAN_REACH]->(s:Scope)
WHERE r.tier = 'now' AND r.absorbed = false
  AND (coalesce(r.discover, true) OR coalesce(r.read, true) OR coalesce(r.write, true) OR coalesce(r.manage, true))
OPTIONAL MATCH (a)-[:OBSERVED]->(seen:Scope)-[:WITHIN*0..30]->(s)
WITH a, r, s, count(seen) AS times
WHERE times = 0
RETURN a.id AS agent, a.name AS agent_name, s.id AS scope, s.name AS scope_name, r.read AS read, r.write AS write
ORDER BY agent, scope
