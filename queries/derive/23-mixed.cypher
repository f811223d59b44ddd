// rule: mixed
// derives: MIXED
// why: on few planes do containment grants and access lists meet; everywhere else access lists need no sum.
MATCH (:Principal)-[:LIST_GRANT]->(s:Scope)
WITH DISTINCT coalesce(s.plane, '') AS plane
MATCH (:Principal)-[:GRANT]->(y:Scope)
WHERE coalesce(y.plane, '') = plane
RETURN DISTINCT y.id, y.id
