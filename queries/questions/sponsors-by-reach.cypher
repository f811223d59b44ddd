// id: sponsors-by-reach
// title: What do the agents of each sponsor reach?
// for: identity team, security architect
// reads: Agent, Principal, Scope, CAN_REACH, SPONSORS
// columns: sponsor, sponsor_name, agents, places, sensitive
// why: Who answers for much should know it. Sensitive items are counted once an agent.

MATCH (p:Principal)-[:SPONSORS]->(a:Agent)
OPTIONAL MATCH (a)-[r:CAN_REACH]->(s:Scope)
WHERE r.tier = 'now' AND r.absorbed = false
WITH p, a, s, sum(coalesce(r.readable_sensitive, 0)) AS found
WITH p, a, count(s) AS stands, sum(found) AS sensitive_items
RETURN p.id AS sponsor, p.name AS sponsor_name, count(*) AS agents, sum(stands) AS places,
       sum(sensitive_items) AS sensitive
ORDER BY places DESC, sponsor
