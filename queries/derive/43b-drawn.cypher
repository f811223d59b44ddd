// rule: drawn
// derives: DRAWN
// per: agents
// why: who reads a copy, in whatever way, reads what it is a copy of, though nothing is granted there: what protects the source stayed
// behind. What may take the copy away and was not read counts here, too. Content that an agent carries it reads today.
// and when: MIRRORED
MATCH (x:Actor)-[p:PART]->(t:Scope)<-[k:MIRRORED]-(s:Scope)
WHERE x.side = 0 AND p.read > 0
OPTIONAL MATCH (t)-[b:BLIND]->(t)
WITH x, p, t, k, s, coalesce(b.denies, 0) AS blind
RETURN x.id, s.id, p.tier, p.hops, CASE WHEN blind = 1 AND p.read > 2 THEN 2 ELSE p.read END,
  CASE WHEN blind = 1 THEN coalesce(p.reason, 'denies-unread') ELSE p.reason END, p.rank + 1000 * k.level, p.path, p.grant, p.regrant, p.who, t.code, 0
// and when: BEARS
MATCH (x:Actor)-[c:BEARS]->(s:Scope)
RETURN x.id, s.id, 1, 0, 3, CASE WHEN c.level < 0 THEN c.copy ELSE NULL END, 1000 * c.level, c.copy,
  CASE WHEN c.level < 0 THEN c.level ELSE NULL END, 0, '', c.copy, 1
