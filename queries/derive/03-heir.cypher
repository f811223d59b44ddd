// rule: heir
// derives: HEIR
// when: MADE_FROM
// why: an agent identity inherits what its blueprint's principal holds and the blueprint lets through (identity reference, 2.2).
MATCH (p:Principal)
WHERE p.kind = 'BlueprintPrincipal' AND (p.enabled IS NULL OR p.enabled)
WITH p, p.appId AS app
MATCH (b:Blueprint)
WHERE b.appId = app AND (b.enabled IS NULL OR b.enabled)
WITH p, b
MATCH (b)<-[:MADE_FROM]-(:Agent)-[s:ACTS_AS]->(q:Principal)
WHERE s.mode = 'app'
RETURN DISTINCT q.id, p.id, coalesce(b.inheritable, ['?'])
