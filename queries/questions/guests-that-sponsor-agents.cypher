// id: guests-that-sponsor-agents
// title: Which agents does a guest answer for?
// for: identity team
// reads: Agent, Principal, SPONSORS
// columns: guest, guest_name, agent, agent_name
// why: A sponsor from outside may leave without anybody here knowing.

MATCH (p:Principal)-[:SPONSORS]->(a:Agent)
WHERE p.kind = 'Guest' OR p.userType = 'Guest'
RETURN p.id AS guest, p.name AS guest_name, a.id AS agent, a.name AS agent_name
ORDER BY guest, agent
