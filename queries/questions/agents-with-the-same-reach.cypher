// id: agents-with-the-same-reach
// title: Which agents have the same reach?
// for: security architect
// reads: Agent, Scope, CAN_REACH
// columns: agent, agent_name, twin, twin_name, rows
// why: Two agents that reach the same with the same rights can be reviewed as one, or one of them may be a copy
//   that nobody needs.

// Agents with the same sums can be twins: only their rows are compared, not those of any two agents that meet somewhere.
MATCH (:Agent)-[:CAN_REACH]->(s:Scope)
WITH s, count(*) AS met
MATCH (s)<-[r:CAN_REACH]-(a:Agent)
WITH a, count(*) AS rows, sum(met) AS meets, sum(size(s.id)) AS letters, min(s.id) AS first, max(s.id) AS last,
  sum(CASE WHEN r.tier = 'now' THEN met ELSE 0 END) AS today, sum(CASE WHEN r.read THEN met ELSE 0 END) AS reads,
  sum(CASE WHEN r.write THEN met ELSE 0 END) AS writes, sum(CASE WHEN r.manage THEN met ELSE 0 END) AS manages
WITH rows, meets, letters, first, last, today, reads, writes, manages, collect(a.id) AS alike
WHERE size(alike) > 1
UNWIND alike AS one
UNWIND alike AS other
WITH one, other, rows
WHERE one < other
MATCH (a:Agent)-[r:CAN_REACH]->(s:Scope)
WHERE a.id = one
WITH a, other, rows, r, s.id AS place
MATCH (b:Agent)-[q:CAN_REACH]->(s:Scope)
WHERE b.id = other AND s.id = place AND r.tier = q.tier AND r.mode = q.mode AND r.subtree = q.subtree
  AND (r.read = q.read OR (r.read IS NULL AND q.read IS NULL))
  AND (r.write = q.write OR (r.write IS NULL AND q.write IS NULL))
  AND (r.manage = q.manage OR (r.manage IS NULL AND q.manage IS NULL))
WITH a, b, rows, count(*) AS same
WHERE same = rows
RETURN a.id AS agent, a.name AS agent_name, b.id AS twin, b.name AS twin_name, rows
ORDER BY agent, twin
