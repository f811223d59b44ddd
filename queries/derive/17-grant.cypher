// rule: grant
// derives: GRANT
// why: what a containment grant is worth, worked out once a grant and not once an agent (reach.md 4.7). `levels` holds
// one digit a primitive action, in the order of the schema.
MATCH (p:Principal)-[g:GRANTED]->(x:Scope)
WHERE g.flow = 'containment' AND (g.expires IS NULL OR g.expires > $time)
WITH p, x, g, CASE WHEN g.unknown THEN 1 WHEN g.certainty = 'upper-bound' THEN 2 ELSE 3 END AS sure
WITH p, x, g, sure, CAST(sure AS STRING) AS s
RETURN p.id, x.id, CASE g.tier WHEN 'conditional' THEN 2 WHEN 'potential' THEN 3 WHEN 'latent' THEN 4 ELSE 1 END,
  CASE WHEN g.unknown THEN '111111100001' ELSE CASE WHEN g.see THEN s ELSE '0' END +
  CASE WHEN g.read THEN s ELSE '0' END +
  CASE WHEN g.write THEN s ELSE '0' END +
  CASE WHEN g.add THEN s ELSE '0' END +
  CASE WHEN g.delete THEN s ELSE '0' END +
  CASE WHEN g.setAcl THEN s ELSE '0' END +
  CASE WHEN g.own THEN s ELSE '0' END +
  CASE WHEN g.listKeys THEN s ELSE '0' END +
  CASE WHEN g.regenerateKey THEN s ELSE '0' END +
  CASE WHEN g.accountSas THEN s ELSE '0' END +
  CASE WHEN g.serviceSas THEN s ELSE '0' END +
  CASE WHEN g.assign THEN s ELSE '0' END END,
  CASE WHEN g.unknown THEN 1 WHEN g.see OR g.read OR g.write OR g.add OR g.delete OR g.setAcl OR g.own OR g.assign THEN sure ELSE 0 END,
  CASE WHEN g.unknown THEN 1 WHEN g.read THEN sure ELSE 0 END,
  CASE WHEN g.unknown THEN 1 WHEN g.write OR g.add OR g.delete THEN sure ELSE 0 END,
  CASE WHEN g.unknown THEN 1 WHEN g.setAcl OR g.own OR g.assign THEN sure ELSE 0 END,
  CASE WHEN g.unknown THEN 0 WHEN g.listKeys OR g.regenerateKey OR g.accountSas OR g.serviceSas THEN sure ELSE 0 END,
  CASE WHEN g.source = 'app-role' THEN 1 ELSE 0 END, g.reason_code, g.code
