// rule: identity
// derives: STANDS_FOR
// per: agents
// growth: uneven
// why: an agent has the rights of its own identity and of every group that this identity is in; through eligible
// membership they are potential. A disabled identity has none (identity reference, 9.5). `path`: a mark a level, then codes,
// so that paths sort by length, then by the ids on the way.
MATCH (a:Agent)-[l:LENT]->(p:Principal)
WHERE p.enabled IS NULL OR p.enabled
OPTIONAL MATCH (a)-[m:MANY]->(a)
WHERE m.mode = l.mode AND m.via = l.via
WITH a, l, p, count(m) AS many
RETURN a.id + '|' + l.mode + '|' + l.via + CASE WHEN many = 0 THEN '' WHEN l.alike = '' THEN '|' + p.id ELSE '|' + l.alike END, p.id, 1, 0, min(l.level), 1, min(l.far + ' ' + p.code)
// and
// Whoever is a person is one of everyone, and in whatever everyone is in.
MATCH (x:Actor)-[i:STANDS_FOR]->(p:Principal), (e:Principal)
WHERE e.id = 'everyone' AND p.kind IN ['User', 'Guest', 'AgentUser']
WITH x, e, min(i.level) AS level, min(i.path) AS path
RETURN x.id, e.id, 1, 0, level + 1, 1, '~' + path + e.code
// and
MATCH (x:Actor)-[i:STANDS_FOR]->(p:Principal), (e:Principal)
WHERE e.id = 'everyone-except-external' AND p.kind IN ['User', 'AgentUser'] AND (p.userType IS NULL OR p.userType <> 'Guest')
WITH x, e, min(i.level) AS level, min(i.path) AS path
RETURN x.id, e.id, 1, 0, level + 1, 1, '~' + path + e.code
// and when: IMPLICIT
// An agent identity is one of all of them, and a person one of all who sign in.
MATCH (e:Principal)-[:IMPLICIT]->(e)
WITH e, CASE e.kind WHEN 'AllAgentIdentities' THEN ['AgentIdentity'] WHEN 'AuthenticatedUsers' THEN ['User', 'Guest', 'AgentUser'] ELSE [''] END AS kinds
MATCH (x:Actor)-[i:STANDS_FOR]->(p:Principal)
WHERE p.kind IN kinds
WITH x, e, min(i.level) AS level, min(i.path) AS path
RETURN x.id, e.id, 1, 0, level + 1, 0, '~' + path + e.code
// next level unless: JOINS
MATCH (x:Actor)-[i:STANDS_FOR]->(p:Principal)-[m:MEMBER_OF]->(g:Principal)
WHERE i.level = $level AND (m.expires IS NULL OR m.expires > $time) AND (g.enabled IS NULL OR g.enabled)
WITH x, g, CASE WHEN i.tier = 1 AND (m.tier IS NULL OR m.tier = 'now') THEN 1 ELSE 3 END AS tier, min(i.path) AS path
OPTIONAL MATCH (x)-[known:STANDS_FOR]->(g)
WHERE known.tier <= tier
WITH x, g, tier, path, count(known) AS before
WHERE before = 0
RETURN x.id, g.id, tier, 0, $level + 1, 0, '~' + path + g.code
// next level when: JOINS
MATCH (x:Actor)-[i:STANDS_FOR]->(p:Principal)-[m:MEMBER_OF|JOINS]->(g:Principal)
WHERE i.level = $level AND (m.expires IS NULL OR m.expires > $time) AND (g.enabled IS NULL OR g.enabled)
WITH x, g, CASE WHEN i.tier = 1 AND (m.tier IS NULL OR m.tier = 'now') THEN 1 ELSE 3 END AS tier, min(i.path) AS path
OPTIONAL MATCH (x)-[known:STANDS_FOR]->(g)
WHERE known.tier <= tier
WITH x, g, tier, path, count(known) AS before
WHERE before = 0
RETURN x.id, g.id, tier, 0, $level + 1, 0, '~' + path + g.code
