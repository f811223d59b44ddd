// rule: cleared
// derives: CLEARED
// per: agents
// when: GUARDED
// why: an encrypting label opens for those whom its usage rights name (data reference, 2.4). A key names nobody. Everyone means
// persons, and never an application.
MATCH (x:Actor)-[i:STANDS_FOR]->(p:Principal)-[r:LABEL_RIGHTS]->(l:Label)
WHERE i.tier = 1 AND x.mode <> 'key' AND (i.direct = 1 OR NOT p.id IN ['everyone', 'everyone-except-external'])
RETURN x.whole, l.id, max(CASE WHEN r.view THEN 1 ELSE 0 END), max(CASE WHEN r.view AND r.extract THEN 1 ELSE 0 END)
// and when: STRANGERS
// Who may use an agent that carries content need not be followed otherwise: those whom the label names are asked.
MATCH (x:Actor)-[:STRANGERS]->(x)
WHERE x.mode = 'on-behalf-of'
WITH x, x.agent AS agent
MATCH (a:Agent)<-[:MAY_USE]-(p:Principal)-[r:LABEL_RIGHTS]->(l:Label)
WHERE a.id = agent AND (p.enabled IS NULL OR p.enabled)
RETURN x.id, l.id, max(CASE WHEN r.view THEN 1 ELSE 0 END), max(CASE WHEN r.view AND r.extract THEN 1 ELSE 0 END)
