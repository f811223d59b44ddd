// rule: singled
// derives: SINGLED
// when: PERMITS
// why: persons whom a deny, a policy, groups that must be had together or a consent of their own tells apart from others. Who
// may use an agent may be everybody: all whom nothing tells apart are followed together, since over an audience the best of
// all counts. Up to here the principals that are named, then whoever is in one of them.
MATCH (p:Principal)-[:DENIED]->(:Scope)
WHERE p.id <> 'everyone'
RETURN DISTINCT p.id, p.id, 1
// and when: DENIED
MATCH (:Principal)-[d:DENIED]->(:Scope)
WHERE d.excluded IS NOT NULL
UNWIND d.excluded AS id
WITH DISTINCT id
MATCH (p:Principal)
WHERE p.id = id AND id <> 'everyone'
RETURN p.id, p.id, 1
// and when: GATES
MATCH (p:Principal)<-[:APPLIES_TO]-(:Policy)
WHERE p.id <> 'everyone'
RETURN DISTINCT p.id, p.id, 1
// and when: LIST_GRANT
MATCH (:Principal)-[g:LIST_GRANT]->(:Scope)
WHERE g.narrow = 1
UNWIND g.together + g.excluded AS id
WITH DISTINCT id
MATCH (p:Principal)
WHERE p.id = id AND id <> 'everyone'
RETURN p.id, p.id, 1
// and
MATCH (:Principal)-[k:PERMITS]->(:Scope)
WITH DISTINCT k.user AS id
MATCH (p:Principal)
WHERE p.id = id
RETURN p.id, p.id, 1
// and when: SINGLED
MATCH (e:Principal)-[:SINGLED]->(e)
WHERE e.id = 'everyone-except-external'
WITH DISTINCT e
MATCH (p:Principal)
WHERE p.kind IN ['User', 'Guest', 'AgentUser']
RETURN p.id, p.id, 1
// next level unless: JOINS
MATCH (g:Principal)-[q:SINGLED]->(g)
WHERE q.level = $level
WITH DISTINCT g
MATCH (g)<-[:MEMBER_OF]-(p:Principal)
WITH DISTINCT p
OPTIONAL MATCH (p)-[known:SINGLED]->(p)
WITH p, count(known) AS before
WHERE before = 0
RETURN p.id, p.id, $level + 1
// next level when: JOINS
MATCH (g:Principal)-[q:SINGLED]->(g)
WHERE q.level = $level
WITH DISTINCT g
MATCH (g)<-[:MEMBER_OF|JOINS]-(p:Principal)
WITH DISTINCT p
OPTIONAL MATCH (p)-[known:SINGLED]->(p)
WITH p, count(known) AS before
WHERE before = 0
RETURN p.id, p.id, $level + 1
