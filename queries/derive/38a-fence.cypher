// rule: fence
// derives: FENCE
// per: agents
// when: SHUT
// why: what stands between grants and access at each marked place: the place itself, and policies.
MATCH (x:Actor)-[m:MARK]->(s:Scope)
WHERE m.shut = 1
WITH x, s
MATCH (s)-[h:SHUT]->(s)
RETURN x.id, s.id, max(h.network), max(h.lock), 0
// and when: HALTS
// From the marked places: whom a policy for everybody blocks, times all that it covers, are many.
MATCH (x:Actor)-[:MARK]->(s:Scope)<-[:COVERS]-(k:Policy)
WITH x, s, k
MATCH (x)-[h:HALTS]->(k)
RETURN x.id, s.id, 0, 0, max(h.stop)
