// rule: through
// derives: THROUGH
// per: agents
// when: DRAWN
// why: which copy the witness of a row goes through, if it does: as long, by the same grant, and giving what the row shows.
MATCH (x:Actor)-[d:DRAWN]->(s:Scope)<-[b:ABOVE|OVER]-(q:Scope)
WITH x, d, b, q
MATCH (x)-[v:WITNESS]->(q)
WHERE v.tier = d.tier AND v.rank = d.rank + 1000 * b.level AND coalesce(v.grant, -1) = coalesce(d.grant, -1) AND v.who = d.who
WITH x, q, d
MATCH (x)-[r:SHOWN]->(q)
WHERE r.tier = d.tier AND ((r.read > 1 AND d.read > 1) OR (r.read = 1 AND d.read = 1))
WITH x, q, d.tier AS tier, min(d.copy) AS copy, max(d.embedded) AS embedded
MATCH (t:Scope)
WHERE t.code = copy
RETURN x.id, q.id, tier, t.id, embedded
