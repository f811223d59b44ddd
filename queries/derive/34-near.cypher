// rule: near
// derives: NEAR
// per: agents
// why: places of an actor that need more than one plain grant of today. First those that need it by themselves: several
// grants, special ones, accounts that a key opens, denies and what lies just below a deny that binds its scope alone.
MATCH (x:Actor)-[i:STANDS_FOR]->(p:Principal)-[g:GRANT]->(s:Scope)-[:CROWDED]->(s)
WHERE x.capped = 0 AND (g.app = 0 OR i.direct = 1)
WITH x, s, count(*) AS grants, max(g.special) AS special
WHERE grants > 1 OR special = 1
RETURN x.id, s.id
// and
MATCH (x:Actor)-[i:STANDS_FOR]->(p:Principal)-[g:GRANT]->(s:Scope)
WHERE x.capped = 0 AND i.tier > 1 AND (g.app = 0 OR i.direct = 1)
RETURN DISTINCT x.id, s.id
// and
MATCH (x:Actor)-[i:STANDS_FOR]->(p:Principal)-[g:GRANT]->(y:Scope)
WHERE x.capped = 0 AND g.opens = 1 AND (g.app = 0 OR i.direct = 1)
WITH DISTINCT x, y
MATCH (y)<-[:ABOVE]-(s:Scope)
WHERE s.kind = 'StorageAccount' AND (s.sharedKey IS NULL OR s.sharedKey)
RETURN DISTINCT x.id, s.id
// and when: SERVED
// Also an account in which a consent holds for a part: denies bind what opens it there.
MATCH (x:Actor)-[i:STANDS_FOR]->(p:Principal)-[g:GRANT]->(y:Scope)
WHERE x.capped = 1 AND g.opens = 1 AND (g.app = 0 OR i.direct = 1)
WITH DISTINCT x, y
MATCH (y)<-[:ABOVE]-(s:Scope)
WHERE s.kind = 'StorageAccount' AND (s.sharedKey IS NULL OR s.sharedKey)
WITH DISTINCT x, s
MATCH (s)-[:SERVED]->(:Scope)
RETURN DISTINCT x.id, s.id
// and when: DENIED
MATCH (x:Actor)-[:DENIES]->(s:Scope)
RETURN DISTINCT x.id, s.id
// and when: DENIED
MATCH (x:Actor)-[d:DENIES]->(:Scope)<-[:WITHIN]-(s:Scope)
WHERE d.children = 0
RETURN DISTINCT x.id, s.id
// and when: SIDE
// What several identities have is added up everywhere, and what consents limit where these hold, with what stands above.
MATCH (x:Actor)-[:SIDE]->(:Actor)
WHERE x.capped = 0
WITH x
MATCH (x)-[i:STANDS_FOR]->(p:Principal)-[g:GRANT]->(s:Scope)
WHERE g.app = 0 OR i.direct = 1
RETURN DISTINCT x.id, s.id
// and when: SERVED
MATCH (x:Actor)-[:SIDE]->(:Actor)
WHERE x.capped = 1
WITH x
MATCH (x)-[i:STANDS_FOR]->(p:Principal)-[g:GRANT]->(s:Scope)-[:SERVED]->(:Scope)
WHERE g.app = 0 OR i.direct = 1
RETURN DISTINCT x.id, s.id
// and when: CONSENTS
MATCH (x:Actor)-[:CONSENTS]->(s:Scope)
RETURN x.id, s.id
// and when: GATE
// Where something besides grants decides, whoever asks: grants there and below, and that place below a grant.
MATCH (x:Actor)-[i:STANDS_FOR]->(p:Principal)-[g:GRANT]->(s:Scope)-[:SHUT]->(s)
WHERE x.capped = 0 AND (g.app = 0 OR i.direct = 1)
RETURN DISTINCT x.id, s.id
// and when: GATE
MATCH (x:Actor)-[i:STANDS_FOR]->(p:Principal)-[g:GRANT]->(:Scope)-[t:TOUCHES]->(s:Scope)
WHERE x.capped = 0 AND t.sort = 1 AND (g.app = 0 OR i.direct = 1)
RETURN DISTINCT x.id, s.id
// and when: SERVED
MATCH (x:Actor)-[i:STANDS_FOR]->(p:Principal)-[g:GRANT]->(:Scope)-[t:TOUCHES]->(s:Scope)
WHERE x.capped = 1 AND t.sort = 1 AND (g.app = 0 OR i.direct = 1)
WITH DISTINCT x, s
MATCH (s)-[v:SERVED]->(:Scope)
WHERE v.level > 0
RETURN DISTINCT x.id, s.id
// and when: UNEVEN
// The same where policies block this actor, if not alike all around.
MATCH (x:Actor)-[:UNEVEN]->(:Scope)
WHERE x.capped = 0
WITH DISTINCT x
MATCH (x)-[i:STANDS_FOR]->(p:Principal)-[g:GRANT]->(s:Scope)
WHERE g.app = 0 OR i.direct = 1
WITH DISTINCT x, s
MATCH (s)-[:COVERS]->(z:Scope)
WITH x, s, z
MATCH (x)-[:UNEVEN]->(z)
RETURN DISTINCT x.id, s.id
// and when: FORKED
MATCH (x:Actor)-[i:STANDS_FOR]->(p:Principal)-[g:GRANT]->(s:Scope)-[:FORKED]->(s)
WHERE x.capped = 0 AND (g.app = 0 OR i.direct = 1)
RETURN DISTINCT x.id, s.id
// and when: HALTED
MATCH (x:Actor)-[:HALTED]->(:Scope)
WITH DISTINCT x
MATCH (x)-[i:STANDS_FOR]->(p:Principal)-[g:GRANT]->(:Scope)-[t:TOUCHES]->(z:Scope)
WHERE t.sort = 2 AND (g.app = 0 OR i.direct = 1)
WITH DISTINCT x, z
MATCH (x)-[:HALTED]->(z)
RETURN DISTINCT x.id, z.id
