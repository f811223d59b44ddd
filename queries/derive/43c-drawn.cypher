// rule: drawn
// derives: DRAWN
// per: agents
// why: who reads a copy, in whatever way, reads what it is a copy of, though nothing is granted there: what protects the source stayed
// behind. Content that an agent carries it reads today.
// and when: READ_AT
MATCH (x:Actor)-[p:READ_AT]->(t:Scope)<-[k:MIRRORED]-(s:Scope)
RETURN x.id, s.id, p.tier, p.hops, p.read, p.reason, p.rank + 1000 * k.level, p.path, p.grant, p.regrant, p.who, t.code, 0
// and when: BEARS
MATCH (x:Actor)-[c:BEARS]->(s:Scope)
RETURN x.id, s.id, 1, 0, 3, CASE WHEN c.level < 0 THEN c.copy ELSE NULL END, 1000 * c.level, c.copy,
  CASE WHEN c.level < 0 THEN c.level ELSE NULL END, 0, '', c.copy, 1
