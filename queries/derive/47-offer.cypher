// rule: offer
// derives: OFFER
// per: agents
// when: SHOWN
// why: a witness gives something that the row shows. Where a row shows that nothing is left, any path will do: those come
// last.
MATCH (x:Actor)-[r:SHOWN]->(s:Scope)
WHERE r.absorbed <> 2
WITH x, r, s
MATCH (x)-[p:PART]->(s)
WHERE p.tier = r.tier
WITH x, s, r, p, CASE WHEN (r.discover > 1 AND p.discover > 1) OR (r.discover = 1 AND p.discover = 1)
  OR (r.read > 1 AND p.read > 1) OR (r.read = 1 AND p.read = 1) OR (r.write > 1 AND p.write > 1)
  OR (r.write = 1 AND p.write = 1) OR (r.manage > 1 AND p.manage > 1) OR (r.manage = 1 AND p.manage = 1)
  THEN 0 ELSE 1 END AS empty
RETURN x.id, s.id, p.tier, p.hops, CASE WHEN empty = 0 THEN p.reason ELSE NULL END, p.rank + empty * 1000000000000, p.path, p.grant, p.regrant, p.who
