// rule: strangers
// derives: STRANGERS
// per: agents
// when: BEARS
// why: content that an agent carries is read by whoever may use it, and nobody followed who that is.
MATCH (x:Actor)-[:BEARS]->(:Scope)
WHERE x.mode = 'on-behalf-of'
WITH DISTINCT x
OPTIONAL MATCH (x)<-[:SIDE]-(y:Actor)
WITH x, count(y) AS sides
WHERE sides = 0
RETURN x.id, x.id
