// rule: joins
// derives: JOINS
// why: eligible for a membership (PIM), or free to request a package that confers it: a membership that is potential. A package
// counts as one step, the request.
MATCH (p:Principal)-[e:ELIGIBLE_FOR]->(g:Principal)
WHERE (e.expires IS NULL OR e.expires > $time) AND p.id <> g.id
RETURN DISTINCT p.id, g.id, 'potential'
// and when: CONFERS
MATCH (p:Principal)-[:CAN_REQUEST]->(:AccessPackage)-[:CONFERS]->(g:Principal)
WHERE p.id <> g.id
RETURN DISTINCT p.id, g.id, 'potential'
