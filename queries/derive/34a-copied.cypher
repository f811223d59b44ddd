// rule: copied
// derives: NEAR
// per: agents
// why: copies that an actor may read, and what they are copies of, or what it carries: what it reads there adds to what it is
// granted, for each of its identities.
// and when: TAPS
MATCH (x:Actor)-[:TAPS]->(t:Scope)
RETURN x.id, t.id
// and when: TAPS
MATCH (x:Actor)-[:TAPS]->(:Scope)<-[:MIRRORED]-(s:Scope)
RETURN DISTINCT x.id, s.id
// and when: BEARS
MATCH (x:Actor)-[:BEARS]->(s:Scope)
RETURN DISTINCT x.id, s.id
// and when: BEARS
MATCH (x:Actor)-[:BEARS]->(s:Scope)
WITH DISTINCT x, s
MATCH (x)<-[:SIDE]-(y:Actor)
RETURN y.id, s.id
