// rule: served
// derives: SERVED
// when: PERMITS
// why: what lies in a place where consents of users hold: nothing is done for a user elsewhere. Level 0: what contains such a place,
// and may bind what is done there.
MATCH (:Principal)-[:PERMITS]->(z:Scope)
WITH DISTINCT z
MATCH (z)-[b:ABOVE]->(y:Scope)
WHERE b.level > 0
RETURN y.id, z.id, 0
// and
MATCH (:Principal)-[:PERMITS]->(z:Scope)
RETURN DISTINCT z.id, z.id, 1
// next level
MATCH (m:Scope)-[v:SERVED]->(z:Scope)
WHERE v.level = $level
WITH DISTINCT m, z
MATCH (m)<-[:WITHIN]-(s:Scope)
WITH DISTINCT s, z
OPTIONAL MATCH (s)-[known:SERVED]->(z)
WITH s, z, max(CASE WHEN known.level > 0 THEN 1 ELSE 0 END) AS before
WHERE before = 0
RETURN s.id, z.id, $level + 1
