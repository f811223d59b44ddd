// rule: can-reach
// derives: CAN_REACH
// per: agents
// why: the rows of marked places, with what each of them alone lets read.
MATCH (a:Agent)-[r:SHOWN]->(x:Scope)
OPTIONAL MATCH (a)-[w:WITNESS]->(x) WHERE w.tier = r.tier
OPTIONAL MATCH (a)-[o:OUTER]->(x) WHERE o.tier = r.tier
OPTIONAL MATCH (a)-[l:LESS]->(x) WHERE l.tier = r.tier
OPTIONAL MATCH (x)-[t:TALLY]->(x) WHERE t.below = r.subtree
OPTIONAL MATCH (x)-[b:BLIND]->(x)
WITH a, x, r, w, o, l, t, r.discover AS d, r.read AS rd, r.write AS wr, r.manage AS m, coalesce(b.denies, 0) AS blind,
  coalesce(w.path, r.path) AS path
RETURN a.id, x.id, 'app', '' AS via, CASE r.tier WHEN 1 THEN 'now' WHEN 2 THEN 'conditional' WHEN 3 THEN 'potential' ELSE 'latent' END,
  coalesce(w.hops, 0), CASE d WHEN 0 THEN 'no' WHEN 1 THEN 'unknown' ELSE 'yes' END, CASE rd WHEN 0 THEN 'no' WHEN 1 THEN 'unknown' ELSE 'yes' END, CASE wr WHEN 0 THEN 'no' WHEN 1 THEN 'unknown' ELSE 'yes' END, CASE m WHEN 0 THEN 'no' WHEN 1 THEN 'unknown' ELSE 'yes' END, CASE WHEN rd > 1 THEN 'yes' WHEN rd = 1 THEN 'unknown' ELSE 'no' END,
  CASE WHEN d = 1 OR rd = 1 OR wr = 1 OR m = 1 THEN 'unknown' WHEN d = 2 OR rd = 2 OR wr = 2 OR m = 2 OR blind = 1 THEN 'upper-bound' ELSE 'exact' END,
  CASE WHEN w.reason IS NOT NULL THEN w.reason WHEN blind = 1 THEN 'denies-unread' ELSE '' END,
  CASE WHEN x.kind = 'Class' THEN 'class' WHEN r.subtree = 1 THEN 'subtree' ELSE 'scope' END, r.absorbed = 1, o.level IS NULL,
  CASE WHEN rd > 1 AND r.absorbed = 0 THEN coalesce(t.items, 0) - coalesce(l.items, 0) ELSE 0 END,
  CASE WHEN rd > 1 AND r.absorbed = 0 THEN coalesce(t.sensitive, 0) - coalesce(l.sensitive, 0) ELSE 0 END,
  CASE WHEN rd > 1 AND r.absorbed = 0 THEN coalesce(t.unlabeled_sensitive, 0) - coalesce(l.unlabeled_sensitive, 0) ELSE 0 END,
  CAST(substring(path, 1, 3) AS INT64) - 100, path
