// rule: apart
// derives: APART
// per: agents
// when: NEXT
// why: rows of later tiers at places where earlier ones give something else than at the row above: what lies there the row above must
// not count, or the place adds what the row above does not show.
MATCH (x:Actor)-[r:ROW]->(s:Scope)
WHERE r.tier > 1
WITH x, s, r
MATCH (x)-[n:NEXT]->(s)
WHERE n.tier = r.tier
WITH x, s, r, n.level AS above
OPTIONAL MATCH (x)-[e:ROW]->(s)
WHERE e.tier < r.tier
WITH x, s, r, above, max(coalesce(e.discover, 0)) AS ed, max(coalesce(e.read, 0)) AS er, max(coalesce(e.write, 0)) AS ew,
  max(coalesce(e.manage, 0)) AS em, max(coalesce(e.subtree * (e.read / 2), 0)) AS wide
MATCH (s)-[b:ABOVE|OVER]->(y:Scope)
WHERE b.level = above
WITH x, s, r, ed, er, ew, em, wide, y
OPTIONAL MATCH (x)-[f:ROW]->(y)
WHERE f.tier < r.tier
WITH x, s, r, ed, er, ew, em, wide, max(coalesce(f.discover, 0)) AS fd, max(coalesce(f.read, 0)) AS fr, max(coalesce(f.write, 0)) AS fw,
  max(coalesce(f.manage, 0)) AS fm, max(coalesce(f.subtree * (f.read / 2), 0)) AS below
WITH x, s, r, wide, CASE WHEN r.read > 1 AND er > 1 AND below = 0 THEN 1 ELSE 0 END AS cut,
  CASE WHEN ed < 2 AND ed < r.discover AND ed < fd THEN 1 WHEN er < 2 AND er < r.read AND er < fr THEN 1
    WHEN ew < 2 AND ew < r.write AND ew < fw THEN 1 WHEN em < 2 AND em < r.manage AND em < fm THEN 1 ELSE 0 END AS anew
WHERE cut + anew > 0
RETURN x.id, s.id, r.tier, r.subtree * wide, cut, anew
