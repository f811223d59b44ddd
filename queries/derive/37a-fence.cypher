// rule: fence
// derives: FENCE
// per: agents
// when: AT
// why: what stands between grants and access at each of them: the place itself, and policies.
// and when: SHUT
MATCH (x:Actor)-[:AT]->(s:Scope)
WITH x, s
MATCH (s)-[h:SHUT]->(s)
RETURN x.id, s.id, max(h.network), max(h.lock), 0
// and when: HALTED
MATCH (x:Actor)-[:AT]->(s:Scope)-[:COVERS]->(z:Scope)
WITH x, s, z
MATCH (x)-[h:HALTED]->(z)
RETURN x.id, s.id, 0, 0, max(h.stop)
