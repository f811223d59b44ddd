// rule: can-reach-listed
// derives: CAN_REACH
// per: agents
// why: access lists alone: each place is a row of its own and nothing absorbs it.
MATCH (a:Agent)-[i:IDENTITY]->(p:Principal)-[g:GRANTED]->(s0:Scope)<-[f:INHERITED]-(s:Scope)
WHERE g.flow = 'acl' AND (g.expires IS NULL OR g.expires > $time) AND (g.tier IS NULL OR g.tier = 'now')
WITH a, s, s0, g, i, f, CASE WHEN g.unknown THEN 1 WHEN g.certainty = 'upper-bound' THEN 2 ELSE 3 END AS sure
WITH a, s, max(CASE WHEN g.unknown THEN 1 WHEN g.see OR g.read OR g.write OR g.add OR g.delete OR g.setAcl OR g.own OR g.assign THEN sure ELSE 0 END) AS d,
  max(CASE WHEN g.unknown THEN 1 WHEN g.read THEN sure ELSE 0 END) AS r,
  max(CASE WHEN g.unknown THEN 1 WHEN g.write OR g.add OR g.delete THEN sure ELSE 0 END) AS w,
  max(CASE WHEN g.unknown THEN 1 WHEN g.setAcl OR g.own OR g.assign THEN sure ELSE 0 END) AS m,
  max(g.reason_code) AS reason, min(CAST(101 + i.level + f.level AS STRING) + i.path + s0.code + g.code) AS path
OPTIONAL MATCH (a)-[both:BOTH]->(a)
OPTIONAL MATCH (s)-[t:TALLY]->(s) WHERE t.below = 0
OPTIONAL MATCH (s)-[b:BLIND]->(s)
WITH a, s, d, r, w, m, reason, path, both, t, coalesce(b.denies, 0) AS blind
WHERE both IS NULL
RETURN a.id, s.id, 'app', '', 'now', 0, CASE d WHEN 0 THEN 'no' WHEN 1 THEN 'unknown' ELSE 'yes' END, CASE r WHEN 0 THEN 'no' WHEN 1 THEN 'unknown' ELSE 'yes' END,
  CASE w WHEN 0 THEN 'no' WHEN 1 THEN 'unknown' ELSE 'yes' END, CASE m WHEN 0 THEN 'no' WHEN 1 THEN 'unknown' ELSE 'yes' END,
  CASE r WHEN 0 THEN 'no' WHEN 1 THEN 'unknown' ELSE 'yes' END,
  CASE WHEN d = 1 OR r = 1 OR w = 1 OR m = 1 THEN 'unknown' WHEN d = 2 OR r = 2 OR w = 2 OR m = 2 OR blind = 1 THEN 'upper-bound' ELSE 'exact' END,
  CASE WHEN reason IS NOT NULL THEN reason WHEN blind = 1 THEN 'denies-unread' ELSE '' END,
  'scope', false, true, CASE WHEN r > 1 THEN coalesce(t.items, 0) ELSE 0 END,
  CASE WHEN r > 1 THEN coalesce(t.sensitive, 0) ELSE 0 END, CASE WHEN r > 1 THEN coalesce(t.unlabeled_sensitive, 0) ELSE 0 END,
  CAST(substring(path, 1, 3) AS INT64) - 100, path
