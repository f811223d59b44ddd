// rule: lent
// derives: LENT
// per: agents
// why: with whose rights an agent acts: its own identity, a stored connection or a key; those of an MCP server that it uses;
// those of an agent that it calls, and of the servers that this one uses. A disabled agent acts in no way (identity reference,
// 9.5). Consented scopes of users are another matter: they are not lent but shared.
MATCH (a:Agent)-[s:ACTS_AS]->(p:Principal)
WHERE s.mode IN ['app', 'maker', 'key'] AND a.code >= $from AND a.code < $to AND (a.status IS NULL OR a.status <> 'disabled')
RETURN a.id, p.id, s.mode, '', 1, '~'
// and when: USES
MATCH (a:Agent)-[:USES]->(m:McpServer)-[s:ACTS_AS]->(p:Principal)
WHERE s.mode IN ['app', 'maker', 'key'] AND a.code >= $from AND a.code < $to AND (a.status IS NULL OR a.status <> 'disabled')
RETURN a.id, p.id, s.mode, m.id, 2, '~~'
// and when: CALLS
MATCH (a:Agent)-[k:CALLS]->(b:Agent)-[s:ACTS_AS]->(p:Principal)
WHERE s.mode IN ['app', 'maker', 'key'] AND (a.status IS NULL OR a.status <> 'disabled')
RETURN a.id, p.id, s.mode, b.id, k.level + 1, k.far + '~'
// and when: CALLS
MATCH (a:Agent)-[k:CALLS]->(b:Agent)-[:USES]->(m:McpServer)-[s:ACTS_AS]->(p:Principal)
WHERE s.mode IN ['app', 'maker', 'key'] AND (a.status IS NULL OR a.status <> 'disabled')
RETURN a.id, p.id, s.mode, m.id, k.level + 2, k.far + '~~'
