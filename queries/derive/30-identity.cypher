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
