// rule: actor
// derives: Actor
// per: agents
// why: an agent acts in several ways, and the rights of one never mix with those of another: an actor is the agent in one
// mode. A disabled agent acts in none (identity reference, 9.5).
MATCH (a:Agent)-[s:ACTS_AS]->(p:Principal)
WHERE s.mode = 'app' AND a.code >= $from AND a.code < $to AND (a.status IS NULL OR a.status <> 'disabled')
RETURN DISTINCT a.id + ' ' + s.mode, a.id, s.mode, NULL, a.code
