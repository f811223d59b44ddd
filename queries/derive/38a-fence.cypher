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
MATCH (x:Actor)-[h:HALTS]->(k:Policy)-[:COVERS]->(s:Scope)
WITH x, s, max(h.stop) AS stop
MATCH (x)-[:MARK]->(s)
RETURN x.id, s.id, 0, 0, stop
