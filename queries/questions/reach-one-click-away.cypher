// id: reach-one-click-away
// title: Which reach is one click away?
// for: security architect, identity team
// reads: Agent, Scope, CAN_REACH
// columns: agent, agent_name, scope, scope_name, read, write, manage
// why: Eligible roles and memberships give nothing until somebody activates them, which takes a minute and may
//   need no approval.

MATCH (a:Agent)-[r:CAN_REACH]->(s:Scope)
WHERE r.tier = 'potential' AND r.absorbed = false
  AND (coalesce(r.discover, true) OR coalesce(r.read, true) OR coalesce(r.write, true) OR coalesce(r.manage, true))
RETURN a.id AS agent, a.name AS agent_name, s.id AS scope, s.name AS scope_name, r.read AS read, r.write AS write,
       r.manage AS manage
ORDER BY agent, scope
