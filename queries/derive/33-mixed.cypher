// rule: mixed
// derives: MIXED
// why: on few planes do containment grants and access lists meet; everywhere else access lists need no sum.
MATCH (:Principal)-[g:GRANTED]->(s:Scope)
WHERE g.flow = 'acl'
WITH DISTINCT coalesce(s.plane, '') AS plane
MATCH (:Principal)-[h:GRANTED]->(y:Scope)
WHERE h.flow = 'containment' AND coalesce(y.plane, '') = plane
RETURN DISTINCT y.id, y.id
