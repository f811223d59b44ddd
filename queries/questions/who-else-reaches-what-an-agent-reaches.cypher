// id: who-else-reaches-what-an-agent-reaches
// title: Who else reaches what this agent reaches?
// for: security architect
// reads: Agent, Scope, CAN_REACH
// columns: agent, agent_name, shared_places, places
// params: agent:Agent
// why: When an agent is suspected, or is to be replaced, the agents that stand at the same places are the next to
//   look at. shared_places of its places are where both have a row today.

MATCH (a:Agent)-[r:CAN_REACH]->(s:Scope)
WHERE (a.id = $agent OR a.name = $agent) AND r.tier = 'now'
  AND (coalesce(r.discover, true) OR coalesce(r.read, true) OR coalesce(r.write, true) OR coalesce(r.manage, true))
WITH a, count(DISTINCT s.id) AS places
MATCH (a)-[r:CAN_REACH]->(s:Scope)
WHERE r.tier = 'now'
  AND (coalesce(r.discover, true) OR coalesce(r.read, true) OR coalesce(r.write, true) OR coalesce(r.manage, true))
WITH DISTINCT a, places, s
MATCH (s)<-[q:CAN_REACH]-(b:Agent)
WHERE q.tier = 'now' AND b.id <> a.id
  AND (coalesce(q.discover, true) OR coalesce(q.read, true) OR coalesce(q.write, true) OR coalesce(q.manage, true))
RETURN b.id AS agent, b.name AS agent_name, count(DISTINCT s.id) AS shared_places, places
ORDER BY shared_places DESC, agent
