// id: use-that-nothing-explains
// title: Where was an agent seen that reaches nothing there?
// for: auditor, security architect
// reads: Agent, Scope, CAN_REACH, OBSERVED, WITHIN
// columns: agent, agent_name, scope, scope_name, last
// why: Logs saw it, and no row of today explains it, nor one under a condition: a grant that was not read, one that
//   has gone since or was activated for a while, or another identity behind it.

// Of rows above one another the nearest counts: 10 * distance, and 0 if it gives anything or may, 1 if not.
MATCH (a:Agent)-[o:OBSERVED]->(s:Scope)
OPTIONAL MATCH p = (s)-[:WITHIN*0..30]->(x:Scope)<-[r:CAN_REACH]-(a)
WHERE r.tier IN ['now', 'conditional'] AND (r.subtree OR x.id = s.id)
WITH a, o, s, r.mode AS mode, r.via AS via, r.tier AS tier, min(10 * length(p) +
       CASE WHEN coalesce(r.discover, true) OR coalesce(r.read, true) OR coalesce(r.write, true) OR coalesce(r.manage, true) THEN 0 ELSE 1 END) AS nearest
WITH a, o, s, sum(CASE WHEN nearest % 10 = 0 THEN 1 ELSE 0 END) AS rows
WHERE rows = 0
RETURN a.id AS agent, a.name AS agent_name, s.id AS scope, s.name AS scope_name, o.last AS last
ORDER BY agent, scope
