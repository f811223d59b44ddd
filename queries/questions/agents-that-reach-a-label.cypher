// id: agents-that-reach-a-label
// title: Which agents reach this label?
// for: security architect, data owner
// reads: Agent, Scope, Label, CAN_REACH, HOLDS, WITHIN
// columns: agent, agent_name, can_read, may_read
// params: label:Label
// why: Before a label is rolled out, or after a leak, this says which agents can read places that hold it today:
//   can_read counts those that it can read, for certain or as an upper bound, may_read those where that is unknown.

// Of all rows that speak for a place, the nearest one counts: 10 * distance, and 0 yes, 1 unknown, 2 no.
MATCH (l:Label)<-[:HOLDS]-(s:Scope)
WHERE l.id = $label OR l.name = $label
WITH DISTINCT s
MATCH p = (s)-[:WITHIN*0..30]->(x:Scope)
WITH s, x, min(length(p)) AS up
MATCH (a:Agent)-[r:CAN_REACH]->(x)
WHERE r.tier = 'now' AND (r.subtree OR up = 0)
WITH a, s, r.mode AS mode, coalesce(r.via, '') AS via, min(10 * up + CASE WHEN r.read IS NULL THEN 1 WHEN r.read THEN 0 ELSE 2 END) AS nearest
WITH a, s, min(nearest % 10) AS answer
WITH a, sum(CASE WHEN answer = 0 THEN 1 ELSE 0 END) AS can_read, sum(CASE WHEN answer = 1 THEN 1 ELSE 0 END) AS may_read
WHERE can_read + may_read > 0
RETURN a.id AS agent, a.name AS agent_name, can_read, may_read
ORDER BY can_read DESC, may_read DESC, agent
