// rule: possible
// derives: POSSIBLE
// per: agents
// why: groups that the agent is one click or call away from: eligible membership, and what such groups are in. What they
// hold is potential (reach.md 4.2). `level` counts rounds; the path begins with its length.
MATCH (a:Agent)-[i:IDENTITY]->(p:Principal)-[m:MEMBER_OF]->(g:Principal)
WHERE m.tier <> 'now' AND (m.expires IS NULL OR m.expires > $time) AND (g.enabled IS NULL OR g.enabled)
WITH a, g, min(CAST(101 + i.level AS STRING) + i.path + g.code) AS path
OPTIONAL MATCH (a)-[known:IDENTITY]->(g)
WITH a, g, path, known
WHERE known.level IS NULL
RETURN a.id, g.id, 1, path
// next level
MATCH (a:Agent)-[i:POSSIBLE]->(p:Principal)-[m:MEMBER_OF]->(g:Principal)
WHERE i.level = $level AND (m.expires IS NULL OR m.expires > $time) AND (g.enabled IS NULL OR g.enabled)
WITH a, g, min(CAST(CAST(substring(i.path, 1, 3) AS INT64) + 1 AS STRING) + substring(i.path, 4, 4000) + g.code) AS path
OPTIONAL MATCH (a)-[known:IDENTITY]->(g)
OPTIONAL MATCH (a)-[found:POSSIBLE]->(g)
WITH a, g, path, known, found
WHERE known.level IS NULL AND found.level IS NULL
RETURN a.id, g.id, $level + 1, path
