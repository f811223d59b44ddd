// id: reach-under-a-condition
// title: Which reach hangs on a condition?
// for: security architect
// reads: Agent, Scope, CAN_REACH
// columns: agent, agent_name, scope, scope_name, read, write, manage
// why: These rights hold if something about the request holds: where it comes from, what it asks for. forereach
//   explain says the condition.

MATCH (a:Agent)-[r:CAN_REACH]->(s:Scope)
WHERE r.tier = 'conditional' AND r.absorbed = false
  AND (coalesce(r.discover, true) OR coalesce(r.read, true) OR coalesce(r.write, true) OR coalesce(r.manage, true))
RETURN a.id AS agent, a.name AS agent_name, s.id AS scope, s.name AS scope_name, r.read AS read, r.write AS write,
       r.manage AS manage
ORDER BY agent, scope
