// id: disabled-agents-with-grants
// title: Which disabled agents still hold grants?
// for: identity team
// reads: Agent, Principal, Scope, ACTS_AS, GRANTED
// columns: agent, agent_name, scope, scope_name, role
// why: A disabled agent reaches nothing, until somebody enables it and finds everything as it was.

MATCH (a:Agent)-[:ACTS_AS]->(p:Principal)-[g:GRANTED]->(s:Scope)
WHERE a.status = 'disabled' OR p.enabled = false
RETURN a.id AS agent, a.name AS agent_name, s.id AS scope, s.name AS scope_name, g.role AS role
ORDER BY agent, scope, role
