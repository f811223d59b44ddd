// rule: candidate
// derives: CANDIDATE
// per: agents
// why: rights may change where something is granted, denied or opened by a key, and just below a deny that binds its own
// scope alone or an access list that is not handed on. `special`: more than one plain grant of today stands there.
MATCH (a:Agent)-[q:POINT]->(x:Scope)
WITH a, x, count(q) AS points, max(q.tier) AS tier, max(q.keys) AS keys, max(q.manage) AS manage
RETURN a.id, x.id, CASE WHEN points > 1 OR tier > 1 OR keys > 1 OR manage > 1 THEN 1 ELSE 0 END
// and
MATCH (a:Agent)-[:KEYED]->(x:Scope)
RETURN DISTINCT a.id, x.id, 1
// and
MATCH (a:Agent)-[:LISTED]->(x:Scope)
RETURN DISTINCT a.id, x.id, 1
// and when: BOTH
MATCH (a:Agent)-[:BOTH]->(a)
WITH a
MATCH (a)-[:LISTED]->(:Scope)<-[:WITHIN]-(x:Scope)
RETURN DISTINCT a.id, x.id, 1
// and when: DENIED
MATCH (a:Agent)-[:DENIES]->(x:Scope)
RETURN DISTINCT a.id, x.id, 1
// and when: DENIED
MATCH (a:Agent)-[d:DENIES]->(:Scope)<-[:WITHIN]-(x:Scope)
WHERE d.children = 0
RETURN DISTINCT a.id, x.id, 1
