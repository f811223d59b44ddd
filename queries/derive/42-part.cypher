// rule: part
// derives: PART
// per: agents
// why: primitive actions, after denies, become the four rights (reach.md 4.7). Latent rights act as another
// principal, so the agent’s own denies do not touch them.
MATCH (a:Agent)-[e:EFFECT]->(x:Scope)
OPTIONAL MATCH (a)-[t:TAKEN]->(x)
WITH a, x, e, CASE WHEN t.see = 1 AND e.tier < 4 THEN 0 ELSE e.see END AS sees,
  CASE WHEN t.read = 1 AND e.tier < 4 THEN 0 ELSE e.read END AS reads,
  CASE WHEN t.write = 1 AND e.tier < 4 THEN 0 ELSE e.write END AS writes,
  CASE WHEN t.add = 1 AND e.tier < 4 THEN 0 ELSE e.add END AS adds,
  CASE WHEN t.delete = 1 AND e.tier < 4 THEN 0 ELSE e.delete END AS deletes,
  CASE WHEN t.setAcl = 1 AND e.tier < 4 THEN 0 ELSE e.setAcl END AS sets,
  CASE WHEN t.own = 1 AND e.tier < 4 THEN 0 ELSE e.own END AS owns,
  CASE WHEN t.assign = 1 AND e.tier < 4 THEN 0 ELSE e.assign END AS assigns
WITH a, x, e, sees, reads, CASE WHEN writes >= adds AND writes >= deletes THEN writes WHEN adds >= deletes THEN adds ELSE deletes END AS changes,
  CASE WHEN sets >= owns AND sets >= assigns THEN sets WHEN owns >= assigns THEN owns ELSE assigns END AS manages
RETURN a.id, x.id, e.tier, e.hops, 1,
  CASE WHEN sees >= reads AND sees >= changes AND sees >= manages THEN sees WHEN reads >= changes AND reads >= manages THEN reads WHEN changes >= manages THEN changes ELSE manages END,
  reads, changes, manages, e.reason, e.steps, e.path
// and
MATCH (a:Agent)-[k:KEYED]->(y:Scope)
OPTIONAL MATCH (a)-[t:TAKEN]->(y)
WITH a, k, y, CASE WHEN t.listKeys = 1 AND k.tier < 4 THEN 0 ELSE k.listKeys END AS k1,
  CASE WHEN t.regenerateKey = 1 AND k.tier < 4 THEN 0 ELSE k.regenerateKey END AS k2,
  CASE WHEN t.accountSas = 1 AND k.tier < 4 THEN 0 ELSE k.accountSas END AS k3,
  CASE WHEN t.serviceSas = 1 AND k.tier < 4 THEN 0 ELSE k.serviceSas END AS k4
WITH a, k, y, CASE WHEN k1 >= k2 AND k1 >= k3 AND k1 >= k4 THEN k1 WHEN k2 >= k3 AND k2 >= k4 THEN k2 WHEN k3 >= k4 THEN k3 ELSE k4 END AS sure
WHERE sure > 1
MATCH (a)-[:MARK]->(x:Scope)-[b:ABOVE]->(y)
RETURN a.id, x.id, k.tier, min(k.hops), 1, max(sure), max(sure), max(sure), max(sure), max(k.reason),
  min(k.steps + b.level), min(CAST(100 + k.steps + b.level AS STRING) + substring(k.path, 4, 4000))
// and when: BOTH
MATCH (a:Agent)-[l:LISTED]->(x:Scope)
RETURN a.id, x.id, l.tier, l.hops, 0, l.discover, l.read, l.write, l.manage, l.reason, l.steps, l.path
// and
MATCH (a:Agent)-[e:EFFECT]->(x:Scope)
OPTIONAL MATCH (a)-[t:TAKEN]->(x)
WITH a, x, e, CASE WHEN t.setAcl = 1 AND e.tier < 4 THEN 0 ELSE e.setAcl END AS sets,
  CASE WHEN t.own = 1 AND e.tier < 4 THEN 0 ELSE e.own END AS owns,
  CASE WHEN t.assign = 1 AND e.tier < 4 THEN 0 ELSE e.assign END AS assigns
WITH a, x, e, CASE WHEN sets >= owns AND sets >= assigns THEN sets WHEN owns >= assigns THEN owns ELSE assigns END AS manages
WHERE manages > 1
RETURN a.id, x.id, 4, min(e.hops + 1), 1, 0, max(manages), max(manages), 0, max(e.reason), min(e.steps), min(e.path)
// and when: BOTH
MATCH (a:Agent)-[l:LISTED]->(x:Scope)
WHERE l.manage > 1
RETURN a.id, x.id, 4, min(l.hops + 1), 0, 0, max(l.manage), max(l.manage), 0, max(l.reason), min(l.steps), min(l.path)
// and
MATCH (a:Agent)-[c:CAN_REACH]->(x:Scope)
WHERE c.manage = 'yes'
RETURN a.id, x.id, 4, 1, 0, 0, CASE c.certainty WHEN 'exact' THEN 3 ELSE 2 END, CASE c.certainty WHEN 'exact' THEN 3 ELSE 2 END, 0,
  c.reason_code, c.steps, c.path
// and
MATCH (a:Agent)-[i:IDENTITY]->(p:Principal)-[g:GRANTED]->(s0:Scope)<-[f:INHERITED]-(s:Scope)
WHERE g.flow = 'acl' AND g.tier <> 'now' AND (g.expires IS NULL OR g.expires > $time)
OPTIONAL MATCH (a)-[both:BOTH]->(a)
WITH a, s, s0, g, i, f, both, CASE WHEN g.unknown THEN 1 WHEN g.certainty = 'upper-bound' THEN 2 ELSE 3 END AS sure,
  CASE g.tier WHEN 'conditional' THEN 2 WHEN 'potential' THEN 3 WHEN 'latent' THEN 4 ELSE 1 END AS tier
WHERE both IS NULL
RETURN a.id, s.id, tier, 0, 0,
  max(CASE WHEN g.unknown THEN 1 WHEN g.see OR g.read OR g.write OR g.add OR g.delete OR g.setAcl OR g.own OR g.assign THEN sure ELSE 0 END),
  max(CASE WHEN g.unknown THEN 1 WHEN g.read THEN sure ELSE 0 END),
  max(CASE WHEN g.unknown THEN 1 WHEN g.write OR g.add OR g.delete THEN sure ELSE 0 END),
  max(CASE WHEN g.unknown THEN 1 WHEN g.setAcl OR g.own OR g.assign THEN sure ELSE 0 END),
  max(g.reason_code), min(i.level + 1 + f.level),
  min(CAST(101 + i.level + f.level AS STRING) + i.path + s0.code + g.code)
// and when: CONTROLS
MATCH (a:Agent)-[i:LATENT]->(p:Principal)-[g:GRANTED]->(s0:Scope)<-[f:INHERITED]-(s:Scope)
WHERE g.flow = 'acl' AND (g.expires IS NULL OR g.expires > $time)
OPTIONAL MATCH (a)-[both:BOTH]->(a)
WITH a, s, s0, g, i, f, both, CASE WHEN g.unknown THEN 1 WHEN g.certainty = 'upper-bound' THEN 2 ELSE 3 END AS sure
WHERE both IS NULL
RETURN a.id, s.id, 4, min(i.hops), 0,
  max(CASE WHEN g.unknown THEN 1 WHEN g.see OR g.read OR g.write OR g.add OR g.delete OR g.setAcl OR g.own OR g.assign THEN sure ELSE 0 END),
  max(CASE WHEN g.unknown THEN 1 WHEN g.read THEN sure ELSE 0 END),
  max(CASE WHEN g.unknown THEN 1 WHEN g.write OR g.add OR g.delete THEN sure ELSE 0 END),
  max(CASE WHEN g.unknown THEN 1 WHEN g.setAcl OR g.own OR g.assign THEN sure ELSE 0 END),
  max(g.reason_code), min(i.level + 1 + f.level),
  min(CAST(101 + i.level + f.level AS STRING) + i.path + s0.code + g.code)
