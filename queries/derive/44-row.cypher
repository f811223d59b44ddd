// rule: row
// derives: ROW
// per: agents
// when: PART
// why: over paths a right is the best of them (Kleene OR).
MATCH (x:Actor)-[p:PART]->(s:Scope)
RETURN x.id, s.id, p.tier, max(p.subtree), max(p.discover), max(p.read), max(p.write), max(p.manage)
