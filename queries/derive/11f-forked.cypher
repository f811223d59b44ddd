// rule: forked
// derives: FORKED
// when: CREST
// why: places that lie in several of them, as only bad data has it: there each place is looked at by itself.
MATCH (s:Scope)-[:COVERS]->(z:Scope)
WITH s, z
MATCH (z)-[:CREST]->(z)
WITH s, count(*) AS places
WHERE places > 1
RETURN s.id, s.id
