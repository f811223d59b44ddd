// rule: crest
// derives: CREST
// when: COVERS
// why: of these places those that lie in no other: policies are mostly on whole services, and then bind alike whatever lies in one.
MATCH (z:Scope)-[:COVERS]->(z)
WITH DISTINCT z
MATCH (z)-[:COVERS]->(y:Scope)
WITH z, count(DISTINCT y.id) AS places
WHERE places = 1
RETURN z.id, z.id
