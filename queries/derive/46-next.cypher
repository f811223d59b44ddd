// rule: next
// derives: NEXT
// per: agents
// why: the nearest row above decides what a row adds and which of them counts an item. WITH as in nested.
MATCH (a:Agent)-[r:ROW]->(x:Scope)-[b:ABOVE]->(y:Scope)
WHERE b.level > 0
WITH a, x, y, b.level AS level, r.tier AS tier
MATCH (a)-[q:ROW]->(y)
WHERE q.tier = tier AND q.subtree = 1
RETURN a.id, x.id, tier, min(level)
