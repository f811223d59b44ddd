// rule: part-drawn
// derives: PART
// per: agents
// when: DRAWN
// why: and these rights count like any other part, at their place and below.
MATCH (x:Actor)-[d:DRAWN]->(s:Scope)
RETURN x.id, s.id, d.tier, d.hops, 1, d.read, 0 + d.read, 0, 0 * 1, d.reason, d.rank, d.path, d.grant, d.regrant, d.who
// and
MATCH (x:Actor)-[:MARK]->(q:Scope)-[b:ABOVE|OVER]->(s:Scope)
WHERE b.level > 0
WITH x, q, b, s
MATCH (x)-[d:DRAWN]->(s)
RETURN x.id, q.id, d.tier, d.hops, 1, d.read, 0 + d.read, 0, 0 * 1, d.reason, d.rank + 1000 * b.level, d.path, d.grant, d.regrant, d.who
// and when: SIDE
MATCH (y:Actor)-[:MARK]->(q:Scope)
WITH y, q
MATCH (y)-[:SIDE]->(x:Actor)
WITH DISTINCT x, q
MATCH (q)-[b:ABOVE|OVER]->(s:Scope)
WHERE b.level > 0
WITH x, q, b, s
MATCH (x)-[d:DRAWN]->(s)
RETURN x.id, q.id, d.tier, d.hops, 1, d.read, 0 + d.read, 0, 0 * 1, d.reason, d.rank + 1000 * b.level, d.path, d.grant, d.regrant, d.who
