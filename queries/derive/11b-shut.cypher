// rule: shut
// derives: SHUT
// when: GATE
// why: whatever lies in a place with a gate is under that gate.
MATCH (s:Scope)-[g:GATE]->(s)
RETURN s.id, s.id, max(g.network), max(g.lock), 1
// next level
MATCH (m:Scope)-[h:SHUT]->(m)
WHERE h.level = $level
WITH m, max(h.network) AS network, max(h.lock) AS lock
MATCH (s:Scope)-[:WITHIN]->(m)
WITH s, max(network) AS network, max(lock) AS lock
OPTIONAL MATCH (s)-[known:SHUT]->(s)
WITH s, network, lock, max(CASE WHEN known.network >= network AND known.lock >= lock THEN 1 ELSE 0 END) AS before
WHERE before = 0
RETURN s.id, s.id, network, lock, $level + 1
