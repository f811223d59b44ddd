// rule: touches
// derives: TOUCHES
// when: DENIED
// why: grants and the denies at, below and above their places: a deny may concern only whoever has such a grant. Deny assignments
// for everyone are usual, and agents times denied places are many.
MATCH (s:Scope)<-[:DENIED]-(:Principal)
WITH DISTINCT s
MATCH (s)-[:ABOVE]->(y:Scope)
WITH s, y
MATCH (y)<-[:GRANT]-(:Principal)
RETURN DISTINCT y.id, s.id
// and
MATCH (s:Scope)<-[:DENIED]-(:Principal)
WITH DISTINCT s
MATCH (y:Scope)-[b:ABOVE]->(s)
WHERE b.level > 0
WITH s, y
MATCH (y)<-[:GRANT]-(:Principal)
RETURN DISTINCT y.id, s.id
