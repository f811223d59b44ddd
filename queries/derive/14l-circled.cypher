// rule: circled
// derives: CIRCLED
// why: places that lie in themselves, as only bad data has it: of two in each other one must count as the one above.
MATCH (s:Scope)-[:ABOVE]->(y:Scope)
WITH s, y
MATCH (y)-[:WITHIN]->(s)
RETURN DISTINCT s.id, s.id
// and
// A circle of access lists is not among these; if grants come down to it, a place of it lies in several others.
MATCH (s:Scope)-[:WITHIN]->(y:Scope)
WITH s, count(y) AS places
WHERE places > 1
RETURN s.id, s.id
