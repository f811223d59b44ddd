// rule: meets
// derives: MEETS
// per: agents
// when: GATES
// why: whom policies name: a principal that an actor is, or is in today, the agent with whose application it acts, and that
// one's blueprint and client. Conditional Access asks whose token it is (identity reference, 4): of a person also by group and
// as one of all; of an application or an agent's user by itself; the agent and its blueprint are asked for where it acts as itself.
// The application of a stored connection asks by itself.
MATCH (x:Actor)-[i:STANDS_FOR]->(p:Principal)<-[t:APPLIES_TO]-(k:Policy)
WHERE i.tier = 1 AND k.kind <> 'ConditionalAccess' AND (x.capped = 0 OR k.kind <> 'AppRestriction')
RETURN DISTINCT x.id, k.id, CASE WHEN t.include = false THEN 0 ELSE 1 END
// and
MATCH (x:Actor)-[i:STANDS_FOR]->(p:Principal)<-[t:APPLIES_TO]-(k:Policy)
WHERE i.tier = 1 AND i.direct = 1 AND k.kind = 'ConditionalAccess' AND NOT p.id IN ['everyone', 'everyone-except-external']
RETURN DISTINCT x.id, k.id, CASE WHEN t.include = false THEN 0 ELSE 1 END
// and
MATCH (x:Actor)-[h:STANDS_FOR]->(q:Principal)
WHERE h.tier = 1 AND h.direct = 1 AND q.kind IN ['User', 'Guest']
WITH DISTINCT x
MATCH (x)-[i:STANDS_FOR]->(p:Principal)<-[t:APPLIES_TO]-(k:Policy)
WHERE i.tier = 1 AND k.kind = 'ConditionalAccess' AND (i.direct = 0 OR p.id IN ['everyone', 'everyone-except-external'])
RETURN DISTINCT x.id, k.id, CASE WHEN t.include = false THEN 0 ELSE 1 END
// and
MATCH (x:Actor)-[:ASSISTS]->(a:Agent)<-[t:APPLIES_TO]-(k:Policy)
WHERE (k.kind <> 'ConditionalAccess' OR x.mode = 'app') AND (k.kind <> 'AppRestriction' OR x.mode <> 'maker')
RETURN DISTINCT x.id, k.id, CASE WHEN t.include = false THEN 0 ELSE 1 END
// and when: MADE_FROM
MATCH (x:Actor)-[:ASSISTS]->(a:Agent)-[:MADE_FROM]->(b:Blueprint)<-[t:APPLIES_TO]-(k:Policy)
WHERE (k.kind <> 'ConditionalAccess' OR x.mode = 'app') AND (k.kind <> 'AppRestriction' OR x.mode <> 'maker')
RETURN DISTINCT x.id, k.id, CASE WHEN t.include = false THEN 0 ELSE 1 END
// and when: MADE_FROM
MATCH (p:Principal)<-[:APPLIES_TO]-(:Policy)
WHERE p.kind = 'BlueprintPrincipal'
WITH DISTINCT p, p.appId AS app
MATCH (b:Blueprint)
WHERE b.appId = app
WITH p, b
MATCH (b)<-[:MADE_FROM]-(a:Agent)<-[:ASSISTS]-(x:Actor)
WITH DISTINCT x, p
MATCH (p)<-[t:APPLIES_TO]-(k:Policy)
WHERE (k.kind = 'AppRestriction' AND x.mode <> 'maker') OR (k.kind = 'ConditionalAccess' AND x.mode = 'app')
RETURN DISTINCT x.id, k.id, CASE WHEN t.include = false THEN 0 ELSE 1 END
// and
MATCH (y:Actor)-[i:STANDS_FOR]->(:Principal)<-[t:APPLIES_TO]-(k:Policy)
WHERE y.mode = 'app' AND i.tier = 1 AND k.kind = 'AppRestriction'
WITH DISTINCT y, k, CASE WHEN t.include = false THEN 0 ELSE 1 END AS include
MATCH (y)-[:ASSISTS]->(a:Agent)
WITH DISTINCT a, k, include
MATCH (a)<-[:ASSISTS]-(x:Actor)
WHERE x.capped = 1
RETURN DISTINCT x.id, k.id, include
// and when: STRANGERS
// Whoever may use an agent that carries content is somebody: what is for everyone is for them.
MATCH (e:Principal)<-[t:APPLIES_TO]-(k:Policy)
WHERE e.id = 'everyone' AND k.kind = 'Dlp'
WITH k, t
MATCH (x:Actor)-[:STRANGERS]->(x)
RETURN DISTINCT x.id, k.id, CASE WHEN t.include = false THEN 0 ELSE 1 END
// and when: STRANGERS
MATCH (e:Principal)-[:IMPLICIT]->(e)
WHERE e.kind = 'AuthenticatedUsers'
MATCH (e)<-[t:APPLIES_TO]-(k:Policy)
WHERE k.kind = 'Dlp'
WITH k, t
MATCH (x:Actor)-[:STRANGERS]->(x)
RETURN DISTINCT x.id, k.id, CASE WHEN t.include = false THEN 0 ELSE 1 END
// and when: IMPLICIT
// An agent identity is asked for as one of all of them.
MATCH (x:Actor)-[h:STANDS_FOR]->(q:Principal)
WHERE h.tier = 1 AND h.direct = 1 AND q.kind = 'AgentIdentity'
WITH DISTINCT x
MATCH (x)-[i:STANDS_FOR]->(p:Principal)<-[t:APPLIES_TO]-(k:Policy)
WHERE i.tier = 1 AND p.kind = 'AllAgentIdentities' AND k.kind = 'ConditionalAccess'
RETURN DISTINCT x.id, k.id, CASE WHEN t.include = false THEN 0 ELSE 1 END
