// rule: both
// derives: BOTH
// per: agents
// why: actors for which access lists and containment grants have to be added up; what one identity of an actor has
// from the one may meet what another has from the other.
MATCH (x:Actor)-[i:STANDS_FOR]->(p:Principal)-[g:GRANT]->(y:Scope)-[:MIXED]->(y)
WHERE g.app = 0 OR i.direct = 1
RETURN DISTINCT x.id, x.id
// and when: TAPS
// What is read through copies goes down like a containment grant.
MATCH (x:Actor)-[:TAPS]->(:Scope)
RETURN DISTINCT x.id, x.id
// and when: UNSEEN
// Also where it is unknown whether a copy can be read.
MATCH (a:Agent)-[:UNSEEN]->(:Scope)<-[:MIRRORED]-(:Scope)
RETURN DISTINCT a.id + '|on-behalf-of|', a.id + '|on-behalf-of|'
// and when: UNSEEN
MATCH (a:Agent)-[:UNSEEN]->(:Scope)<-[:MIRRORED]-(:Scope)
WITH DISTINCT a
MATCH (a)-[l:LENT]->(:Principal)
WHERE l.mode = 'agent-user' AND l.via = ''
RETURN DISTINCT a.id + '|agent-user|', a.id + '|agent-user|'
// and when: BEARS
MATCH (x:Actor)-[:BEARS]->(:Scope)
RETURN DISTINCT x.id, x.id
// and when: SIDE
MATCH (y:Actor)-[:BOTH]->(y)
WITH DISTINCT y
MATCH (y)-[:SIDE]->(w:Actor)
WITH DISTINCT w
MATCH (w)<-[:SIDE]-(x:Actor)
RETURN x.id, x.id
// and when: SIDE
// Content is carried by the whole actor; what its identities have from lists meets it.
MATCH (w:Actor)-[:BOTH]->(w)
WITH DISTINCT w
MATCH (w)<-[:SIDE]-(x:Actor)
RETURN x.id, x.id
