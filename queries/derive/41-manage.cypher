// rule: manage
// derives: LATER
// per: agents
// why: whoever changes permissions at a place can give itself the rest there and below, whatever is denied deeper down:
// latent, one step more (reach.md 4.5). WITH as in nested.
MATCH (a:Agent)-[:MARK]->(x:Scope)-[b:ABOVE]->(y:Scope)
WITH a, x, b, y
MATCH (a)-[p:PART]->(y)
WHERE p.manage > 1 AND (p.subtree = 1 OR b.level = 0)
RETURN a.id, x.id, 4, p.hops + 1, p.subtree, p.manage, p.manage, p.manage, 0, p.reason,
  CAST(CAST(substring(p.path, 1, 3) AS INT64) + b.level AS STRING) + substring(p.path, 4, 4000)
