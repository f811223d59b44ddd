// id: agents-that-can-enlarge-themselves
// title: Which agents could give themselves more?
// for: security architect
// reads: Agent, Scope, CAN_REACH
// columns: agent, agent_name, fewest_steps, places, writes
// why: What an agent could make of itself, by owning, controlling or assigning. The fewer the steps, the nearer it
//   is.

MATCH (a:Agent)-[r:CAN_REACH]->(s:Scope)
WHERE r.tier = 'latent' AND r.absorbed = false
  AND (coalesce(r.discover, true) OR coalesce(r.read, true) OR coalesce(r.write, true) OR coalesce(r.manage, true))
WITH a, s, min(r.hops) AS near, max(CASE WHEN r.write THEN 1 ELSE 0 END) AS writing
RETURN a.id AS agent, a.name AS agent_name, min(near) AS fewest_steps, count(*) AS places, sum(writing) AS writes
ORDER BY fewest_steps, places DESC, agent
