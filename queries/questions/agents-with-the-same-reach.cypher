// id: agents-with-the-same-reach
// title: Which agents have the same reach?
// for: security architect
// reads: Agent, Scope, CAN_REACH
// columns: agent, agent_name, twin, twin_name, rows
// why: Two agents that reach the same with the same rights can be reviewed as one, or one of them may be a copy
//   that nobody needs.

// Agents with the same sums can be twins: only their rows are compared, not those of any two agents that meet somewhere. What
// several servers lend alike is one row. Joined by places alone, and compared behind WITH: beside one equation with a joined value
// the embedded engine loses rows.
MATCH (:Agent)-[:CAN_REACH]->(s:Scope)
WITH s, count(*) AS met
MATCH (s)<-[r:CAN_REACH]-(a:Agent)
WITH DISTINCT a, s, met, r.tier AS tier, r.mode AS mode, r.subtree AS subtree, r.read AS read, r.write AS write, r.manage AS manage
WITH a, count(*) AS rows, sum(met) AS meets, sum(size(s.id)) AS letters, min(s.id) AS first, max(s.id) AS last,
  sum(CASE WHEN tier = 'now' THEN met ELSE 0 END) AS today, sum(CASE WHEN read THEN met ELSE 0 END) AS reads,
  sum(CASE WHEN write THEN met ELSE 0 END) AS writes, sum(CASE WHEN manage THEN met ELSE 0 END) AS manages
WITH rows, meets, letters, first, last, today, reads, writes, manages, collect(a.id) AS alike
WHERE size(alike) > 1
UNWIND alike AS one
UNWIND alike AS other
WITH one, other, rows
WHERE one < other
MATCH (a:Agent)-[r:CAN_REACH]->(s:Scope)
WHERE a.id = one
WITH DISTINCT a, other, rows, s.id AS place, r.tier AS tier, r.mode AS mode, r.subtree AS subtree, r.read AS read, r.write AS write,
  r.manage AS manage
MATCH (b:Agent)-[q:CAN_REACH]->(s:Scope)
WHERE b.id = other AND s.id = place
WITH DISTINCT a, b, rows, place, tier, mode, subtree, read, write, manage, q.tier AS itsTier, q.mode AS itsMode, q.subtree AS itsSubtree,
  q.read AS itsRead, q.write AS itsWrite, q.manage AS itsManage
WHERE tier = itsTier AND mode = itsMode AND subtree = itsSubtree
  AND (read = itsRead OR (read IS NULL AND itsRead IS NULL))
  AND (write = itsWrite OR (write IS NULL AND itsWrite IS NULL))
  AND (manage = itsManage OR (manage IS NULL AND itsManage IS NULL))
WITH a, b, rows, count(*) AS same
WHERE same = rows
RETURN a.id AS agent, a.name AS agent_name, b.id AS twin, b.name AS twin_name, rows
ORDER BY agent, twin
