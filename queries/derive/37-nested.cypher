// rule: nested
// derives: NESTED
// per: agents
// why: two places of one agent, one above the other, have to be seen together. WITH keeps the triangle from being one
// pattern, whose join brings the embedded engine down on some small graphs.
MATCH (a:Agent)-[:CANDIDATE]->(x:Scope)-[b:ABOVE]->(y:Scope)
WHERE b.level > 0
WITH DISTINCT a, x, y
MATCH (a)-[:CANDIDATE]->(y)
RETURN DISTINCT a.id, x.id
// and
MATCH (a:Agent)-[:NESTED]->(x:Scope)-[b:ABOVE]->(y:Scope)
WHERE b.level > 0
WITH DISTINCT a, y
MATCH (a)-[:CANDIDATE]->(y)
RETURN DISTINCT a.id, y.id
