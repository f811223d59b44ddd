// rule: at
// derives: AT
// per: agents
// when: NEAR
// why: each of these places once; and for each identity of an actor those of the others at which it has something from above.
MATCH (x:Actor)-[:NEAR]->(s:Scope)
RETURN DISTINCT x.id, s.id
// and when: POOLED
MATCH (x:Actor)-[:STAKES]->(:Scope)
WITH DISTINCT x
MATCH (x)-[:SIDE]->(w:Actor)
WITH DISTINCT w
MATCH (w)-[:POOLED]->(s:Scope)-[b:ABOVE|OVER]->(y:Scope)
WITH DISTINCT w, s, y
MATCH (y)<-[:STAKES]-(x:Actor)
WHERE x.whole = w.id
WITH DISTINCT x, s
OPTIONAL MATCH (x)-[known:AT]->(s)
WITH x, s, count(known) AS before
WHERE before = 0
RETURN x.id, s.id
