// rule: row
// derives: ROW
// per: agents
// when: PART
// why: over paths a right is the best of them (Kleene OR). What one identity has counts with the whole actor.
MATCH (x:Actor)-[p:PART]->(s:Scope)
WHERE x.side = 0
RETURN x.id, s.id, p.tier, max(p.subtree), max(p.discover), max(p.read), max(p.write), max(p.manage)
