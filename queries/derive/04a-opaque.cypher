// rule: opaque
// derives: OPAQUE
// per: agents
// when: USES
// why: nobody knows with whose rights such a server acts, so what it opens for the agent is unknown, and not nothing.
MATCH (a:Agent)-[:USES]->(m:McpServer)
WHERE a.code >= $from AND a.code < $to AND (a.status IS NULL OR a.status <> 'disabled')
OPTIONAL MATCH (m)-[s:ACTS_AS]->(:Principal)
WITH a, m, count(s) AS known
WHERE known = 0
RETURN DISTINCT a.id, m.id, 1
// and when: CALLS
MATCH (a:Agent)-[k:CALLS]->(:Agent)-[:USES]->(m:McpServer)
WHERE a.status IS NULL OR a.status <> 'disabled'
WITH a, m, min(k.level) AS level
OPTIONAL MATCH (m)-[s:ACTS_AS]->(:Principal)
WITH a, m, level, count(s) AS known
WHERE known = 0
OPTIONAL MATCH (a)-[o:OPAQUE]->(m)
WITH a, m, level, count(o) AS before
WHERE before = 0
RETURN a.id, m.id, level + 1
