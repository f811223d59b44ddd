// rule: idle
// derives: IDLE
// when: MADE_FROM
// why: a disabled blueprint, or a disabled principal of it, gets no token for any agent that is made from it (identity
// reference, 9.5).
MATCH (a:Agent)-[:MADE_FROM]->(b:Blueprint)
WHERE b.enabled = false
RETURN DISTINCT a.id, a.id
// and
MATCH (p:Principal)
WHERE p.kind = 'BlueprintPrincipal' AND p.enabled = false
WITH p.appId AS app
MATCH (a:Agent)-[:MADE_FROM]->(b:Blueprint)
WHERE b.appId = app
RETURN DISTINCT a.id, a.id
