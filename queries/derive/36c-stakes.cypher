// rule: stakes
// derives: STAKES
// per: agents
// when: SIDE
// why: where an identity of an actor has a containment grant: there and below it adds to what the others have.
MATCH (x:Actor)-[:SIDE]->(w:Actor)
WHERE x.capped = 0
WITH x, w
MATCH (x)-[i:STANDS_FOR]->(p:Principal)-[g:GRANT]->(y:Scope)
WHERE g.app = 0 OR i.direct = 1
RETURN DISTINCT x.id, y.id
// and when: SERVED
MATCH (x:Actor)-[:SIDE]->(w:Actor)
WHERE x.capped = 1
WITH x, w
MATCH (x)-[i:STANDS_FOR]->(p:Principal)-[g:GRANT]->(y:Scope)
WHERE g.app = 0 OR i.direct = 1
WITH DISTINCT x, y
MATCH (y)-[:SERVED]->(:Scope)
RETURN DISTINCT x.id, y.id
