// rule: spot
// derives: SPOT
// why: the places at which containment may change anybody's rights: grants, denies and what lies just below a deny that
// binds its scope alone, accounts if somebody may get at keys, places where something besides grants or a consent decides, copies
// and what they are copies of.
MATCH (:Principal)-[:GRANT]->(s:Scope)
RETURN DISTINCT s.id, s.id
// and when: DENIED
MATCH (:Principal)-[:DENIED]->(s:Scope)
RETURN DISTINCT s.id, s.id
// and when: DENIED
MATCH (:Principal)-[d:DENIED]->(:Scope)<-[:WITHIN]-(s:Scope)
WHERE d.children = false
RETURN DISTINCT s.id, s.id
// and
MATCH (:Principal)-[g:GRANT]->(:Scope)
WITH max(g.opens) AS opens
MATCH (s:Scope)
WHERE opens = 1 AND s.kind = 'StorageAccount' AND (s.sharedKey IS NULL OR s.sharedKey)
RETURN DISTINCT s.id, s.id
// and when: GATE
MATCH (s:Scope)-[:GATE]->(s)
RETURN DISTINCT s.id, s.id
// and when: GATES
MATCH (:Policy)-[:GATES]->(s:Scope)
RETURN DISTINCT s.id, s.id
// and when: PERMITS
MATCH (:Principal)-[:PERMITS]->(s:Scope)
RETURN DISTINCT s.id, s.id
// and when: COPIED_TO
MATCH (s:Scope)-[:COPIED_TO]->(:Scope)
RETURN DISTINCT s.id, s.id
// and when: COPIED_TO
MATCH (:Scope)-[:COPIED_TO]->(s:Scope)
RETURN DISTINCT s.id, s.id
// and when: EMBEDS
MATCH (:Agent)-[:EMBEDS]->(s:Scope)
RETURN DISTINCT s.id, s.id
