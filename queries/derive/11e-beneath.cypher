// rule: beneath
// derives: BENEATH
// when: CREST
// why: in which of them a place lies, if it is one.
MATCH (s:Scope)-[:COVERS]->(z:Scope)
WITH s, z
MATCH (z)-[:CREST]->(z)
WITH s, min(z.code) AS crest, count(*) AS places
WHERE places = 1
RETURN s.id, s.id, crest
