// rule: both
// derives: BOTH
// per: agents
// when: MIXED
// why: actors for which access lists and containment grants have to be added up.
MATCH (x:Actor)-[i:STANDS_FOR]->(p:Principal)-[g:GRANT]->(y:Scope)-[:MIXED]->(y)
WHERE g.app = 0 OR i.direct = 1
RETURN DISTINCT x.id, x.id
