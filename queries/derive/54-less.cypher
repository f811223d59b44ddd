// rule: less
// derives: LESS
// per: agents
// why: what a row further down counts, the row above does not. WITH as in nested.
MATCH (a:Agent)-[o:OUTER]->(x:Scope)-[b:ABOVE]->(y:Scope)
WHERE b.level = o.level
WITH a, x, y, o.tier AS tier
MATCH (a)-[r:SHOWN]->(x)
WHERE r.tier = tier
WITH a, x, y, tier, r.subtree AS subtree
MATCH (x)-[t:TALLY]->(x)
WHERE t.below = subtree
RETURN a.id, y.id, tier, sum(t.items), sum(t.sensitive), sum(t.unlabeled_sensitive)
