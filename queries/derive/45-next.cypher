// rule: next
// derives: NEXT
// per: agents
// when: ROW
// why: the nearest row above decides what a row adds. WITH as in nested.
// and unless: RING
MATCH (x:Actor)-[r:ROW]->(s:Scope)-[b:ABOVE|OVER]->(y:Scope)
WHERE b.level > 0
WITH x, s, y, b.level AS level, r.tier AS tier
MATCH (x)-[q:ROW]->(y)
WHERE q.tier = tier AND q.subtree = 1
RETURN x.id, s.id, tier, min(level)
// and when: RING
MATCH (x:Actor)-[r:ROW]->(s:Scope)-[b:ABOVE|OVER]->(y:Scope)
WHERE b.level > 0
WITH x, s, y, b.level AS level, r.tier AS tier
MATCH (x)-[q:ROW]->(y)
WHERE q.tier = tier AND q.subtree = 1
OPTIONAL MATCH (s)-[k:RING]->(y)
WITH x, s, tier, level, count(k) AS rings
WHERE rings = 0
RETURN x.id, s.id, tier, min(level)
