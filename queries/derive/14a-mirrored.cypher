// rule: mirrored
// derives: MIRRORED
// when: COPIED_TO
// why: who reads a copy reads what it is a copy of, and what that holds of other places; so copies of copies count. What was copied
// back holds more than the place itself lets read: all below. `level` counts relationships; what is shorter may be found later.
MATCH (s:Scope)-[:COPIED_TO]->(t:Scope)
RETURN DISTINCT s.id, t.id, 1
// next level
MATCH (s:Scope)-[k:MIRRORED]->(:Scope)-[b:ABOVE]->(:Scope)-[:COPIED_TO]->(t:Scope)
WITH s, t, min(k.level + b.level + 1) AS level
OPTIONAL MATCH (s)-[known:MIRRORED]->(t)
WITH s, t, level, sum(CASE WHEN known.level <= level THEN 1 ELSE 0 END) AS before
WHERE before = 0
RETURN s.id, t.id, level
