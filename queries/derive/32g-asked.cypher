// rule: asked
// derives: ASKED
// per: agents
// when: ALIKE
// why: the same in short: in which places the request decides, and in which an actor may do nothing.
MATCH (x:Actor)-[a:ALIKE]->(z:Scope)
RETURN x.id, x.id, collect(CASE a.stop WHEN 1 THEN z.code ELSE '-' END), collect(CASE a.stop WHEN 2 THEN z.code ELSE '-' END)
