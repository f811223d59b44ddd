// rule: lists
// derives: LISTS
// when: LIST_GRANT
// why: places at which an access list gives something, and whatever contains one.
MATCH (:Scope)<-[:INHERITED]-(s:Scope)
RETURN DISTINCT s.id, s.id, 1
// next level
MATCH (m:Scope)-[l:LISTS]->(m)
WHERE l.level = $level
WITH m
MATCH (m)-[:WITHIN]->(y:Scope)
WITH DISTINCT y
OPTIONAL MATCH (y)-[known:LISTS]->(y)
WITH y, count(known) AS before
WHERE before = 0
RETURN y.id, y.id, $level + 1
