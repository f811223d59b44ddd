// rule: strangers
// derives: STRANGERS
// per: agents
// why: content that an agent carries is read by whoever may use it, or asks an agent that carries it, and nobody followed who
// that is; nor did anybody read who may use an agent of which that is unknown, beside persons who may. A disabled identity is nobody.
// and when: BEARS
MATCH (x:Actor)-[:BEARS]->(:Scope)
WITH DISTINCT x, x.agent AS agent, x.mode AS mode, coalesce(x.via, '') AS via
MATCH (a:Agent)
WHERE a.id = agent
OPTIONAL MATCH (a)-[l:LENT]->(p:Principal)
WHERE l.mode = mode AND l.via = via AND (p.enabled IS NULL OR p.enabled)
WITH x, count(l) AS lent
WHERE lent = 0
RETURN x.id, x.id
// and when: UNSEEN
MATCH (a:Agent)-[:UNSEEN]->(:Scope)
WITH DISTINCT a
OPTIONAL MATCH (a)-[l:LENT]->(:Principal)
WHERE l.mode = 'on-behalf-of'
WITH a, count(l) AS persons
WHERE persons = 0
WITH a.id + '|on-behalf-of|' AS id
MATCH (x:Actor)
WHERE x.id = id
OPTIONAL MATCH (x)-[known:STRANGERS]->(x)
WITH x, count(known) AS before
WHERE before = 0
RETURN x.id, x.id
// and when: UNSEEN
MATCH (a:Agent)-[u:UNSEEN]->(:Scope)
WHERE u.reason = 'audience-unread'
WITH DISTINCT a.id + '|on-behalf-of|' AS id
MATCH (x:Actor)
WHERE x.id = id
OPTIONAL MATCH (x)-[known:STRANGERS]->(x)
WITH x, count(known) AS before
WHERE before = 0
RETURN x.id, x.id
