// id: sponsors-by-reach
// title: What do the agents of each sponsor reach?
// for: identity team, security architect
// reads: Agent, Principal, Scope, CAN_REACH, SPONSORS
// columns: sponsor, sponsor_name, agents, places, sensitive
// why: Who answers for much should know it. Of each agent the places count once, and the sensitive items of the
//   mode, and of the server, by which it reads most.

MATCH (p:Principal)-[:SPONSORS]->(a:Agent)
OPTIONAL MATCH (a)-[r:CAN_REACH]->(s:Scope)
WHERE r.tier = 'now' AND r.absorbed = false
  AND (coalesce(r.discover, true) OR coalesce(r.read, true) OR coalesce(r.write, true) OR coalesce(r.manage, true))
WITH p, a, count(DISTINCT s.id) AS stands
OPTIONAL MATCH (a)-[q:CAN_REACH]->(:Scope)
WHERE q.tier = 'now' AND q.absorbed = false
WITH p, a, stands, q.mode AS mode, coalesce(q.via, '') AS via, sum(coalesce(q.readable_sensitive, 0)) AS found
WITH p, a, stands, max(found) AS sensitive_items
RETURN p.id AS sponsor, p.name AS sponsor_name, count(*) AS agents, sum(stands) AS places,
       sum(sensitive_items) AS sensitive
ORDER BY places DESC, sponsor
