// rule: strangers
// derives: STRANGERS
// per: agents
// when: BEARS
// why: content that an agent carries is read by whoever may use it, or asks an agent that carries it, and nobody followed who
// that is. A disabled identity is nobody.
MATCH (x:Actor)-[:BEARS]->(:Scope)
WITH DISTINCT x, x.agent AS agent, x.mode AS mode, coalesce(x.via, '') AS via
MATCH (a:Agent)
WHERE a.id = agent
OPTIONAL MATCH (a)-[l:LENT]->(p:Principal)
WHERE l.mode = mode AND l.via = via AND (p.enabled IS NULL OR p.enabled)
WITH x, count(l) AS lent
WHERE lent = 0
RETURN x.id, x.id
