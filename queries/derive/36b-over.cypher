// rule: over
// derives: OVER
// per: agents
// when: NEAR
// why: the places to add up that have no containment grant of their own, access lists, and what contains them where both meet.
MATCH (:Actor)-[:NEAR]->(s:Scope)
WITH DISTINCT s
OPTIONAL MATCH (s)-[known:ABOVE]->(s)
WITH s, count(known) AS before
WHERE before = 0
RETURN s.id, s.id, 0
// next level
MATCH (s:Scope)-[b:OVER]->(m:Scope)-[:WITHIN]->(y:Scope)
WHERE b.level = $level - 1
WITH DISTINCT s, y
OPTIONAL MATCH (s)-[known:OVER]->(y)
WITH s, y, count(known) AS before
WHERE before = 0
RETURN s.id, y.id, 0 + $level
