// rule: lent
// derives: LENT
// per: agents
// why: with whose rights an agent acts: its own identity, its user account, a stored connection or a key; those of an MCP
// server that it uses; those of an agent that it calls, and of the servers that this one uses. A disabled agent acts in no way, and
// one that gets no token not as its own identity (identity reference, 9.5). For users: each person of the audience, if its
// application has a consent to act for users at all.
MATCH (a:Agent)-[s:ACTS_AS]->(p:Principal)
WHERE s.mode IN ['app', 'agent-user', 'maker', 'key'] AND a.code >= $from AND a.code < $to
  AND (a.status IS NULL OR a.status <> 'disabled')
OPTIONAL MATCH (a)-[idle:IDLE]->(a)
WITH a, p, s.mode AS mode, count(idle) AS idles
WHERE idles = 0 OR mode IN ['maker', 'key']
RETURN a.id, p.id, mode, '', 1, '~', 0, ''
// and when: USES
MATCH (a:Agent)-[:USES]->(m:McpServer)-[s:ACTS_AS]->(p:Principal)
WHERE s.mode IN ['app', 'maker', 'key'] AND a.code >= $from AND a.code < $to AND (a.status IS NULL OR a.status <> 'disabled')
RETURN a.id, p.id, s.mode, m.id, 2, '~~', 1, ''
// and when: CALLS
MATCH (a:Agent)-[k:CALLS]->(b:Agent)-[s:ACTS_AS]->(p:Principal)
WHERE s.mode IN ['app', 'agent-user', 'maker', 'key'] AND (a.status IS NULL OR a.status <> 'disabled')
OPTIONAL MATCH (b)-[idle:IDLE]->(b)
WITH a, b, p, k, s.mode AS mode, count(idle) AS idles
WHERE idles = 0 OR mode IN ['maker', 'key']
RETURN a.id, p.id, mode, b.id, k.level + 1, k.far + '~', 0, ''
// and when: CALLS
MATCH (a:Agent)-[k:CALLS]->(b:Agent)-[:USES]->(m:McpServer)-[s:ACTS_AS]->(p:Principal)
WHERE s.mode IN ['app', 'maker', 'key'] AND (a.status IS NULL OR a.status <> 'disabled')
RETURN a.id, p.id, s.mode, m.id, k.level + 2, k.far + '~~', 1, ''
// and when: AUDIENCE
MATCH (a:Agent)-[s:ACTS_AS]->(c:Principal)-[:PERMITS]->(:Scope)
WHERE s.mode = 'app' AND (c.enabled IS NULL OR c.enabled)
OPTIONAL MATCH (a)-[idle:IDLE]->(a)
WITH a, count(idle) AS idles
WHERE idles = 0
WITH DISTINCT a
MATCH (a)-[:AUDIENCE]->(p:Principal)
WHERE p.kind IN ['User', 'Guest']
OPTIONAL MATCH (p)-[n:NAMED]->(p)
WITH a, p, count(n) AS named
OPTIONAL MATCH (p)-[g:SIGN]->(p)
WITH a, p, named, count(g) AS signed
OPTIONAL MATCH (p)-[:SAME]->(r:Principal)
WITH a, p, named, signed, max(r.code) AS like
RETURN a.id, p.id, 'on-behalf-of', '', 1, '~', 0, CASE WHEN named > 0 THEN '' WHEN signed = 0 THEN '|' WHEN like IS NULL THEN '' ELSE '|' + like END
