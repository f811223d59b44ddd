// rule: mark
// derives: MARK
// per: agents
// when: AT
// why: these places, and whether something besides grants decides there.
// and unless: GATED
MATCH (x:Actor)-[:AT]->(s:Scope)
RETURN x.id, s.id, 0
// and when: GATED
MATCH (x:Actor)-[:AT]->(s:Scope)
WITH x, s
OPTIONAL MATCH (x)-[e:GATED]->(s)
WITH x, s, count(e) AS gates
RETURN x.id, s.id, CASE WHEN gates > 0 THEN 1 ELSE 0 END
