// rule: next
// derives: NEXT
// per: agents
// why: the nearest row above decides what a row adds and which of them counts an item.
MATCH (a:Agent)-[r:ROW]->(x:Scope)-[b:ABOVE]->(y:Scope)<-[q:ROW]-(a)
WHERE b.level > 0 AND q.tier = r.tier AND q.subtree = 1
RETURN a.id, x.id, r.tier, min(b.level)
