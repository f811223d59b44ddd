// rule: cleared
// derives: CLEARED
// per: agents
// when: GUARDED
// why: an encrypting label opens for those whom its usage rights name (data reference, 2.4). A key names nobody.
MATCH (x:Actor)-[i:STANDS_FOR]->(p:Principal)-[r:LABEL_RIGHTS]->(l:Label)
WHERE i.tier = 1 AND x.mode <> 'key'
RETURN x.whole, l.id, max(CASE WHEN r.view THEN 1 ELSE 0 END), max(CASE WHEN r.view AND r.extract THEN 1 ELSE 0 END)
// and when: CARRIES
// Who may use an agent that carries content need not be followed otherwise: those whom the label names are asked.
MATCH (a:Agent)-[:CARRIES]->(:Scope)
WITH DISTINCT a
MATCH (a)<-[:MAY_USE]-(p:Principal)-[r:LABEL_RIGHTS]->(l:Label)
WHERE p.enabled IS NULL OR p.enabled
WITH a, l, max(CASE WHEN r.view THEN 1 ELSE 0 END) AS view, max(CASE WHEN r.view AND r.extract THEN 1 ELSE 0 END) AS extract
MATCH (x:Actor)
WHERE x.agent = a.id AND x.mode = 'on-behalf-of' AND x.side = 0
OPTIONAL MATCH (x)<-[:SIDE]-(y:Actor)
WITH x, l, view, extract, count(y) AS sides
WHERE sides = 0
RETURN x.id, l.id, view, extract
