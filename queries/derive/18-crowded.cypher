// rule: crowded
// derives: CROWDED
// why: places where one actor may come by several ways, or by one that is not plain: several grants, or a special one. At all
// other places a grant is one way for each actor, and needs no adding up.
MATCH (p:Principal)-[g:GRANT]->(s:Scope)
WITH s, count(*) AS grants, max(g.special) AS special
WHERE grants > 1 OR special = 1
RETURN s.id, s.id
// and when: LIST_GRANT
MATCH (p:Principal)-[g:LIST_GRANT]->(:Scope)<-[:INHERITED]-(s:Scope)
WITH s, count(*) AS grants, max(g.special) AS special
WHERE grants > 1 OR special = 1
OPTIONAL MATCH (s)-[known:CROWDED]->(s)
WITH s, known
WHERE known IS NULL
RETURN s.id, s.id
