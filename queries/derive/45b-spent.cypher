// rule: spent
// derives: SPENT
// per: agents
// when: NEXT
// why: rows of later tiers that give less than the row above, where no row above adds anything: there is nothing that they end.
MATCH (x:Actor)-[n:NEXT]->(s:Scope)
WHERE n.tier > 1
WITH x, s, n.tier AS tier, n.level AS above
MATCH (x)-[r:ROW]->(s)
WHERE r.tier = tier
WITH x, s, tier, above, r
MATCH (s)-[b:ABOVE|OVER]->(y:Scope)
WHERE b.level = above
WITH x, s, tier, r, y
MATCH (x)-[q:ROW]->(y)
WHERE q.tier = tier AND (r.discover < q.discover OR r.read < q.read OR r.write < q.write OR r.manage < q.manage)
WITH DISTINCT x, s, tier
MATCH (s)-[b:ABOVE|OVER]->(y:Scope)
WHERE b.level > 0
WITH x, s, tier, y
MATCH (x)-[q:ROW]->(y)
WHERE q.tier = tier AND q.subtree = 1
WITH x, s, tier, y, q.discover AS d, q.read AS rd, q.write AS w, q.manage AS m
OPTIONAL MATCH (x)-[e:ROW]->(y)
WHERE e.tier < tier
WITH x, s, tier, y, d, rd, w, m, max(coalesce(e.discover, 0)) AS ed, max(coalesce(e.read, 0)) AS er, max(coalesce(e.write, 0)) AS ew,
  max(coalesce(e.manage, 0)) AS em
WITH x, s, tier, max(CASE WHEN (ed > 1 OR ed >= d) AND (er > 1 OR er >= rd) AND (ew > 1 OR ew >= w) AND (em > 1 OR em >= m) THEN 0 ELSE 1 END) AS adds
WHERE adds = 0
RETURN x.id, s.id, tier
