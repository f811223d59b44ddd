// rule: tells
// derives: TELLS
// when: TOLD
// why: what tells a person apart: the named principals that it is in, and how strictly other policies bind it where.
// and when: NAMED
MATCH (p:Principal)-[t:TOLD]->(q:Principal)-[:NAMED]->(q)
RETURN p.id, p.id, q.code + CASE t.tier WHEN 1 THEN '' ELSE '?' END
// and when: AIMED
MATCH (p:Principal)-[t:TOLD]->(q:Principal)-[m:AIMED]->(z:Scope)
WHERE t.tier = 1
WITH p, z, max(m.stop) AS stop
RETURN p.id, p.id, z.code + CASE stop WHEN 2 THEN '!!' ELSE '!' END
