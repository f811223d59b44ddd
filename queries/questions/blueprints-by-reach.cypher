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
RETURN b.id AS blueprint, b.name AS blueprint_name, count(DISTINCT a.id) AS agents, count(DISTINCT s.id) AS places,
       sum(CASE WHEN r.write THEN 1 ELSE 0 END) AS writes
ORDER BY places DESC, blueprint
