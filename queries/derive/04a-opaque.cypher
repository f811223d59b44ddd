// rule: opaque
// derives: OPAQUE
// per: agents
// when: USES
// why: nobody knows with whose rights such a server acts, so what it opens for the agent is unknown, and not nothing. So is what it does
// as an agent's user: with which application, and so with which consents, no record says.
MATCH (a:Agent)-[:USES]->(m:McpServer)
WHERE a.code >= $from AND a.code < $to AND (a.status IS NULL OR a.status <> 'disabled')
OPTIONAL MATCH (m)-[s:ACTS_AS]->(:Principal)
WITH a, m, count(s) AS known, max(CASE WHEN s.mode = 'agent-user' THEN 1 ELSE 0 END) AS users
WHERE known = 0 OR users = 1
RETURN DISTINCT a.id, m.id, 1, CASE WHEN users = 1 THEN 'agent-user' ELSE 'app' END
// and when: CALLS
MATCH (a:Agent)-[k:CALLS]->(:Agent)-[:USES]->(m:McpServer)
WHERE a.status IS NULL OR a.status <> 'disabled'
WITH a, m, min(k.level) AS level
OPTIONAL MATCH (m)-[s:ACTS_AS]->(:Principal)
WITH a, m, level, count(s) AS known, max(CASE WHEN s.mode = 'agent-user' THEN 1 ELSE 0 END) AS users
WHERE known = 0 OR users = 1
OPTIONAL MATCH (a)-[o:OPAQUE]->(m)
WITH a, m, level, users, count(o) AS before
WHERE before = 0
RETURN a.id, m.id, level + 1, CASE WHEN users = 1 THEN 'agent-user' ELSE 'app' END
