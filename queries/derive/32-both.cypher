// rule: both
// derives: BOTH
// per: agents
// why: agents for which access lists and containment grants have to be added up.
MATCH (a:Agent)-[:POINT]->(y:Scope)-[:MIXED]->(y)
RETURN DISTINCT a.id, a.id
