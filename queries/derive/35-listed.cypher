// rule: listed
// derives: LISTED
// per: agents
// when: BOTH
// why: access lists of agents for which they have to be added to containment grants.
MATCH (a:Agent)-[:BOTH]->(a)
MATCH (a:Agent)-[i:IDENTITY]->(p:Principal)-[g:GRANTED]->(s0:Scope)<-[f:INHERITED]-(s:Scope)
WHERE g.flow = 'acl' AND (g.expires IS NULL OR g.expires > $time)
WITH a, s, s0, g, i, f, CASE WHEN g.unknown THEN 1 WHEN g.certainty = 'upper-bound' THEN 2 ELSE 3 END AS sure,
  CASE g.tier WHEN 'conditional' THEN 2 WHEN 'potential' THEN 3 WHEN 'latent' THEN 4 ELSE 1 END AS tier
RETURN a.id, s.id, tier, 0,
  max(CASE WHEN g.unknown THEN 1 WHEN g.see OR g.read OR g.write OR g.add OR g.delete OR g.setAcl OR g.own OR g.assign THEN sure ELSE 0 END),
  max(CASE WHEN g.unknown THEN 1 WHEN g.read THEN sure ELSE 0 END),
  max(CASE WHEN g.unknown THEN 1 WHEN g.write OR g.add OR g.delete THEN sure ELSE 0 END),
  max(CASE WHEN g.unknown THEN 1 WHEN g.setAcl OR g.own OR g.assign THEN sure ELSE 0 END),
  max(g.reason_code), min(i.level + 1 + f.level),
  min(CAST(101 + i.level + f.level AS STRING) + i.path + s0.code + g.code)
// and when: CONTROLS
MATCH (a:Agent)-[:BOTH]->(a)
MATCH (a:Agent)-[i:LATENT]->(p:Principal)-[g:GRANTED]->(s0:Scope)<-[f:INHERITED]-(s:Scope)
WHERE g.flow = 'acl' AND (g.expires IS NULL OR g.expires > $time)
WITH a, s, s0, g, i, f, CASE WHEN g.unknown THEN 1 WHEN g.certainty = 'upper-bound' THEN 2 ELSE 3 END AS sure,
  4 AS tier
RETURN a.id, s.id, tier, min(i.hops),
  max(CASE WHEN g.unknown THEN 1 WHEN g.see OR g.read OR g.write OR g.add OR g.delete OR g.setAcl OR g.own OR g.assign THEN sure ELSE 0 END),
  max(CASE WHEN g.unknown THEN 1 WHEN g.read THEN sure ELSE 0 END),
  max(CASE WHEN g.unknown THEN 1 WHEN g.write OR g.add OR g.delete THEN sure ELSE 0 END),
  max(CASE WHEN g.unknown THEN 1 WHEN g.setAcl OR g.own OR g.assign THEN sure ELSE 0 END),
  max(g.reason_code), min(i.level + 1 + f.level),
  min(CAST(101 + i.level + f.level AS STRING) + i.path + s0.code + g.code)
