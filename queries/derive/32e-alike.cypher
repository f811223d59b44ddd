// rule: alike
// derives: ALIKE
// per: agents
// when: HALTED
// why: where policies bind an actor alike, since nothing within binds it more strictly.
MATCH (x:Actor)-[h:HALTED]->(y:Scope)-[:COVERS]->(z:Scope)
WITH x, z, max(h.stop) AS most
MATCH (z)-[:CREST]->(z)
WITH DISTINCT x, z, most
MATCH (x)-[k:HALTED]->(z)
WHERE k.stop = most
RETURN x.id, z.id, most
