// id: agents-with-wide-reach
// title: Which agents reach a whole subscription or more?
// for: security architect, auditor
// reads: Agent, Scope, CAN_REACH
// columns: agent, agent_name, scope, scope_name, scope_kind, read, write, manage, certainty
// why: A grant on a subscription, a management group, the tenant or a whole service covers all that is there and
//   all that will be.

MATCH (a:Agent)-[r:CAN_REACH]->(s:Scope)
WHERE r.tier = 'now' AND r.absorbed = false AND r.subtree
  AND (s.kind = 'TenantRoot' OR s.kind = 'ManagementGroup' OR s.kind = 'Subscription' OR s.kind = 'Plane' OR s.kind = 'Service')
  AND (coalesce(r.discover, true) OR coalesce(r.read, true) OR coalesce(r.write, true) OR coalesce(r.manage, true))
RETURN a.id AS agent, a.name AS agent_name, s.id AS scope, s.name AS scope_name, s.kind AS scope_kind, r.read AS read,
       r.write AS write, r.manage AS manage, r.certainty AS certainty
ORDER BY agent, scope
