// rule: ring
// derives: RING
// when: UNDER
// why: two places that lie in each other, as only bad data has it: the first of them counts as the one above.
MATCH (s:Scope)-[:UNDER]->(y:Scope)
WHERE s.code < y.code
WITH s, y
MATCH (y)-[:UNDER]->(s)
RETURN DISTINCT s.id, y.id
