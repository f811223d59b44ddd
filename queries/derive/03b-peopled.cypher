// rule: peopled
// derives: PEOPLED
// when: PERMITS
// why: consents count where users may have something: at a place that lies in another or has others in it, or where somebody
// holds more than an application permission. Elsewhere nobody need be asked who may use the agent, which may be everybody.
MATCH (:Principal)-[:PERMITS]->(z:Scope)
WITH DISTINCT z
MATCH (z)-[:WITHIN|INHERITS]->(:Scope)
RETURN DISTINCT z.id, z.id
// and
MATCH (:Principal)-[:PERMITS]->(z:Scope)
WITH DISTINCT z
MATCH (z)<-[:WITHIN|INHERITS]-(:Scope)
RETURN DISTINCT z.id, z.id
// and
MATCH (:Principal)-[:PERMITS]->(z:Scope)
WITH DISTINCT z
MATCH (z)<-[g:GRANTED]-(p:Principal)
WHERE (g.source IS NULL OR g.source <> 'app-role' OR p.kind IN ['User', 'Guest', 'AgentUser'])
  AND (g.expires IS NULL OR g.expires > $time)
RETURN DISTINCT z.id, z.id
