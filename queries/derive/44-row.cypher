// rule: row
// derives: ROW
// per: agents
// why: over paths a right is the best of them (Kleene OR).
MATCH (a:Agent)-[p:PART]->(x:Scope)
RETURN a.id, x.id, p.tier, max(p.subtree), max(p.discover), max(p.read), max(p.write), max(p.manage), min(p.path)
