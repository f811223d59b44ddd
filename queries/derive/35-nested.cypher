// rule: nested
// derives: NEAR
// per: agents
// when: UNDER
// why: two places of one actor, one above the other, have to be seen together: grants below a grant, grants below one of the
// places found so far, and the grants above all of these. WITH keeps a pattern from closing on itself, which the embedded engine does not always survive.
MATCH (x:Actor)-[i:STANDS_FOR]->(p:Principal)-[g:GRANT]->(y:Scope)<-[:UNDER]-(s:Scope)
WHERE x.capped = 0 AND (g.app = 0 OR i.direct = 1)
WITH DISTINCT x, s
MATCH (s)<-[h:GRANT]-(q:Principal)
WITH x, s, h, q
MATCH (x)-[j:STANDS_FOR]->(q)
WHERE h.app = 0 OR j.direct = 1
RETURN DISTINCT x.id, s.id
// and
MATCH (x:Actor)-[:NEAR]->(:Scope)
WHERE x.capped = 0
WITH DISTINCT x
MATCH (x)-[j:STANDS_FOR]->(q:Principal)-[h:GRANT]->(s:Scope)
WHERE h.app = 0 OR j.direct = 1
WITH DISTINCT x, s
MATCH (s)-[:UNDER]->(y:Scope)
WITH x, s, y
MATCH (x)-[:NEAR]->(y)
RETURN DISTINCT x.id, s.id
// and
MATCH (x:Actor)-[:NEAR]->(s:Scope)-[:UNDER]->(y:Scope)
WHERE x.capped = 0
WITH DISTINCT x, y
MATCH (y)<-[h:GRANT]-(q:Principal)
WITH x, y, h, q
MATCH (x)-[j:STANDS_FOR]->(q)
WHERE h.app = 0 OR j.direct = 1
RETURN DISTINCT x.id, y.id
