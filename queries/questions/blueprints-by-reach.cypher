// id: blueprints-by-reach
// title: What do the agents of each blueprint reach?
// for: security architect, platform team
// reads: Agent, Blueprint, Scope, CAN_REACH, MADE_FROM
// columns: blueprint, blueprint_name, agents, places, writes
// why: What is wrong with one agent of a blueprint is often wrong with all; agents of one blueprint should reach
//   alike.

MATCH (a:Agent)-[:MADE_FROM]->(b:Blueprint)
OPTIONAL MATCH (a)-[r:CAN_REACH]->(s:Scope)
WHERE r.tier = 'now' AND r.absorbed = false
  AND (coalesce(r.discover, true) OR coalesce(r.read, true) OR coalesce(r.write, true) OR coalesce(r.manage, true))
WITH b, a, s, max(CASE WHEN r.write THEN 1 ELSE 0 END) AS writing
WITH b, a, count(s) AS stands, sum(writing) AS written
RETURN b.id AS blueprint, b.name AS blueprint_name, count(*) AS agents, sum(stands) AS places, sum(written) AS writes
ORDER BY places DESC, blueprint
