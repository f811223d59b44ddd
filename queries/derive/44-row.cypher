// rule: row
// derives: ROW
// per: agents
// why: over paths a right is the best of them (Kleene OR), the witness the shortest, then the smallest.
MATCH (a:Agent)-[p:PART]->(x:Scope)
RETURN a.id, x.id, p.tier, min(p.hops), max(p.subtree), max(p.discover), max(p.read), max(p.write), max(p.manage),
  max(p.reason), min(p.steps), min(p.path)
