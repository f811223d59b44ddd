// rule: later
// derives: LATER
// per: agents
// when: PART
// why: whoever changes permissions at a place can give itself the rest there and below, whatever is denied deeper down:
// latent, one step more. WITH as in nested.
MATCH (x:Actor)-[:MARK]->(s:Scope)-[b:ABOVE|OVER]->(y:Scope)
WITH x, s, b, y
MATCH (x)-[p:PART]->(y)
WHERE p.manage > 1 AND (p.subtree = 1 OR b.level = 0)
RETURN x.id, s.id, 4, p.hops + 1, p.subtree, p.manage, 0 + p.manage, p.manage + 0, 0, p.reason,
  p.rank + 1000000 + 1000 * b.level, p.path, p.grant, 1
