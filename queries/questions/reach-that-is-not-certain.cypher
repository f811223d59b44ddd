// id: reach-that-is-not-certain
// title: Which reach is not certain, and why?
// for: auditor, security architect
// reads: Agent, Scope, CAN_REACH
// columns: agent, agent_name, scope, scope_name, tier, certainty, reason_code
// why: An upper bound may be less, an unknown right may be anything. The reason says what to read to know it.

MATCH (a:Agent)-[r:CAN_REACH]->(s:Scope)
WHERE r.certainty <> 'exact' AND r.absorbed = false
  AND (coalesce(r.discover, true) OR coalesce(r.read, true) OR coalesce(r.write, true) OR coalesce(r.manage, true))
RETURN a.id AS agent, a.name AS agent_name, s.id AS scope, s.name AS scope_name, r.tier AS tier, r.certainty AS certainty,
       r.reason_code AS reason_code
ORDER BY agent, scope, tier
