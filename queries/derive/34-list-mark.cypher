// rule: list-mark
// derives: LIST_MARK
// per: agents
// why: places at which access lists need more than a plain row: later tiers, and lists that the agent may change, which
// is latent access.
MATCH (a:Agent)-[i:IDENTITY]->(p:Principal)-[g:LIST_GRANT]->(s0:Scope)<-[f:INHERITED]-(s:Scope)
WHERE (g.app = 0 OR i.level = 1) AND (g.tier > 1 OR g.manage > 1)
RETURN DISTINCT a.id, s.id
// and when: CONTROLS
MATCH (a:Agent)-[i:LATENT]->(p:Principal)-[g:LIST_GRANT]->(s0:Scope)<-[f:INHERITED]-(s:Scope)
WHERE g.app = 0 OR i.direct = 1
RETURN DISTINCT a.id, s.id
// and when: POSSIBLE
MATCH (a:Agent)-[i:POSSIBLE]->(p:Principal)-[g:LIST_GRANT]->(s0:Scope)<-[f:INHERITED]-(s:Scope)
WHERE g.app = 0
RETURN DISTINCT a.id, s.id
