// rule: owned
// derives: OWNED
// per: agents
// when: SIDE
// why: what an actor is already as another of its identities, it cannot become.
MATCH (x:Actor)-[:SIDE]->(w:Actor)
WHERE x.capped = 0
WITH x, w
MATCH (w)<-[:SIDE]-(y:Actor)
WITH x, y
MATCH (y)-[i:STANDS_FOR]->(q:Principal)
WHERE i.tier = 1
RETURN DISTINCT x.id, q.id
