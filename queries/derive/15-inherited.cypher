// rule: inherited
// derives: INHERITED
// growth: doubling
// why: grants of people go down INHERITS only; broken inheritance replaces (SharePoint). Level 0 only where something is
// granted.
MATCH (:Principal)-[g:LIST_GRANT]->(s:Scope)
RETURN DISTINCT s.id, s.id, 0
// and
MATCH (s:Scope)-[:INHERITS]->(x:Scope)
WHERE s.id <> x.id
RETURN s.id, x.id, 1
// next level
MATCH (s:Scope)-[b:INHERITED]->(m:Scope)-[d:INHERITED]->(x:Scope)
WHERE b.level = $level AND d.level > 0 AND b.level + d.level <= 1024 AND s.id <> x.id
RETURN s.id, x.id, b.level + d.level
