// rule: aimed
// derives: AIMED
// when: SERVED
// why: principals that the other policies name: persons in any of them are bound alike, if as strictly and at the same place.
// and when: GATES
MATCH (p:Principal)<-[:APPLIES_TO]-(k:Policy)-[:GATES]->(z:Scope)
WHERE p.id <> 'everyone' AND k.kind = 'ConditionalAccess' AND k.effect = 'block' AND (k.state IS NULL OR k.state = 'enabled')
WITH DISTINCT p, k, z
MATCH (z)-[:SERVED]->(:Scope)
WITH DISTINCT p, k, z
OPTIONAL MATCH (k)-[y:PICKY]->(k)
WITH p, k, z, count(y) AS picky
WHERE picky = 0
RETURN p.id, z.id, max(CASE WHEN k.residual IS NULL THEN 2 ELSE 1 END)
