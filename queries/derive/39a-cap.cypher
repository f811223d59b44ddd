// rule: cap
// derives: CAP
// per: agents
// when: CONSENTS
// why: consents hold at their place and below. WITH as in nested.
MATCH (x:Actor)-[:MARK]->(s:Scope)-[v:SERVED]->(z:Scope)
WHERE x.capped = 1 AND v.level > 0
WITH DISTINCT x, s, z
MATCH (x)-[c:CONSENTS]->(z)
RETURN x.id, s.id, max(c.discover), max(c.read), max(c.write), max(c.manage)
