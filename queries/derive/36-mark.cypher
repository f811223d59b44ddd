// rule: mark
// derives: MARK
// per: agents
// why: rights change only where something is granted, denied or opened by a key, and just below a deny that binds
// its own scope alone.
MATCH (a:Agent)-[q:POINT]->(x:Scope)
RETURN DISTINCT a.id, x.id
// and
MATCH (a:Agent)-[q:KEYED]->(x:Scope)
OPTIONAL MATCH (a)-[m:MARK]->(x)
WITH a, x, count(m) AS marked
WHERE marked = 0
RETURN a.id, x.id
// and when: DENIED
MATCH (a:Agent)-[d:DENIES]->(x:Scope)
OPTIONAL MATCH (a)-[m:MARK]->(x)
WITH a, x, count(m) AS marked
WHERE marked = 0
RETURN a.id, x.id
// and when: DENIED
MATCH (a:Agent)-[d:DENIES]->(:Scope)<-[:WITHIN]-(x:Scope)
WHERE d.children = 0
OPTIONAL MATCH (a)-[m:MARK]->(x)
WITH a, x, count(m) AS marked
WHERE marked = 0
RETURN a.id, x.id
// and when: BOTH
MATCH (a:Agent)-[q:LISTED]->(x:Scope)
OPTIONAL MATCH (a)-[m:MARK]->(x)
WITH a, x, count(m) AS marked
WHERE marked = 0
RETURN a.id, x.id
