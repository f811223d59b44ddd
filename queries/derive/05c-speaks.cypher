// rule: speaks
// derives: SPEAKS
// per: agents
// when: CARRIES
// why: content that an agent carries is read in every mode in which it acts itself, and by whoever may use it; that is said even
// where nobody read who may. One that gets no token answers nobody with its own application.
MATCH (a:Agent)-[:CARRIES]->(:Scope)
WITH DISTINCT a
MATCH (a)-[l:LENT]->(p:Principal)
WHERE l.via = '' AND (p.enabled IS NULL OR p.enabled)
RETURN DISTINCT a.id, a.id, l.mode
// and
MATCH (a:Agent)-[:CARRIES]->(:Scope)
WITH DISTINCT a
OPTIONAL MATCH (a)-[idle:IDLE]->(a)
WITH a, count(idle) AS idles
WHERE idles = 0
OPTIONAL MATCH (a)-[l:LENT]->(:Principal)
WHERE l.mode = 'on-behalf-of'
WITH a, count(l) AS persons
WHERE persons = 0
RETURN a.id, a.id, 'on-behalf-of'
