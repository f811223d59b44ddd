// rule: mark
// derives: MARK
// per: agents
// why: each of these places once.
MATCH (x:Actor)-[:NEAR]->(s:Scope)
RETURN DISTINCT x.id, s.id
