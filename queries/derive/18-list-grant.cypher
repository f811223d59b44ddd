// rule: list-grant
// derives: LIST_GRANT
// why: the same for access lists; those that give nothing are no path.
MATCH (p:Principal)-[g:GRANTED]->(x:Scope)
WHERE g.flow = 'acl' AND (g.expires IS NULL OR g.expires > $time) AND (g.unknown OR g.see OR g.read OR g.write OR g.add OR g.delete OR g.setAcl OR g.own OR g.assign)
WITH p, x, g, CASE WHEN g.unknown THEN 1 WHEN g.certainty = 'upper-bound' THEN 2 ELSE 3 END AS sure
RETURN p.id, x.id, CASE g.tier WHEN 'conditional' THEN 2 WHEN 'potential' THEN 3 WHEN 'latent' THEN 4 ELSE 1 END,
  CASE WHEN g.unknown THEN 1 WHEN g.see OR g.read OR g.write OR g.add OR g.delete OR g.setAcl OR g.own OR g.assign THEN sure ELSE 0 END,
  CASE WHEN g.unknown THEN 1 WHEN g.read THEN sure ELSE 0 END,
  CASE WHEN g.unknown THEN 1 WHEN g.write OR g.add OR g.delete THEN sure ELSE 0 END,
  CASE WHEN g.unknown THEN 1 WHEN g.setAcl OR g.own OR g.assign THEN sure ELSE 0 END,
  CASE WHEN g.source = 'app-role' THEN 1 ELSE 0 END, g.reason_code, g.code
