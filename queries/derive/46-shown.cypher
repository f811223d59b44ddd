// rule: shown
// derives: SHOWN
// per: agents
// when: ROW
// why: a later tier shows only what it adds; a row that says what the next one above says is absorbed; what is
// not given below a row that includes it (a deny, a broken inheritance) stays as a row. Where an earlier tier lets read here and
// not above, the row above must not count what is here: the row is cut out (2 if it shows nothing, 3 if it is absorbed), and
// the other way round it is not absorbed. WITH as in nested.
MATCH (x:Actor)-[r:ROW]->(s:Scope)
OPTIONAL MATCH (x)-[n:NEXT]->(s)
WHERE n.tier = r.tier
WITH x, s, r, coalesce(n.level, 0) AS above
OPTIONAL MATCH (s)-[b:ABOVE|OVER]->(y:Scope)
WHERE above > 0 AND b.level = above
WITH x, s, r, above, y
OPTIONAL MATCH (x)-[q:ROW]->(y)
WHERE q.tier <= r.tier
WITH x, s, r, above, max(CASE WHEN q.tier = r.tier THEN q.discover ELSE 0 END) AS d, max(CASE WHEN q.tier = r.tier THEN q.read ELSE 0 END) AS rd,
  max(CASE WHEN q.tier = r.tier THEN q.write ELSE 0 END) AS w, max(CASE WHEN q.tier = r.tier THEN q.manage ELSE 0 END) AS m,
  max(CASE WHEN q.tier < r.tier THEN q.read ELSE 0 END) AS fr
OPTIONAL MATCH (x)-[e:ROW]->(s)
WHERE e.tier < r.tier
WITH x, s, r, above, d, rd, w, m, fr, max(coalesce(e.discover, 0)) AS ed, max(coalesce(e.read, 0)) AS er,
  max(coalesce(e.write, 0)) AS ew, max(coalesce(e.manage, 0)) AS em, max(CASE WHEN e.read > 1 THEN e.subtree ELSE 0 END) AS es
WITH x, s, r, d, rd, w, m, es, CASE WHEN ed > 1 OR (ed = 1 AND r.discover = 1) THEN 0 ELSE r.discover END AS nd,
  CASE WHEN er > 1 OR (er = 1 AND r.read = 1) THEN 0 ELSE r.read END AS nr,
  CASE WHEN ew > 1 OR (ew = 1 AND r.write = 1) THEN 0 ELSE r.write END AS nw,
  CASE WHEN em > 1 OR (em = 1 AND r.manage = 1) THEN 0 ELSE r.manage END AS nm,
  CASE WHEN r.read > 1 AND er > 1 AND fr < 2 AND above > 0 THEN 1 ELSE 0 END AS cut,
  CASE WHEN r.read > 1 AND er < 2 AND fr > 1 THEN 1 ELSE 0 END AS regained
WITH x, s, r, nd, nr, nw, nm, cut, regained, es,
  CASE WHEN nd + nr + nw + nm > 0 OR r.discover < d OR r.read < rd OR r.write < w OR r.manage < m THEN 1 ELSE 0 END AS says,
  CASE WHEN r.discover = d AND r.read = rd AND r.write = w AND r.manage = m THEN 1 ELSE 0 END AS same
WHERE says + cut > 0
RETURN x.id, s.id, r.tier, CASE says WHEN 0 THEN r.subtree * es ELSE r.subtree END, nd, nr, nw, nm,
  CASE WHEN says = 0 THEN 2 WHEN same = 1 AND cut = 1 THEN 3 WHEN same = 1 AND regained = 0 THEN 1 ELSE 0 END
