// id: sponsors-whose-agents-reach-nothing
// title: Which sponsors answer for agents that reach nothing?
// for: identity team
// reads: Agent, Principal, CAN_REACH, SPONSORS
// columns: sponsor, sponsor_name, agent, agent_name, status
// why: An agent that reaches nothing today is finished, not started, or works where nobody looked: ask its
//   sponsor, and the coverage. What it reaches under a condition, or a click away, is not looked at.

MATCH (p:Principal)-[:SPONSORS]->(a:Agent)
OPTIONAL MATCH (a)-[r:CAN_REACH]->(:Scope)
WHERE r.tier = 'now'
WITH p, a, count(r) AS rows
WHERE rows = 0
RETURN p.id AS sponsor, p.name AS sponsor_name, a.id AS agent, a.name AS agent_name, a.status AS status
ORDER BY sponsor, agent
