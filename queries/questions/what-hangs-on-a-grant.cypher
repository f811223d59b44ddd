// id: what-hangs-on-a-grant
// title: What would go if this grant went?
// for: security architect, data owner
// reads: Agent, Principal, Scope, CAN_REACH, GRANTED
// columns: agent, agent_name, scope, scope_name, tier, read, write, manage, other_rows
// params: grant_id:GRANTED
// why: Rows whose shortest path uses the grant, by the id that rows have of it: they go, or come by a longer way. other_rows is
//   what the agent keeps whatever happens here: rows with another grant on their witness; forereach explain names other paths.

// Conditions make several relationships of one assignment: their keys go on behind a #. Not joined by what a row's grant equals:
// beside another condition on the row the embedded engine loses rows.
MATCH (p:Principal)-[g:GRANTED]->(:Scope)
WHERE g.key = $grant_id OR g.key STARTS WITH ($grant_id + '#')
WITH collect(DISTINCT g.code) AS parts
MATCH (a:Agent)-[r:CAN_REACH]->(s:Scope)
WHERE r.grant IN parts AND r.absorbed = false
  AND (coalesce(r.discover, true) OR coalesce(r.read, true) OR coalesce(r.write, true) OR coalesce(r.manage, true))
WITH parts, a, r, s
OPTIONAL MATCH (a)-[o:CAN_REACH]->(:Scope)
WHERE NOT o.grant IN parts AND o.absorbed = false
  AND (coalesce(o.discover, true) OR coalesce(o.read, true) OR coalesce(o.write, true) OR coalesce(o.manage, true))
WITH a, r, s, count(o) AS other_rows
RETURN a.id AS agent, a.name AS agent_name, s.id AS scope, s.name AS scope_name, r.tier AS tier, r.read AS read,
       r.write AS write, r.manage AS manage, other_rows
ORDER BY agent, scope, tier
