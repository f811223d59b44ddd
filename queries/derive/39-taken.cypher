// rule: taken
// derives: TAKEN
// per: agents
// when: DENIED
// why: a deny binds its scope and, unless it says otherwise, everything below. WITH as in nested.
MATCH (x:Actor)-[:DENIES]->(:Scope)
WITH DISTINCT x
MATCH (x)-[m:MARK]->(s:Scope)-[b:ABOVE|OVER]->(y:Scope)
WITH x, s, y, b, m.shut AS shut
MATCH (x)-[d:DENIES]->(y)
WHERE b.level = 0 OR d.children = 1
RETURN x.id, s.id, max(shut), max(d.see), max(d.read), max(d.write), max(d.add), max(d.delete), max(d.setAcl), max(d.own), max(d.assign), max(d.listKeys), max(d.regenerateKey), max(d.accountSas), max(d.serviceSas)
