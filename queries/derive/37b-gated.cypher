// rule: gated
// derives: GATED
// per: agents
// when: FENCE
// why: the strictest of them decides.
MATCH (x:Actor)-[f:FENCE]->(s:Scope)
RETURN x.id, s.id, max(f.network), max(f.lock), max(f.stop)
