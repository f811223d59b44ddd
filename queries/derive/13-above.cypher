// rule: above
// derives: ABOVE
// why: what contains these places, up to the root; where something was not read, what contains any place. `known` ends
// loops in bad data.
MATCH (s:Scope)-[:SPOT]->(s)
RETURN DISTINCT s.id, s.id, 0
// and when: CONCERNS
MATCH (s:Scope)
OPTIONAL MATCH (s)-[known:ABOVE]->(s)
WITH s, count(known) AS before
WHERE before = 0
RETURN s.id, s.id, 0
// next level
MATCH (s:Scope)-[b:ABOVE]->(m:Scope)-[:WITHIN]->(y:Scope)
WHERE b.level = $level - 1
WITH DISTINCT s, y
OPTIONAL MATCH (s)-[known:ABOVE]->(y)
WITH s, y, count(known) AS before
WHERE before = 0
RETURN s.id, y.id, 0 + $level
