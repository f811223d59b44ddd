// id: longest-paths
// title: Which reach goes the longest way?
// for: security architect
// reads: Agent, Scope, CAN_REACH
// columns: agent, agent_name, scope, scope_name, tier, steps
// params: steps=4, most=100
// why: Long paths over nested groups are those that nobody meant. forereach explain shows each step.

MATCH (a:Agent)-[r:CAN_REACH]->(s:Scope)
WHERE r.absorbed = false AND r.steps >= $steps
  AND (coalesce(r.discover, true) OR coalesce(r.read, true) OR coalesce(r.write, true) OR coalesce(r.manage, true))
RETURN a.id AS agent, a.name AS agent_name, s.id AS scope, s.name AS scope_name, r.tier AS tier, r.steps AS steps
ORDER BY steps DESC, agent, scope, tier
LIMIT $most
