// rule: covers
// derives: COVERS
// when: GATES
// why: a policy on a place guards whatever lies in it.
MATCH (k:Policy)-[:GATES]->(s:Scope)
WHERE (k.state IS NULL OR k.state = 'enabled') AND k.kind IN ['ConditionalAccess', 'AppRestriction', 'SiteRestriction']
RETURN DISTINCT k.id, s.id, 1
// next level
MATCH (k:Policy)-[c:COVERS]->(m:Scope)
WHERE c.level = $level
WITH DISTINCT k, m
MATCH (m)<-[:WITHIN]-(s:Scope)
WITH DISTINCT k, s
OPTIONAL MATCH (k)-[known:COVERS]->(s)
WITH k, s, count(known) AS before
WHERE before = 0
RETURN k.id, s.id, $level + 1
