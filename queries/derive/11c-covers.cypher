// rule: covers
// derives: COVERS
// when: GATES
// why: places on which there are policies, and whatever lies in them: by place and not by policy, since many are on the same.
MATCH (k:Policy)-[:GATES]->(z:Scope)
WHERE (k.state IS NULL OR k.state = 'enabled') AND k.kind IN ['ConditionalAccess', 'AppRestriction', 'SiteRestriction']
RETURN DISTINCT z.id, z.id, 1
// next level
MATCH (m:Scope)-[c:COVERS]->(z:Scope)
WHERE c.level = $level
WITH DISTINCT m, z
MATCH (m)<-[:WITHIN]-(s:Scope)
WITH DISTINCT s, z
OPTIONAL MATCH (s)-[known:COVERS]->(z)
WITH s, z, count(known) AS before
WHERE before = 0
RETURN s.id, z.id, $level + 1
