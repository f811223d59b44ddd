// rule: next
// derives: NEXT
// per: agents
// when: ROW
// why: the nearest row above decides what a row adds. WITH as in nested.
// and unless: CIRCLED
MATCH (x:Actor)-[r:ROW]->(s:Scope)-[b:ABOVE|OVER]->(y:Scope)
WHERE b.level > 0
WITH x, s, y, b.level AS level, r.tier AS tier
MATCH (x)-[q:ROW]->(y)
WHERE q.tier = tier AND q.subtree = 1
RETURN x.id, s.id, tier, min(level)
// and when: CIRCLED
// Of two places that lie in each other the first counts as the one above: else each absorbs the other, and no row shows them.
// Where a later one is as near as what counts, or nearer, nothing does.
MATCH (x:Actor)-[r:ROW]->(s:Scope)-[b:ABOVE|OVER]->(y:Scope)
WHERE b.level > 0
WITH x, s, y, b.level AS level, r.tier AS tier
MATCH (x)-[q:ROW]->(y)
WHERE q.tier = tier AND q.subtree = 1
OPTIONAL MATCH (y)-[k:ABOVE|OVER]->(s)
WITH x, s, y, tier, level, count(k) AS back
WITH x, s, tier, min(CASE WHEN back > 0 AND y.code > s.code THEN 2 * level ELSE 2 * level + 1 END) AS nearest
WITH x, s, tier, nearest
WHERE nearest % 2 = 1
RETURN x.id, s.id, tier, nearest / 2
