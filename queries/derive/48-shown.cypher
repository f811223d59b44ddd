// rule: shown
// derives: SHOWN
// per: agents
// why: a later tier shows only what it adds; a row that says what the next one above says is absorbed; what is
// not given below a row that includes it (a deny, a broken inheritance) stays as a row (reach.md 4.2, 4.4). WITH as in nested.
MATCH (a:Agent)-[r:ROW]->(x:Scope)
OPTIONAL MATCH (a)-[n:NEXT]->(x)
WHERE n.tier = r.tier
WITH a, x, r, coalesce(n.level, 0) AS above
OPTIONAL MATCH (x)-[b:ABOVE]->(y:Scope)
WHERE above > 0 AND b.level = above
WITH a, x, r, y
OPTIONAL MATCH (a)-[q:ROW]->(y)
WHERE q.tier = r.tier
WITH a, x, r, max(coalesce(q.discover, 0)) AS d, max(coalesce(q.read, 0)) AS rd, max(coalesce(q.write, 0)) AS w,
  max(coalesce(q.manage, 0)) AS m
OPTIONAL MATCH (a)-[e:ROW]->(x)
WHERE e.tier < r.tier
WITH a, x, r, d, rd, w, m, max(coalesce(e.discover, 0)) AS ed, max(coalesce(e.read, 0)) AS er,
  max(coalesce(e.write, 0)) AS ew, max(coalesce(e.manage, 0)) AS em
WITH a, x, r, d, rd, w, m, CASE WHEN ed > 1 THEN 0 ELSE r.discover END AS nd, CASE WHEN er > 1 THEN 0 ELSE r.read END AS nr,
  CASE WHEN ew > 1 THEN 0 ELSE r.write END AS nw, CASE WHEN em > 1 THEN 0 ELSE r.manage END AS nm
WHERE nd + nr + nw + nm > 0 OR r.discover < d OR r.read < rd OR r.write < w OR r.manage < m
RETURN a.id, x.id, r.tier, r.subtree, nd, nr, nw, nm,
  CASE WHEN r.discover = d AND r.read = rd AND r.write = w AND r.manage = m THEN 1 ELSE 0 END, r.path
