// rule: point
// derives: POINT
// per: agents
// why: where containment grants stand for an agent: Azure roles, application permissions, site administrators.
// Application permissions count for the identity itself, never through a group (reach.md 4.3, 1 to 3). Grants that are
// worth the same at one place are one point, with the smallest path.
MATCH (a:Agent)-[i:IDENTITY]->(p:Principal)-[g:GRANT]->(s:Scope)
WHERE g.app = 0 OR i.level = 1
RETURN a.id, s.id, g.tier, 0, g.levels, max(g.discover), max(g.read), max(g.write), max(g.manage), max(g.keys),
  max(g.reason), min(CAST(101 + i.level AS STRING) + i.path + s.code + g.code)
// and when: CONTROLS
MATCH (a:Agent)-[i:LATENT]->(p:Principal)-[g:GRANT]->(s:Scope)
WHERE g.app = 0 OR i.direct = 1
RETURN a.id, s.id, 4, i.hops, g.levels, max(g.discover), max(g.read), max(g.write), max(g.manage), max(g.keys),
  max(g.reason), min(CAST(101 + i.level AS STRING) + i.path + s.code + g.code)
// and when: POSSIBLE
MATCH (a:Agent)-[i:POSSIBLE]->(p:Principal)-[g:GRANT]->(s:Scope)
WHERE g.app = 0
RETURN a.id, s.id, CASE WHEN g.tier > 3 THEN g.tier ELSE 3 END, 0, g.levels, max(g.discover), max(g.read), max(g.write),
  max(g.manage), max(g.keys), max(g.reason),
  min(CAST(CAST(substring(i.path, 1, 3) AS INT64) + 1 AS STRING) + substring(i.path, 4, 4000) + s.code + g.code)
