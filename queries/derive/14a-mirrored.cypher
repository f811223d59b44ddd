// rule: mirrored
// derives: MIRRORED
// when: COPIED_TO
// why: who reads a copy reads what it is a copy of, and what that holds of other places; so copies of copies count. What was copied
// back holds more than the place itself lets read: all below. `level` counts relationships; what is shorter may be found later.
MATCH (s:Scope)-[:COPIED_TO]->(t:Scope)
RETURN DISTINCT s.id, t.id, 1, 1
// next level
MATCH (s:Scope)-[k:MIRRORED]->(:Scope)-[b:ABOVE]->(:Scope)-[:COPIED_TO]->(t:Scope)
WHERE k.round = $level
WITH s, t, min(k.level + b.level + 1) AS level
OPTIONAL MATCH (s)-[known:MIRRORED]->(t)
WITH s, t, level, min(coalesce(known.level, 1000000)) AS before
WHERE level < before
RETURN s.id, t.id, level, $level + 1
