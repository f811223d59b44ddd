// rule: under
// derives: UNDER
// why: which of these places lie below which others, whoever has rights there.
MATCH (s:Scope)-[:SPOT]->(s)
WITH DISTINCT s
MATCH (s)-[b:ABOVE]->(y:Scope)
WHERE b.level > 0
WITH s, y
MATCH (y)-[:SPOT]->(y)
RETURN DISTINCT s.id, y.id
