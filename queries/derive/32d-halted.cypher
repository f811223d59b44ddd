// rule: halted
// derives: HALTED
// per: agents
// when: HALTS
// why: where policies block an actor: the strictest of those on one place decides.
MATCH (x:Actor)-[h:HALTS]->(k:Policy)-[:GATES]->(z:Scope)
WHERE k.state IS NULL OR k.state = 'enabled'
RETURN x.id, z.id, max(h.stop)
