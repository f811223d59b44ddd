// rule: under
// derives: UNDER
// why: which of these places lie below which others, whoever has rights there.
MATCH (y:Scope)-[:SPOT]->(y)
WITH DISTINCT y
MATCH (s:Scope)-[b:ABOVE]->(y)
WHERE b.level > 0
WITH s, y
MATCH (s)-[:SPOT]->(s)
RETURN DISTINCT s.id, y.id
