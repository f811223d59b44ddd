// rule: halts
// derives: HALTS
// per: agents
// when: GATES
// why: whom a policy blocks: Conditional Access whoever it names, but managed identities and keys (identity reference, 4);
// restrictions of applications those that they name or, if they allow only some, all others, also where an application is a stored
// connection; restricted access control of a
// site every person that it does not name.
// Exclusions win. Where Conditional Access has a condition, the request decides.
MATCH (x:Actor)-[m:MEETS]->(k:Policy)
WITH x, k, min(m.include) AS named
WHERE named = 1 AND k.kind IN ['ConditionalAccess', 'AppRestriction'] AND x.mode <> 'key' AND k.effect = 'block'
OPTIONAL MATCH (x)-[i:STANDS_FOR]->(p:Principal)
WHERE i.tier = 1 AND i.direct = 1 AND p.kind IN ['ManagedIdentity', 'ServicePrincipal', 'AgentIdentity', 'BlueprintPrincipal']
WITH x, k, count(p) AS apps, max(CASE WHEN p.kind = 'ManagedIdentity' THEN 1 ELSE 0 END) AS managed
WHERE (k.kind = 'ConditionalAccess' AND (apps = 0 OR managed = 0)) OR (k.kind = 'AppRestriction' AND (x.mode <> 'maker' OR apps > 0))
RETURN x.id, k.id, CASE WHEN k.residual IS NULL OR k.kind <> 'ConditionalAccess' THEN 2 ELSE 1 END
// and
MATCH (k:Policy)
WHERE k.kind = 'SiteRestriction' AND (k.state IS NULL OR k.state = 'enabled')
WITH k
MATCH (x:Actor)-[i:STANDS_FOR]->(p:Principal)
WHERE i.tier = 1 AND i.direct = 1 AND p.kind IN ['User', 'Guest', 'AgentUser'] AND x.mode <> 'key'
WITH DISTINCT x, k
OPTIONAL MATCH (x)-[m:MEETS]->(k)
WITH x, k, min(coalesce(m.include, 0)) AS named
WHERE named = 0
RETURN x.id, k.id, 2
// and
MATCH (k:Policy)
WHERE k.kind = 'AppRestriction' AND k.effect = 'allow' AND (k.state IS NULL OR k.state = 'enabled')
WITH k
MATCH (x:Actor)-[i:STANDS_FOR]->(p:Principal)
WHERE i.tier = 1 AND i.direct = 1
  AND (x.mode IN ['app', 'agent-user', 'on-behalf-of'] OR (x.mode = 'maker' AND p.kind IN ['ManagedIdentity', 'ServicePrincipal', 'AgentIdentity', 'BlueprintPrincipal']))
WITH DISTINCT x, k
OPTIONAL MATCH (x)-[m:MEETS]->(k)
WITH x, k, min(coalesce(m.include, 0)) AS named
WHERE named = 0
RETURN x.id, k.id, 2
