// rule: outer
// derives: OUTER
// per: agents
// why: items are counted by the nearest row that is shown. WITH as in nested.
MATCH (a:Agent)-[r:SHOWN]->(x:Scope)-[b:ABOVE]->(y:Scope)
WHERE r.absorbed = 0 AND b.level > 0
WITH a, x, y, b.level AS level, r.tier AS tier
MATCH (a)-[q:SHOWN]->(y)
WHERE q.tier = tier AND q.subtree = 1 AND q.absorbed = 0
RETURN a.id, x.id, tier, min(level)
