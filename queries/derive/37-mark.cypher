// rule: mark
// derives: MARK
// per: agents
// when: NEAR
// why: each of these places once.
MATCH (x:Actor)-[:NEAR]->(s:Scope)
RETURN DISTINCT x.id, s.id
