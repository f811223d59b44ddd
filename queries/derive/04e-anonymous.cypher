// rule: anonymous
// derives: ANONYMOUS
// per: agents
// why: nobody knows with whose rights such an agent acts, so what it opens for itself and for agents that call it is unknown, and not
// nothing.
MATCH (a:Agent)
WHERE a.code >= $from AND a.code < $to AND (a.status IS NULL OR a.status <> 'disabled')
OPTIONAL MATCH (a)-[s:ACTS_AS]->(:Principal)
WITH a, count(s) AS known
WHERE known = 0
RETURN a.id, a.id, 1
// and when: CALLS
MATCH (a:Agent)-[k:CALLS]->(b:Agent)
WHERE (a.status IS NULL OR a.status <> 'disabled') AND a.id <> b.id
WITH a, b, min(k.level) AS level
OPTIONAL MATCH (b)-[s:ACTS_AS]->(:Principal)
WITH a, b, level, count(s) AS known
WHERE known = 0
RETURN a.id, b.id, level + 1
