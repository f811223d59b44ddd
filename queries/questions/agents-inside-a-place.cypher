// id: agents-inside-a-place
// title: Which agents reach places inside this one?
// for: data owner, security architect
// reads: Agent, Scope, CAN_REACH, WITHIN
// columns: agent, agent_name, tier, mode, at, at_name, read, write, manage
// params: place:Scope
// why: Who reaches one container of an account is not among those who reach the account itself, and still gets to its
//   data. Rows that a row above includes are left out. read, write and manage are null where it is unknown.

MATCH (x:Scope)-[:WITHIN*1..30]->(s:Scope)
WHERE s.id = $place OR s.name = $place
WITH DISTINCT x
MATCH (a:Agent)-[r:CAN_REACH]->(x)
WHERE r.absorbed = false
  AND (coalesce(r.discover, true) OR coalesce(r.read, true) OR coalesce(r.write, true) OR coalesce(r.manage, true))
RETURN a.id AS agent, a.name AS agent_name, r.tier AS tier, r.mode AS mode, x.id AS at, x.name AS at_name, r.read AS read,
       r.write AS write, r.manage AS manage
ORDER BY agent, tier, mode, at
