// rule: calls
// derives: CALLS
// per: agents
// when: INVOKES
// why: an agent that calls another one, which acts with rights of its own, borrows these; also at second hand. A call with
// the caller's token adds nothing, and a disabled agent lends nothing. `far` has a mark a call.
MATCH (a:Agent)-[c:INVOKES]->(b:Agent)
WHERE c.mode = 'own' AND a.code >= $from AND a.code < $to AND a.id <> b.id AND (b.status IS NULL OR b.status <> 'disabled')
RETURN DISTINCT a.id, b.id, 1, '~'
// next level
MATCH (a:Agent)-[k:CALLS]->(b:Agent)-[c:INVOKES]->(e:Agent)
WHERE k.level = $level AND c.mode = 'own' AND a.id <> e.id AND (e.status IS NULL OR e.status <> 'disabled')
WITH a, e, min(k.far) AS far
OPTIONAL MATCH (a)-[known:CALLS]->(e)
WITH a, e, far, count(known) AS before
WHERE before = 0
RETURN a.id, e.id, $level + 1, '~' + far
