// rule: outer
// derives: OUTER
// per: agents
// when: SHOWN
// why: items are counted by the nearest row that is shown. WITH as in nested.
MATCH (x:Actor)-[q:SHOWN]->(:Scope)
WHERE q.subtree = 1 AND q.absorbed <> 1
WITH DISTINCT x
MATCH (x)-[r:SHOWN]->(s:Scope)-[b:ABOVE|OVER]->(y:Scope)
WHERE r.absorbed <> 1 AND b.level > 0
WITH x, s, y, b.level AS level, r.tier AS tier
MATCH (x)-[q:SHOWN]->(y)
WHERE q.tier = tier AND q.subtree = 1 AND q.absorbed <> 1
RETURN x.id, s.id, tier, min(level), min(q.absorbed)
