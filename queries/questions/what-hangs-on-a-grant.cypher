// id: what-hangs-on-a-grant
// title: What would go if this grant went?
// for: security architect, data owner
// reads: Agent, Principal, Scope, CAN_REACH, GRANTED
// columns: agent, agent_name, scope, scope_name, tier, read, write, manage, other_rows
// params: grant_id:GRANTED
// why: Rows whose shortest path uses the grant: they go, or come by a longer way. other_rows is what the agent
//   keeps whatever happens here: rows with another grant on their witness; forereach explain names other paths.

MATCH (p:Principal)-[g:GRANTED]->(:Scope)
WHERE g.key = $grant_id
WITH DISTINCT g.code AS witness
MATCH (a:Agent)-[r:CAN_REACH]->(s:Scope)
WHERE r.grant = witness AND r.absorbed = false
WITH witness, a, r, s
OPTIONAL MATCH (a)-[o:CAN_REACH]->(:Scope)
WHERE o.grant <> witness AND o.absorbed = false
RETURN a.id AS agent, a.name AS agent_name, s.id AS scope, s.name AS scope_name, r.tier AS tier, r.read AS read,
       r.write AS write, r.manage AS manage, count(o) AS other_rows
ORDER BY agent, scope, tier
