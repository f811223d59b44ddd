// rule: pooled
// derives: POOLED
// per: agents
// when: SIDE
// why: the places that need adding up for any identity of an actor.
MATCH (x:Actor)-[:NEAR]->(s:Scope)
WITH DISTINCT x, s
MATCH (x)-[:SIDE]->(w:Actor)
RETURN DISTINCT w.id, s.id
