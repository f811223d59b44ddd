// id: agents-by-number-of-places
// title: Which agents stand at most places?
// for: security architect, auditor
// reads: Agent, Scope, CAN_REACH
// columns: agent, agent_name, places, reads, writes, manages, unknown
// params: most=100
// why: The list to start a review with: how many places each agent stands at today, and with which rights.

MATCH (a:Agent)-[r:CAN_REACH]->(s:Scope)
WHERE r.tier = 'now' AND r.absorbed = false
  AND (coalesce(r.discover, true) OR coalesce(r.read, true) OR coalesce(r.write, true) OR coalesce(r.manage, true))
WITH a, s, max(CASE WHEN r.read THEN 1 ELSE 0 END) AS reading, max(CASE WHEN r.write THEN 1 ELSE 0 END) AS writing,
     max(CASE WHEN r.manage THEN 1 ELSE 0 END) AS managing,
     max(CASE WHEN r.read IS NULL OR r.write IS NULL OR r.manage IS NULL THEN 1 ELSE 0 END) AS open
RETURN a.id AS agent, a.name AS agent_name, count(*) AS places, sum(reading) AS reads, sum(writing) AS writes,
       sum(managing) AS manages, sum(open) AS unknown
ORDER BY places DESC, agent
LIMIT $most
