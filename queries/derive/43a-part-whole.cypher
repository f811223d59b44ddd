// rule: part-whole
// derives: PART
// per: agents
// when: SIDE
// why: what the identities of an actor have are rights of the actor; for users, only as far as consents go.
MATCH (y:Actor)-[p:PART]->(s:Scope)
WHERE y.side = 1 AND y.capped = 0
WITH y, p, s
MATCH (y)-[:SIDE]->(x:Actor)
RETURN x.id, s.id, p.tier, p.hops, p.subtree, p.discover, p.read, p.write, p.manage, p.reason, p.rank, p.path, p.grant, p.regrant
// and when: CONSENTS
MATCH (y:Actor)-[p:PART]->(s:Scope)
WHERE y.side = 1 AND y.capped = 1
WITH y, p, s
OPTIONAL MATCH (y)-[c:CAP]->(s)
WITH y, p, s, coalesce(c.discover, 0) AS d, coalesce(c.read, 0) AS r, coalesce(c.write, 0) AS w, coalesce(c.manage, 0) AS m
MATCH (y)-[:SIDE]->(x:Actor)
RETURN x.id, s.id, p.tier, p.hops, p.subtree, CASE WHEN p.discover > d THEN d ELSE p.discover END, CASE WHEN p.read > r THEN r ELSE p.read END,
  CASE WHEN p.write > w THEN w ELSE p.write END, CASE WHEN p.manage > m THEN m ELSE p.manage END, p.reason, p.rank, p.path, p.grant, p.regrant
