// id: guests-behind-agents
// title: Which agents have a guest behind them?
// for: identity team, auditor
// reads: Agent, Principal, SPONSORS, OWNS, ACTS_AS, CONTROLS
// columns: guest, guest_name, agent, agent_name, how
// why: Somebody from outside who sponsors, owns or controls an agent has what it has.

MATCH (p:Principal)-[:SPONSORS]->(a:Agent)
WHERE p.kind = 'Guest' OR p.userType = 'Guest'
RETURN p.id AS guest, p.name AS guest_name, a.id AS agent, a.name AS agent_name, 'sponsors' AS how
ORDER BY guest, agent
UNION
MATCH (p:Principal)-[:OWNS]->(:Principal)<-[:ACTS_AS]-(a:Agent)
WHERE p.kind = 'Guest' OR p.userType = 'Guest'
RETURN p.id AS guest, p.name AS guest_name, a.id AS agent, a.name AS agent_name, 'owns' AS how
ORDER BY guest, agent
UNION
MATCH (p:Principal)-[:CONTROLS]->(:Principal)<-[:ACTS_AS]-(a:Agent)
WHERE p.kind = 'Guest' OR p.userType = 'Guest'
RETURN p.id AS guest, p.name AS guest_name, a.id AS agent, a.name AS agent_name, 'controls' AS how
ORDER BY guest, agent
