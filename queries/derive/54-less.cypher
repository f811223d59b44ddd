// rule: less
// derives: LESS
// per: agents
// why: what a row further down counts, the row above does not.
MATCH (a:Agent)-[o:OUTER]->(x:Scope)-[b:ABOVE]->(y:Scope)
WHERE b.level = o.level
MATCH (a)-[r:SHOWN]->(x)-[t:TALLY]->(x)
WHERE r.tier = o.tier AND t.below = r.subtree
RETURN a.id, y.id, o.tier, sum(t.items), sum(t.sensitive), sum(t.unlabeled_sensitive)
