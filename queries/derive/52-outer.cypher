// rule: outer
// derives: OUTER
// per: agents
// why: items are counted by the nearest row that is shown.
MATCH (a:Agent)-[r:SHOWN]->(x:Scope)-[b:ABOVE]->(y:Scope)<-[q:SHOWN]-(a)
WHERE r.absorbed = 0 AND b.level > 0 AND q.tier = r.tier AND q.subtree = 1 AND q.absorbed = 0
RETURN a.id, x.id, r.tier, min(b.level)
