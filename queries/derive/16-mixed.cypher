// rule: mixed
// derives: MIXED
// when: LIST_GRANT
// why: containment grants with access lists below them: there, and nowhere else, the two are added up.
MATCH (:Scope)<-[:INHERITED]-(s:Scope)
WITH DISTINCT s
MATCH (s)-[:ABOVE]->(y:Scope)
WITH DISTINCT y
MATCH (y)<-[:GRANT]-(:Principal)
RETURN DISTINCT y.id, y.id
