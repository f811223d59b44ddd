// rule: read-at
// derives: READ_AT
// per: agents
// when: MIRRORED
// why: how an actor reads a copy, in each tier: how surely, and by the best way, as for a witness; not every way leads on to all that
// it is a copy of. What may take the copy away and was not read counts.
MATCH (:Scope)-[:MIRRORED]->(t:Scope)
WITH DISTINCT t
MATCH (x:Actor)-[p:PART]->(t)
WHERE x.side = 0 AND p.read > 0
WITH x, t, p.tier AS tier, CASE WHEN p.read > 1 THEN 1 ELSE 0 END AS sure, max(p.read) AS read, min(p.rank) AS rank, max(p.reason) AS reason
MATCH (x)-[p:PART]->(t)
WHERE p.tier = tier AND p.rank = rank AND p.read > sure AND (sure = 1 OR p.read = 1)
WITH x, t, tier, sure, read, rank, reason, min(p.path) AS path
MATCH (x)-[p:PART]->(t)
WHERE p.tier = tier AND p.rank = rank AND p.path = path AND p.read > sure AND (sure = 1 OR p.read = 1)
WITH x, t, tier, read, rank, reason, path, min(p.hops) AS hops, min(p.grant) AS grant, min(p.regrant) AS regrant, min(p.who) AS who
OPTIONAL MATCH (t)-[b:BLIND]->(t)
WITH x, t, tier, read, rank, reason, path, hops, grant, regrant, who, coalesce(b.denies, 0) AS blind
RETURN x.id, t.id, tier, hops, CASE WHEN blind = 1 AND read > 2 THEN 2 ELSE read END,
  CASE WHEN blind = 1 AND read > 2 THEN 'copy-denies-unread' ELSE reason END, rank, path, grant, regrant, who
