// rule: touches
// derives: TOUCHES
// why: granted places, and what else than a grant decides at, below or above them. Deny assignments and policies often name
// everyone, and whom each concerns, times all places, is far more than who has something there.
// and when: DENIED
MATCH (s:Scope)<-[:DENIED]-(:Principal)
WITH DISTINCT s
MATCH (s)-[:ABOVE]->(y:Scope)
WITH s, y
MATCH (y)<-[:GRANT]-(:Principal)
RETURN DISTINCT y.id, s.id, 0
// and when: DENIED
MATCH (s:Scope)<-[:DENIED]-(:Principal)
WITH DISTINCT s
MATCH (y:Scope)-[b:ABOVE]->(s)
WHERE b.level > 0
WITH s, y
MATCH (y)<-[:GRANT]-(:Principal)
RETURN DISTINCT y.id, s.id, 0
// and when: GATE
MATCH (s:Scope)-[:GATE]->(s)
WITH DISTINCT s
MATCH (s)-[:ABOVE]->(y:Scope)
WITH s, y
MATCH (y)<-[:GRANT]-(:Principal)
RETURN DISTINCT y.id, s.id, 1
// and when: GATES
MATCH (s:Scope)<-[:GATES]-(:Policy)
WITH DISTINCT s
MATCH (s)-[:ABOVE]->(y:Scope)
WITH s, y
MATCH (y)<-[:GRANT]-(:Principal)
RETURN DISTINCT y.id, s.id, 2
