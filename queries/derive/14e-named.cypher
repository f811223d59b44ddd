// rule: named
// derives: NAMED
// when: PERMITS
// why: whoever is named by a deny, a policy with exclusions, a rule on a label, groups that must be had together or a consent of
// their own. These tell the persons of an audience apart, and so does how strictly other policies bind them (tells). What binds no
// place where a consent holds tells nobody apart.
MATCH (p:Principal)-[:DENIED]->(:Scope)-[:SERVED]->(:Scope)
WHERE p.id <> 'everyone'
RETURN DISTINCT p.id, p.id
// and when: DENIED
MATCH (:Principal)-[d:DENIED]->(:Scope)-[:SERVED]->(:Scope)
WHERE d.excluded IS NOT NULL
UNWIND d.excluded AS id
WITH DISTINCT id
MATCH (p:Principal)
WHERE p.id = id AND id <> 'everyone'
RETURN p.id, p.id
// and when: PICKY
// What asks for a second factor or names applications tells nobody apart.
MATCH (p:Principal)<-[:APPLIES_TO]-(k:Policy)-[:PICKY]->(k)
WHERE p.id <> 'everyone'
WITH DISTINCT p, k
MATCH (k)-[:GATES]->(:Scope)-[:SERVED]->(:Scope)
RETURN DISTINCT p.id, p.id
// and when: GATES
// A rule on a label keeps content out of the answers of those whom it names, and of nobody else.
MATCH (p:Principal)<-[:APPLIES_TO]-(k:Policy)-[:GATES]->(:Label)
WHERE p.id <> 'everyone' AND k.kind = 'Dlp' AND k.effect = 'block' AND (k.state IS NULL OR k.state = 'enabled')
RETURN DISTINCT p.id, p.id
// and when: LIST_GRANT
MATCH (:Principal)-[g:LIST_GRANT]->(:Scope)-[:SERVED]->(:Scope)
WHERE g.narrow = 1
UNWIND g.together + g.excluded AS id
WITH DISTINCT id
MATCH (p:Principal)
WHERE p.id = id AND id <> 'everyone'
RETURN p.id, p.id
// and
MATCH (:Principal)-[k:PERMITS]->(:Scope)
WITH DISTINCT k.user AS id
MATCH (p:Principal)
WHERE p.id = id
RETURN p.id, p.id
