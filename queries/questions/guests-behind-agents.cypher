// id: guests-behind-agents
// title: Which agents have a guest behind them?
// for: identity team, auditor
// reads: Agent, Principal, OWNS, ACTS_AS, CONTROLS
// columns: guest, guest_name, agent, agent_name
// why: Somebody from outside who owns or controls an agent's identity can have what it has.

MATCH (p:Principal)-[:OWNS|CONTROLS]->(:Principal)<-[:ACTS_AS]-(a:Agent)
WHERE p.kind = 'Guest' OR p.userType = 'Guest'
RETURN DISTINCT p.id AS guest, p.name AS guest_name, a.id AS agent, a.name AS agent_name
ORDER BY guest, agent
