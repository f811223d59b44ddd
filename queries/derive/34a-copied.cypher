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
// and when: UNSEEN
// What nobody read who may use it for is unknown with all below, and so is what is copied there.
MATCH (a:Agent)-[:UNSEEN]->(z:Scope)
RETURN DISTINCT a.id + '|on-behalf-of|', z.id
// and when: UNSEEN
MATCH (a:Agent)-[:UNSEEN]->(z:Scope)<-[:ABOVE]-(t:Scope)<-[:MIRRORED]-(:Scope)
RETURN DISTINCT a.id + '|on-behalf-of|', t.id
// and when: UNSEEN
MATCH (a:Agent)-[:UNSEEN]->(:Scope)<-[:ABOVE]-(:Scope)<-[:MIRRORED]-(s:Scope)
RETURN DISTINCT a.id + '|on-behalf-of|', s.id
