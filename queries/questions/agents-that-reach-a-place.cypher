// id: agents-that-reach-a-place
// title: Which agents reach this place?
// for: data owner, security architect
// reads: Agent, Scope, CAN_REACH, WITHIN
// columns: agent, agent_name, tier, mode, at, read, write, manage
// params: place:Scope
// why: A data owner asks this of a container, account or subscription, by name or id. Rows from above count: a
//   grant on the subscription reaches every container in it. Of those above one another the nearest says what is left, such
//   as by a deny. read, write and manage are null where it is unknown. What servers and agents of unknown identity open may be
//   here as well: `forereach reach --scope` has their rows.

// Of rows above one another the nearest counts: 81 * distance, and three values a right, 0 yes, 1 unknown, 2 no.
MATCH p = (s:Scope)-[:WITHIN*0..30]->(x:Scope)
WHERE s.id = $place OR s.name = $place
WITH x, min(length(p)) AS up
MATCH (a:Agent)-[r:CAN_REACH]->(x)
WHERE r.absorbed = false AND (r.subtree OR up = 0)
WITH a, r.tier AS tier, r.mode AS mode, coalesce(r.via, '') AS via, min(81 * up +
     27 * CASE WHEN r.discover IS NULL THEN 1 WHEN r.discover THEN 0 ELSE 2 END + 9 * CASE WHEN r.read IS NULL THEN 1 WHEN r.read THEN 0 ELSE 2 END +
     3 * CASE WHEN r.write IS NULL THEN 1 WHEN r.write THEN 0 ELSE 2 END + CASE WHEN r.manage IS NULL THEN 1 WHEN r.manage THEN 0 ELSE 2 END) AS nearest
MATCH p = (s:Scope)-[:WITHIN*0..30]->(x:Scope)
WHERE s.id = $place OR s.name = $place
WITH a, tier, mode, via, nearest, x, min(length(p)) AS up
WHERE up = nearest / 81 AND nearest % 81 < 80
RETURN a.id AS agent, a.name AS agent_name, tier, mode, x.id AS at,
       CASE nearest / 9 % 3 WHEN 0 THEN true WHEN 2 THEN false END AS read, CASE nearest / 3 % 3 WHEN 0 THEN true WHEN 2 THEN false END AS write,
       CASE nearest % 3 WHEN 0 THEN true WHEN 2 THEN false END AS manage
ORDER BY agent, tier, mode, at
