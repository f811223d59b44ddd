// id: agents-by-number-of-places
// title: Which agents stand at most places?
// for: security architect, auditor
// reads: Agent, Scope, CAN_REACH
// columns: agent, agent_name, places, reads, writes, manages, unknown
// params: most=100
// why: The list to start a review with: how many places each agent stands at today, and with which rights.

MATCH (a:Agent)-[r:CAN_REACH]->(s:Scope)
WHERE r.tier = 'now' AND r.absorbed = false
RETURN a.id AS agent, a.name AS agent_name, count(DISTINCT s.id) AS places,
       sum(CASE WHEN r.read THEN 1 ELSE 0 END) AS reads, sum(CASE WHEN r.write THEN 1 ELSE 0 END) AS writes,
       sum(CASE WHEN r.manage THEN 1 ELSE 0 END) AS manages,
       sum(CASE WHEN r.read IS NULL OR r.write IS NULL OR r.manage IS NULL THEN 1 ELSE 0 END) AS unknown
ORDER BY places DESC, agent
LIMIT $most
