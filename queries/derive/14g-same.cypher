// rule: same
// derives: SAME
// when: LIKE_ONE
// why: whom nothing tells apart from that one: they are in the very same named principals.
MATCH (p:Principal)-[:LIKE_ONE]->(r:Principal)
WITH p, r
MATCH (p)-[t:TOLD]->(q:Principal)
WITH p, r, t, q
MATCH (r)-[u:TOLD]->(q)
WHERE u.tier = t.tier
WITH p, r, count(*) AS common
MATCH (p)-[s:SIGN]->(p)
WHERE s.n = common
WITH p, r, common
MATCH (r)-[v:SIGN]->(r)
WHERE v.n = common
RETURN p.id, r.id
