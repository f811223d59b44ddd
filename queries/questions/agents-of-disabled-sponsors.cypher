// id: agents-of-disabled-sponsors
// title: Which agents have a sponsor who is gone?
// for: identity team
// reads: Agent, Principal, SPONSORS
// columns: sponsor, sponsor_name, agent, agent_name
// why: A disabled account answers for nothing any more; its agents need another sponsor, or an end.

MATCH (p:Principal)-[:SPONSORS]->(a:Agent)
WHERE p.enabled = false
RETURN p.id AS sponsor, p.name AS sponsor_name, a.id AS agent, a.name AS agent_name
ORDER BY sponsor, agent
