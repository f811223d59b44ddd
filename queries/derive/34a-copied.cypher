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
// and when: UNSEEN
// Persons of whom it is known have to be seen together with those of whom it is not.
MATCH (a:Agent)-[u:UNSEEN]->(z:Scope)
WHERE u.reason = 'audience-unread'
WITH DISTINCT a.id + '|on-behalf-of|' AS id, z
MATCH (x:Actor)
WHERE x.id = id
WITH x, z
MATCH (x)<-[:SIDE]-(y:Actor)
RETURN y.id, z.id
// and when: UNSEEN
MATCH (a:Agent)-[u:UNSEEN]->(:Scope)<-[:ABOVE]-(t:Scope)<-[:MIRRORED]-(s:Scope)
WHERE u.reason = 'audience-unread'
WITH DISTINCT a.id + '|on-behalf-of|' AS id, t, s
UNWIND [t.id, s.id] AS place
WITH DISTINCT id, place
MATCH (x:Actor)
WHERE x.id = id
WITH x, place
MATCH (x)<-[:SIDE]-(y:Actor)
RETURN y.id, place
