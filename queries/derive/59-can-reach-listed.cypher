// rule: can-reach-listed
// derives: CAN_REACH
// per: agents
// why: access lists alone: each place is a row of its own and nothing absorbs it. A path that only makes rights unknown
// is a witness only where a right stays unknown.
MATCH (a:Agent)-[i:IDENTITY]->(p:Principal)-[g:LIST_GRANT]->(s0:Scope)<-[f:INHERITED]-(s:Scope)
WHERE g.tier = 1 AND (g.app = 0 OR i.level = 1)
WITH a, s, max(g.discover) AS d, max(g.read) AS r, max(g.write) AS w, max(g.manage) AS m, max(g.reason) AS reason,
  min(CASE WHEN g.discover = 1 THEN '~' ELSE '' END + CAST(101 + i.level + f.level AS STRING) + i.path + s0.code + g.code) AS best,
  min(CAST(101 + i.level + f.level AS STRING) + i.path + s0.code + g.code) AS least
WHERE m < 2
OPTIONAL MATCH (a)-[mark:MARK]->(s)
WITH a, s, d, r, w, m, reason, best, least, mark
WHERE mark IS NULL
OPTIONAL MATCH (s)-[t:TALLY]->(s) WHERE t.below = 0
OPTIONAL MATCH (s)-[b:BLIND]->(s)
WITH a, s, d, r, w, m, reason, t, coalesce(b.denies, 0) AS blind,
  CASE WHEN d = 1 OR r = 1 OR w = 1 OR m = 1 THEN least ELSE best END AS path
RETURN a.id, s.id, 'app', '' AS via, 'now', 0, CASE d WHEN 0 THEN 'no' WHEN 1 THEN 'unknown' ELSE 'yes' END, CASE r WHEN 0 THEN 'no' WHEN 1 THEN 'unknown' ELSE 'yes' END, CASE w WHEN 0 THEN 'no' WHEN 1 THEN 'unknown' ELSE 'yes' END, CASE m WHEN 0 THEN 'no' WHEN 1 THEN 'unknown' ELSE 'yes' END, CASE WHEN r > 1 THEN 'yes' WHEN r = 1 THEN 'unknown' ELSE 'no' END,
  CASE WHEN d = 1 OR r = 1 OR w = 1 OR m = 1 THEN 'unknown' WHEN d = 2 OR r = 2 OR w = 2 OR m = 2 OR blind = 1 THEN 'upper-bound' ELSE 'exact' END,
  CASE WHEN reason IS NOT NULL THEN reason WHEN blind = 1 THEN 'denies-unread' ELSE '' END,
  'scope', false, true, CASE WHEN r > 1 THEN coalesce(t.items, 0) ELSE 0 END,
  CASE WHEN r > 1 THEN coalesce(t.sensitive, 0) ELSE 0 END, CASE WHEN r > 1 THEN coalesce(t.unlabeled_sensitive, 0) ELSE 0 END,
  CAST(substring(path, 1, 3) AS INT64) - 100, path
