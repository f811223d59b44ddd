// rule: blind
// derives: BLIND
// when: CONCERNS
// why: a gap concerns what lies below it and whatever includes it from above; a place may lie between two.
MATCH (u:Unread)-[:CONCERNS]->(s:Scope)-[b:ABOVE]-(x:Scope)
WITH x, max(u.rank) AS rank, max(u.denies) AS denies, collect(DISTINCT u.step) AS steps
RETURN x.id, x.id, rank, denies, steps
