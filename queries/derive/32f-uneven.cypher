// rule: uneven
// derives: UNEVEN
// per: agents
// when: HALTED
// why: the other places where policies bind an actor: in these each grant is looked at by itself.
MATCH (x:Actor)-[:HALTED]->(y:Scope)-[:COVERS]->(z:Scope)
WITH DISTINCT x, y, z
OPTIONAL MATCH (x)-[a:ALIKE]->(z)
WITH x, y, count(a) AS alike
WHERE alike = 0
RETURN x.id, y.id
