// id: agents-that-can-write
// title: Where can agents write?
// for: data owner, security architect
// reads: Agent, Scope, CAN_REACH
// columns: agent, agent_name, scope, scope_name, subtree, certainty
// why: An agent that writes can be made to spoil, encrypt or plant content. Most need to read only.

MATCH (a:Agent)-[r:CAN_REACH]->(s:Scope)
WHERE r.tier = 'now' AND r.absorbed = false AND r.write
RETURN a.id AS agent, a.name AS agent_name, s.id AS scope, s.name AS scope_name, r.subtree AS subtree,
       r.certainty AS certainty
ORDER BY agent, scope
