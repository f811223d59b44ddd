// rule: witness
// derives: WITNESS
// per: agents
// why: the witness is the smallest path that gives something the row shows (reach.md 4.2).
MATCH (a:Agent)-[s:SHOWN]->(x:Scope)
WITH a, s, x
MATCH (a)-[p:PART]->(x)
WHERE p.tier = s.tier AND ((s.discover > 1 AND p.discover > 1) OR (s.discover = 1 AND p.discover = 1)
  OR (s.read > 1 AND p.read > 1) OR (s.read = 1 AND p.read = 1)
  OR (s.write > 1 AND p.write > 1) OR (s.write = 1 AND p.write = 1)
  OR (s.manage > 1 AND p.manage > 1) OR (s.manage = 1 AND p.manage = 1))
RETURN a.id, x.id, s.tier, min(p.hops), max(p.reason), min(p.path)
