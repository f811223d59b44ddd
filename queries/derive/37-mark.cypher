// rule: mark
// derives: MARK
// per: agents
// when: NEAR
// why: each of these places once; and for each identity of an actor those of the others.
MATCH (x:Actor)-[:NEAR]->(s:Scope)
WHERE x.side = 0
WITH DISTINCT x, s
OPTIONAL MATCH (s)-[h:SHUT]->(s)
RETURN x.id, s.id, CASE WHEN count(h) > 0 THEN 1 ELSE 0 END
// and when: SIDE
MATCH (y:Actor)-[:NEAR]->(s:Scope)
WITH y, s
MATCH (y)-[:SIDE]->(w:Actor)
WITH DISTINCT w, s
MATCH (w)<-[:SIDE]-(x:Actor)
WITH x, s
OPTIONAL MATCH (s)-[h:SHUT]->(s)
RETURN x.id, s.id, CASE WHEN count(h) > 0 THEN 1 ELSE 0 END
