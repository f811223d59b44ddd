// rule: point
// derives: POINT
// per: agents
// why: grants that go down by containment: Azure roles, application permissions, site administrators. Application
// permissions count for the identity itself, never through a group (reach.md 4.3, 1 to 3).
MATCH (a:Agent)-[i:IDENTITY]->(p:Principal)-[g:GRANTED]->(s:Scope)
WHERE g.flow = 'containment' AND (g.expires IS NULL OR g.expires > $time)
  AND (i.level = 1 OR g.source IS NULL OR g.source <> 'app-role')
WITH a, s, g, i, CASE WHEN g.unknown THEN 1 WHEN g.certainty = 'upper-bound' THEN 2 ELSE 3 END AS sure,
  CASE g.tier WHEN 'conditional' THEN 2 WHEN 'potential' THEN 3 WHEN 'latent' THEN 4 ELSE 1 END AS tier
RETURN a.id, s.id, tier, 0,
  max(CASE WHEN g.unknown THEN 1 WHEN g.see THEN sure ELSE 0 END),
  max(CASE WHEN g.unknown THEN 1 WHEN g.read THEN sure ELSE 0 END),
  max(CASE WHEN g.unknown THEN 1 WHEN g.write THEN sure ELSE 0 END),
  max(CASE WHEN g.unknown THEN 1 WHEN g.add THEN sure ELSE 0 END),
  max(CASE WHEN g.unknown THEN 1 WHEN g.delete THEN sure ELSE 0 END),
  max(CASE WHEN g.unknown THEN 1 WHEN g.setAcl THEN sure ELSE 0 END),
  max(CASE WHEN g.unknown THEN 1 WHEN g.own THEN sure ELSE 0 END),
  max(CASE WHEN g.unknown THEN 1 WHEN g.listKeys THEN sure ELSE 0 END),
  max(CASE WHEN g.unknown THEN 1 WHEN g.regenerateKey THEN sure ELSE 0 END),
  max(CASE WHEN g.unknown THEN 1 WHEN g.accountSas THEN sure ELSE 0 END),
  max(CASE WHEN g.unknown THEN 1 WHEN g.serviceSas THEN sure ELSE 0 END),
  max(CASE WHEN g.unknown THEN 1 WHEN g.assign THEN sure ELSE 0 END),
  max(g.reason_code), min(i.level + 1), min(CAST(101 + i.level AS STRING) + i.path + s.code + g.code)
// and when: CONTROLS
MATCH (a:Agent)-[i:LATENT]->(p:Principal)-[g:GRANTED]->(s:Scope)
WHERE g.flow = 'containment' AND (g.expires IS NULL OR g.expires > $time)
WITH a, s, g, i, CASE WHEN g.unknown THEN 1 WHEN g.certainty = 'upper-bound' THEN 2 ELSE 3 END AS sure
RETURN a.id, s.id, 4, min(i.hops),
  max(CASE WHEN g.unknown THEN 1 WHEN g.see THEN sure ELSE 0 END),
  max(CASE WHEN g.unknown THEN 1 WHEN g.read THEN sure ELSE 0 END),
  max(CASE WHEN g.unknown THEN 1 WHEN g.write THEN sure ELSE 0 END),
  max(CASE WHEN g.unknown THEN 1 WHEN g.add THEN sure ELSE 0 END),
  max(CASE WHEN g.unknown THEN 1 WHEN g.delete THEN sure ELSE 0 END),
  max(CASE WHEN g.unknown THEN 1 WHEN g.setAcl THEN sure ELSE 0 END),
  max(CASE WHEN g.unknown THEN 1 WHEN g.own THEN sure ELSE 0 END),
  max(CASE WHEN g.unknown THEN 1 WHEN g.listKeys THEN sure ELSE 0 END),
  max(CASE WHEN g.unknown THEN 1 WHEN g.regenerateKey THEN sure ELSE 0 END),
  max(CASE WHEN g.unknown THEN 1 WHEN g.accountSas THEN sure ELSE 0 END),
  max(CASE WHEN g.unknown THEN 1 WHEN g.serviceSas THEN sure ELSE 0 END),
  max(CASE WHEN g.unknown THEN 1 WHEN g.assign THEN sure ELSE 0 END),
  max(g.reason_code), min(i.level + 1), min(CAST(101 + i.level AS STRING) + i.path + s.code + g.code)
