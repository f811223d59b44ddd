// rule: carries
// derives: CARRIES
// per: agents
// when: EMBEDS
// why: an agent reads what is embedded in it, whatever protects the source (data reference, 2.4); what is embedded in agents that
// it calls; and what any of that is a copy of.
MATCH (a:Agent)-[:EMBEDS]->(e:Scope)
WHERE a.code >= $from AND a.code < $to AND (a.status IS NULL OR a.status <> 'disabled')
RETURN DISTINCT a.id, e.id, '', 1, e.code
// and when: ASKS
MATCH (a:Agent)-[k:ASKS]->(b:Agent)-[:EMBEDS]->(e:Scope)
RETURN DISTINCT a.id, e.id, b.id, k.level + 1, e.code
// and when: MIRRORED
MATCH (a:Agent)-[c:CARRIES]->(e:Scope)<-[b:ABOVE]-(m:Scope)<-[k:MIRRORED]-(s:Scope)
RETURN a.id, s.id, c.via, min(c.level + b.level + k.level), c.copy
