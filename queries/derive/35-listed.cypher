// rule: listed
// derives: LISTED
// per: agents
// why: everything that access lists give at those places, and to agents that hold both sorts of grant. WITH as in nested.
MATCH (a:Agent)-[:BOTH]->(a)
WITH a
MATCH (a:Agent)-[i:IDENTITY]->(p:Principal)-[g:LIST_GRANT]->(s0:Scope)<-[f:INHERITED]-(s:Scope)
WHERE g.app = 0 OR i.level = 1
RETURN a.id, s.id, g.tier, 0, g.discover, g.read, g.write, g.manage, max(g.reason),
  min(CAST(101 + i.level + f.level AS STRING) + i.path + s0.code + g.code)
// and
MATCH (a:Agent)-[:LIST_MARK]->(s:Scope)
OPTIONAL MATCH (a)-[both:BOTH]->(a)
WITH DISTINCT a, s, both
WHERE both IS NULL
MATCH (s)-[f:INHERITED]->(s0:Scope)<-[g:LIST_GRANT]-(p:Principal)
WITH a, s, f, s0, g, p
MATCH (a)-[i:IDENTITY]->(p)
WHERE g.app = 0 OR i.level = 1
RETURN a.id, s.id, g.tier, 0, g.discover, g.read, g.write, g.manage, max(g.reason),
  min(CAST(101 + i.level + f.level AS STRING) + i.path + s0.code + g.code)
// and when: CONTROLS
MATCH (a:Agent)-[i:LATENT]->(p:Principal)-[g:LIST_GRANT]->(s0:Scope)<-[f:INHERITED]-(s:Scope)
WHERE g.app = 0 OR i.direct = 1
RETURN a.id, s.id, 4, i.hops, g.discover, g.read, g.write, g.manage, max(g.reason),
  min(CAST(101 + i.level + f.level AS STRING) + i.path + s0.code + g.code)
// and when: POSSIBLE
MATCH (a:Agent)-[i:POSSIBLE]->(p:Principal)-[g:LIST_GRANT]->(s0:Scope)<-[f:INHERITED]-(s:Scope)
WHERE g.app = 0
RETURN a.id, s.id, CASE WHEN g.tier > 3 THEN g.tier ELSE 3 END, 0, g.discover, g.read, g.write, g.manage, max(g.reason),
  min(CAST(CAST(substring(i.path, 1, 3) AS INT64) + 1 + f.level AS STRING) + substring(i.path, 4, 4000) + s0.code + g.code)
