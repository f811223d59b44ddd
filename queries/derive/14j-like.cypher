// rule: like
// derives: LIKE_ONE
// when: SIGN
// why: of all persons with the same short sign the first.
MATCH (p:Principal)-[s:SIGN]->(p)
WITH s.mark AS mark, min(p.code) AS code
MATCH (p:Principal)-[s:SIGN]->(p)
WHERE s.mark = mark
WITH p, code
MATCH (r:Principal)
WHERE r.code = code
RETURN p.id, r.id
