// rule: blind
// derives: BLIND
// when: CONCERNS
// why: a gap concerns what lies below it and whatever includes it from above.
MATCH (u:Unread)-[:CONCERNS]->(s:Scope)<-[b:ABOVE]-(x:Scope)
WITH x, max(u.rank) AS rank, max(u.denies) AS denies, collect(DISTINCT u.step) AS steps
RETURN x.id, x.id, rank, denies, steps
// and
MATCH (u:Unread)-[:CONCERNS]->(s:Scope)-[b:ABOVE]->(x:Scope)
WHERE b.level > 0
OPTIONAL MATCH (x)-[known:BLIND]->(x)
WITH x, u, known
WHERE known.rank IS NULL
WITH x, max(u.rank) AS rank, max(u.denies) AS denies, collect(DISTINCT u.step) AS steps
RETURN x.id, x.id, rank, denies, steps
