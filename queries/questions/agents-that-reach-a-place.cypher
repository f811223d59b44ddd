// id: agents-that-reach-a-place
// title: Which agents reach this place?
// for: data owner, security architect
// reads: Agent, Scope, CAN_REACH, WITHIN
// columns: agent, agent_name, tier, mode, at, read, write, manage
// params: place:Scope
// why: A data owner asks this of a container, account or subscription, by name or id. Rows from above count: a
//   grant on the subscription reaches every container in it. read, write and manage are null where it is unknown.

MATCH p = (s:Scope)-[:WITHIN*0..30]->(x:Scope)
WHERE s.id = $place OR s.name = $place
WITH x, min(length(p)) AS up
MATCH (a:Agent)-[r:CAN_REACH]->(x)
WHERE r.absorbed = false AND (r.subtree OR up = 0)
RETURN a.id AS agent, a.name AS agent_name, r.tier AS tier, r.mode AS mode, x.id AS at, r.read AS read, r.write AS write,
       r.manage AS manage
ORDER BY agent, tier, mode, at
