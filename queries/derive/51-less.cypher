// rule: less
// derives: LESS
// per: agents
// when: OUTER
// why: what a row further down counts, the row above does not. WITH as in nested.
MATCH (x:Actor)-[o:OUTER]->(s:Scope)-[b:ABOVE|OVER]->(y:Scope)
WHERE b.level = o.level
WITH x, s, y, o.tier AS tier
MATCH (x)-[r:SHOWN]->(s)
WHERE r.tier = tier
WITH x, s, y, tier, r.subtree AS subtree
MATCH (s)-[t:TALLY]->(s)
WHERE t.below <> 1 - subtree
RETURN x.id, y.id, tier, sum(t.items), sum(t.sensitive), sum(t.unlabeled_sensitive)
