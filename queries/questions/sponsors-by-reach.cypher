// id: sponsors-by-reach
// title: What do the agents of each sponsor reach?
// for: identity team, security architect
// reads: Agent, Principal, Scope, CAN_REACH, SPONSORS
// columns: sponsor, sponsor_name, agents, places, sensitive
// why: Who answers for much should know it. Sensitive items are counted once an agent.

MATCH (p:Principal)-[:SPONSORS]->(a:Agent)
OPTIONAL MATCH (a)-[r:CAN_REACH]->(s:Scope)
WHERE r.tier = 'now' AND r.absorbed = false
RETURN p.id AS sponsor, p.name AS sponsor_name, count(DISTINCT a.id) AS agents, count(DISTINCT s.id) AS places,
       coalesce(sum(r.readable_sensitive), 0) AS sensitive
ORDER BY places DESC, sponsor
