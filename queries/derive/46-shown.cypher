// rule: shown
// derives: SHOWN
// per: agents
// when: ROW
// why: a later tier shows only what it adds; a row that says what the next one above says is absorbed; what is
// not given below a row that includes it (a deny, a broken inheritance) stays as a row, and so does what the row above need not
// show, since an earlier tier gives it there. What an earlier tier lets read is cut out of what a row above counts (2 if the row shows
// nothing, 3 if it is absorbed). WITH as in nested.
MATCH (x:Actor)-[r:ROW]->(s:Scope)
OPTIONAL MATCH (x)-[n:NEXT]->(s)
WHERE n.tier = r.tier
WITH x, s, r, coalesce(n.level, 0) AS above
OPTIONAL MATCH (s)-[b:ABOVE|OVER]->(y:Scope)
WHERE above > 0 AND b.level = above
WITH x, s, r, y
OPTIONAL MATCH (x)-[q:ROW]->(y)
WHERE q.tier = r.tier
WITH x, s, r, max(coalesce(q.discover, 0)) AS d, max(coalesce(q.read, 0)) AS rd, max(coalesce(q.write, 0)) AS w,
  max(coalesce(q.manage, 0)) AS m
OPTIONAL MATCH (x)-[e:ROW]->(s)
WHERE e.tier < r.tier
WITH x, s, r, d, rd, w, m, max(coalesce(e.discover, 0)) AS ed, max(coalesce(e.read, 0)) AS er,
  max(coalesce(e.write, 0)) AS ew, max(coalesce(e.manage, 0)) AS em
OPTIONAL MATCH (x)-[a:APART]->(s)
WHERE a.tier = r.tier
WITH x, s, r, d, rd, w, m, ed, er, ew, em, max(coalesce(a.cut, 0)) AS cut, max(coalesce(a.anew, 0)) AS anew, max(coalesce(a.subtree, 0)) AS wide
OPTIONAL MATCH (x)-[v:SPENT]->(s)
WHERE v.tier = r.tier
WITH x, s, r, d, rd, w, m, ed, er, ew, em, cut, anew, wide, count(v) AS spent
WITH x, s, r, d, rd, w, m, cut, anew, wide, spent, CASE WHEN ed > 1 OR (ed = 1 AND r.discover = 1) THEN 0 ELSE r.discover END AS nd,
  CASE WHEN er > 1 OR (er = 1 AND r.read = 1) THEN 0 ELSE r.read END AS nr,
  CASE WHEN ew > 1 OR (ew = 1 AND r.write = 1) THEN 0 ELSE r.write END AS nw,
  CASE WHEN em > 1 OR (em = 1 AND r.manage = 1) THEN 0 ELSE r.manage END AS nm
WITH x, s, r, nd, nr, nw, nm, cut, anew, wide,
  CASE WHEN nd + nr + nw + nm > 0 OR (spent = 0 AND (r.discover < d OR r.read < rd OR r.write < w OR r.manage < m)) THEN 1 ELSE 0 END AS says,
  CASE WHEN r.discover = d AND r.read = rd AND r.write = w AND r.manage = m THEN 1 ELSE 0 END AS same
WHERE says = 1 OR cut = 1
RETURN x.id, s.id, r.tier, CASE says WHEN 0 THEN wide ELSE r.subtree END, nd, nr, nw, nm,
  CASE WHEN says = 0 THEN 2 WHEN same = 0 OR anew = 1 THEN 0 WHEN cut = 1 THEN 3 ELSE 1 END
