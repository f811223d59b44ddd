// rule: apart
// derives: APART
// per: agents
// when: NEXT
// why: places where an earlier tier lets read and above which it does not, or the other way round: what lies there the row above must
// not count, or does not.
MATCH (x:Actor)-[r:ROW]->(s:Scope)
WHERE r.tier > 1 AND r.read > 1
WITH x, s, r.tier AS tier, r.subtree AS subtree
MATCH (x)-[n:NEXT]->(s)
WHERE n.tier = tier
WITH x, s, tier, subtree, n.level AS above
OPTIONAL MATCH (x)-[e:ROW]->(s)
WHERE e.tier < tier AND e.read > 1
WITH x, s, tier, subtree, above, count(e) AS here, max(coalesce(e.subtree, 0)) AS wide
MATCH (s)-[b:ABOVE|OVER]->(y:Scope)
WHERE b.level = above
WITH x, s, tier, subtree, here, wide, y
OPTIONAL MATCH (x)-[f:ROW]->(y)
WHERE f.tier < tier AND f.read > 1
WITH x, s, tier, subtree, here, wide, count(f) AS there, max(coalesce(f.subtree, 0)) AS below
WHERE (here > 0 AND below = 0) OR (here = 0 AND there > 0)
RETURN x.id, s.id, tier, subtree * wide, CASE here WHEN 0 THEN 0 ELSE 1 END
