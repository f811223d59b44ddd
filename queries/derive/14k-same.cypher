// rule: same
// derives: SAME
// when: LIKE_ONE
// why: whom nothing tells apart from that one: they have the very same marks.
MATCH (p:Principal)-[:LIKE_ONE]->(r:Principal)
WITH p, r
MATCH (p)-[t:TELLS]->(p)
WITH p, r, t.mark AS mark
MATCH (r)-[u:TELLS]->(r)
WHERE u.mark = mark
WITH p, r, count(*) AS common
MATCH (p)-[s:SIGN]->(p)
WHERE s.n = common
WITH p, r, common
MATCH (r)-[v:SIGN]->(r)
WHERE v.n = common
RETURN p.id, r.id
