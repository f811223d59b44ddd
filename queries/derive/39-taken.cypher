// rule: taken
// derives: TAKEN
// per: agents
// when: DENIED
// why: a deny binds its scope and, unless it says otherwise, everything below (reach.md 4.3, 4). WITH as in nested.
MATCH (a:Agent)-[:MARK]->(x:Scope)-[b:ABOVE]->(y:Scope)
WITH a, x, y, b
MATCH (a)-[d:DENIES]->(y)
WHERE b.level = 0 OR d.children = 1
RETURN a.id, x.id,
  max(d.see), max(d.read), max(d.write), max(d.add), max(d.delete), max(d.setAcl), max(d.own), max(d.listKeys),
  max(d.regenerateKey), max(d.accountSas), max(d.serviceSas), max(d.assign)
