// rule: latent
// derives: LATENT
// per: agents
// when: CONTROLS
// why: what the agent could make of itself: shortest number of CONTROLS steps, then shortest path (reach.md 4.2).
MATCH (a:Agent)-[i:IDENTITY]->(p:Principal)-[:CONTROLS]->(q:Principal)-[c:CLOSURE]->(g:Principal)
WITH a, g, c.level AS near, i.level + c.level AS level, i.path + c.path AS path
WITH a, g, min(near) AS near, min(CAST(100 + level AS STRING) + path) AS best
OPTIONAL MATCH (a)-[known:IDENTITY]->(g)
WITH a, g, near, best, known
WHERE known.level IS NULL
RETURN a.id, g.id, 1, CASE WHEN near = 1 AND (g.kind IS NULL OR g.kind <> 'Group') THEN 1 ELSE 0 END, CAST(substring(best, 1, 3) AS INT64) - 100, substring(best, 4, 4000)
// and when: POSSIBLE
MATCH (a:Agent)-[i:POSSIBLE]->(p:Principal)-[:CONTROLS]->(q:Principal)-[c:CLOSURE]->(g:Principal)
WITH a, g, c.level AS near, CAST(substring(i.path, 1, 3) AS INT64) - 100 + c.level AS level, substring(i.path, 4, 4000) + c.path AS path
WITH a, g, min(near) AS near, min(CAST(100 + level AS STRING) + path) AS best
OPTIONAL MATCH (a)-[known:LATENT]->(g)
OPTIONAL MATCH (a)-[now:IDENTITY]->(g)
WITH a, g, near, best, known, now
WHERE known.level IS NULL AND now.level IS NULL
RETURN a.id, g.id, 1, CASE WHEN near = 1 AND (g.kind IS NULL OR g.kind <> 'Group') THEN 1 ELSE 0 END, CAST(substring(best, 1, 3) AS INT64) - 100, substring(best, 4, 4000)
// next level
MATCH (a:Agent)-[i:LATENT]->(p:Principal)-[:CONTROLS]->(q:Principal)-[c:CLOSURE]->(g:Principal)
WHERE i.hops = $level
WITH a, g, c.level AS near, i.level + c.level AS level, i.path + c.path AS path
WITH a, g, min(near) AS near, min(CAST(100 + level AS STRING) + path) AS best
OPTIONAL MATCH (a)-[known:LATENT]->(g)
OPTIONAL MATCH (a)-[now:IDENTITY]->(g)
WITH a, g, near, best, known, now
WHERE known.level IS NULL AND now.level IS NULL
RETURN a.id, g.id, $level + 1, CASE WHEN near = 1 AND (g.kind IS NULL OR g.kind <> 'Group') THEN 1 ELSE 0 END, CAST(substring(best, 1, 3) AS INT64) - 100, substring(best, 4, 4000)
