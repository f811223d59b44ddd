// rule: circled
// derives: CIRCLED
// why: places that lie in themselves, as only bad data has it: of two in each other one must count as the one above.
MATCH (s:Scope)-[:ABOVE]->(y:Scope)
WITH s, y
MATCH (y)-[:WITHIN]->(s)
RETURN DISTINCT s.id, s.id
