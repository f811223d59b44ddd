// id: shadow-agents-with-reach
// title: What do agents that no catalog lists reach?
// for: security architect, auditor
// reads: Agent, Scope, CAN_REACH
// columns: agent, agent_name, platform, scope, scope_name, read, write, certainty
// why: An agent that nobody registered was approved by nobody, whatever it reaches.

MATCH (a:Agent)-[r:CAN_REACH]->(s:Scope)
WHERE a.estate = 'shadow' AND r.tier = 'now' AND r.absorbed = false
  AND (coalesce(r.discover, true) OR coalesce(r.read, true) OR coalesce(r.write, true) OR coalesce(r.manage, true))
RETURN a.id AS agent, a.name AS agent_name, a.platform AS platform, s.id AS scope, s.name AS scope_name, r.read AS read,
       r.write AS write, r.certainty AS certainty
ORDER BY agent, scope
