// rule: can-reach-plain
// derives: CAN_REACH
// per: agents
// why: places with one grant of today and nothing of the agent above or below: the grant is the row.
MATCH (a:Agent)-[q:POINT]->(x:Scope)
OPTIONAL MATCH (a)-[mark:MARK]->(x)
WITH a, q, x, mark
WHERE mark IS NULL AND q.discover + q.read + q.write + q.manage > 0
OPTIONAL MATCH (x)-[t:TALLY]->(x) WHERE t.below = 1
OPTIONAL MATCH (x)-[b:BLIND]->(x)
WITH a, q, x, t, coalesce(b.denies, 0) AS blind
RETURN a.id, x.id, 'app', '' AS via, 'now', 0, CASE q.discover WHEN 0 THEN 'no' WHEN 1 THEN 'unknown' ELSE 'yes' END, CASE q.read WHEN 0 THEN 'no' WHEN 1 THEN 'unknown' ELSE 'yes' END, CASE q.write WHEN 0 THEN 'no' WHEN 1 THEN 'unknown' ELSE 'yes' END, CASE q.manage WHEN 0 THEN 'no' WHEN 1 THEN 'unknown' ELSE 'yes' END, CASE WHEN q.read > 1 THEN 'yes' WHEN q.read = 1 THEN 'unknown' ELSE 'no' END,
  CASE WHEN q.discover = 1 OR q.read = 1 OR q.write = 1 OR q.manage = 1 THEN 'unknown' WHEN q.discover = 2 OR q.read = 2 OR q.write = 2 OR q.manage = 2 OR blind = 1 THEN 'upper-bound' ELSE 'exact' END,
  CASE WHEN q.reason IS NOT NULL THEN q.reason WHEN blind = 1 THEN 'denies-unread' ELSE '' END,
  CASE WHEN x.kind = 'Class' THEN 'class' ELSE 'subtree' END, false, true,
  CASE WHEN q.read > 1 THEN coalesce(t.items, 0) ELSE 0 END, CASE WHEN q.read > 1 THEN coalesce(t.sensitive, 0) ELSE 0 END,
  CASE WHEN q.read > 1 THEN coalesce(t.unlabeled_sensitive, 0) ELSE 0 END,
  CAST(substring(q.path, 1, 3) AS INT64) - 100, q.path
