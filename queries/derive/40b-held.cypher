// rule: held
// derives: HELD
// per: agents
// when: GATED
// why: grants on access lists where something besides grants decides; as in part. Who has a group by control is still itself, and
// bound by policies.
MATCH (x:Actor)-[m:MARK]->(s:Scope)-[f:INHERITED]->(y:Scope)<-[g:LIST_GRANT]-(p:Principal)
WHERE m.shut = 1
WITH x, s, f, y, g, p
MATCH (x)-[i:STANDS_FOR]->(p)
WHERE g.narrow = 0 AND (g.app = 0 OR i.direct = 1) AND (g.here = 0 OR f.level = 0)
RETURN x.id, s.id, CASE WHEN i.tier > g.tier THEN i.tier ELSE g.tier END, i.hops, 0, g.sees, g.reads, g.writes,
  g.manages, g.reason, i.hops * 1000000 + (i.level + 1 + f.level) * 1000 + i.level, i.path + y.code, g.code,
  CASE WHEN i.hops > 0 THEN 1 ELSE 0 END
// and
MATCH (x:Actor)-[m:MARK]->(s:Scope)<-[g:LIST_GRANT]-(p:Principal)
WHERE g.narrow = 1 AND m.shut = 1
WITH x, s, g, p
MATCH (x)-[i:STANDS_FOR]->(p)
OPTIONAL MATCH (x)-[o:STANDS_FOR]->(e:Principal)
WHERE o.direct = 1 AND o.tier = 1 AND e.id IN g.excluded
WITH x, s, g, i, count(e) AS barred
OPTIONAL MATCH (x)-[j:STANDS_FOR]->(t:Principal)
WHERE t.id IN g.together
WITH x, s, g, i, barred, t.id AS one, min(j.tier * 1000000 + j.hops) AS best
WITH x, s, g, i, barred, count(one) AS met, coalesce(max(best), 1000000) AS needs
WHERE (met = size(g.together) OR g.together = ['']) AND (i.tier = 4 OR barred = 0 OR needs >= 4000000)
  AND (x.side = 0 OR (i.tier < 4 AND needs < 4000000))
WITH x, s, g, i, needs, CASE WHEN needs % 1000000 > i.hops THEN needs % 1000000 ELSE i.hops END AS hops
RETURN x.id, s.id,
  CASE WHEN needs >= 4000000 THEN 4 WHEN needs >= 3000000 AND i.tier < 3 AND g.tier < 3 THEN 3 WHEN i.tier > g.tier THEN i.tier ELSE g.tier END,
  hops, 0, g.sees, g.reads, g.writes, g.manages, g.reason, hops * 1000000 + (i.level + 1) * 1000 + i.level, i.path + s.code, g.code,
  CASE WHEN i.hops > 0 THEN 1 ELSE 0 END
// and when: SIDE
// One of several identities becomes somebody with what any of them has or could have: each may let another in. What all of them
// have is looked up once for each grant.
MATCH (w:Actor)<-[:SIDE]-(x:Actor)-[m:MARK]->(s:Scope)<-[g:LIST_GRANT]-(p:Principal)
WHERE g.narrow = 1 AND m.shut = 1
WITH DISTINCT w, s, g, p
OPTIONAL MATCH (w)<-[:SIDE]-(:Actor)-[j:STANDS_FOR]->(t:Principal)
WHERE t.id IN g.together
WITH w, s, g, p, t.id AS one, min(j.tier * 1000000 + j.hops) AS best
WITH w, s, g, p, count(one) AS met, coalesce(max(best), 1000000) AS needs
WHERE met = size(g.together) OR g.together = ['']
WITH w, s, g, p, needs
MATCH (w)<-[:SIDE]-(x:Actor)
WITH x, s, g, p, needs
MATCH (x)-[i:STANDS_FOR]->(p)
WHERE i.tier = 4 OR needs >= 4000000
WITH x, s, g, i, needs
MATCH (x)-[m:MARK]->(s)
WHERE m.shut = 1
WITH x, s, g, i, CASE WHEN needs % 1000000 > i.hops THEN needs % 1000000 ELSE i.hops END AS hops
RETURN x.id, s.id, 4, hops, 0, g.sees, g.reads, g.writes, g.manages, g.reason, hops * 1000000 + (i.level + 1) * 1000 + i.level, i.path + s.code, g.code,
  CASE WHEN i.hops > 0 THEN 1 ELSE 0 END
