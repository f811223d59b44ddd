// rule: mixed
// derives: MIXED
// when: LISTS
// why: containment grants with access lists below them: there, and nowhere else, the two are added up.
MATCH (y:Scope)-[:LISTS]->(y)
WITH DISTINCT y
MATCH (y)<-[:GRANT]-(:Principal)
RETURN DISTINCT y.id, y.id
