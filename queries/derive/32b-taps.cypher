// rule: taps
// derives: TAPS
// per: agents
// when: MIRRORED
// why: copies that an actor is granted something at, directly or from above: there it may read what they are copies of.
MATCH (:Scope)-[:MIRRORED]->(t:Scope)
WITH DISTINCT t
MATCH (t)-[:ABOVE]->(:Scope)<-[g:GRANT]-(p:Principal)
WITH t, g, p
MATCH (x:Actor)-[i:STANDS_FOR]->(p)
WHERE g.app = 0 OR i.direct = 1
RETURN DISTINCT x.id, t.id
// and when: LIST_GRANT
MATCH (:Scope)-[:MIRRORED]->(t:Scope)
WITH DISTINCT t
MATCH (t)-[f:INHERITED]->(:Scope)<-[g:LIST_GRANT]-(p:Principal)
WHERE g.here = 0 OR f.level = 0
WITH t, g, p
MATCH (x:Actor)-[i:STANDS_FOR]->(p)
WHERE g.app = 0 OR i.direct = 1
RETURN DISTINCT x.id, t.id
