// rule: circled
// derives: CIRCLED
// why: of these places those that lie in themselves, as only bad data has it.
MATCH (s:Scope)-[b:ABOVE]->(y:Scope)
WHERE b.level > 0
WITH s, y
MATCH (y)-[:WITHIN]->(s)
RETURN DISTINCT s.id, s.id
