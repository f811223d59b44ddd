// rule: mark
// derives: MARK
// per: agents
// why: the places that need more than their own grant: special ones, and those above or below another.
MATCH (a:Agent)-[c:CANDIDATE]->(x:Scope)
WITH a, x, max(c.special) AS special
OPTIONAL MATCH (a)-[n:NESTED]->(x)
WITH a, x, special, count(n) AS nested
WHERE special + nested > 0
RETURN a.id, x.id
