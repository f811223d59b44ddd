// rule: identity
// derives: IDENTITY
// per: agents
// why: an agent has the rights of its own identity and of every group that this identity is in (reach.md 4.3, 1).
// A disabled agent or identity has none (identity reference, 9.5).
MATCH (a:Agent)-[x:ACTS_AS]->(p:Principal)
WHERE x.mode = 'app' AND a.code >= $from AND a.code < $to
  AND (a.status IS NULL OR a.status <> 'disabled') AND (p.enabled IS NULL OR p.enabled)
RETURN a.id, p.id, 1, min(a.code + p.code)
// next level
MATCH (a:Agent)-[i:IDENTITY]->(p:Principal)-[m:MEMBER_OF]->(g:Principal)
WHERE i.level = $level AND (m.tier IS NULL OR m.tier = 'now') AND (m.expires IS NULL OR m.expires > $time)
  AND (g.enabled IS NULL OR g.enabled)
WITH a, g, min(i.path) AS path
OPTIONAL MATCH (a)-[known:IDENTITY]->(g)
WITH a, g, path, known
WHERE known.level IS NULL
RETURN a.id, g.id, $level + 1, path + g.code
