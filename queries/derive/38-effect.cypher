// rule: effect
// derives: EFFECT
// per: agents
// why: what stands above holds below: a place has the sum of its own containment grants and all above it. WITH keeps the
// triangle from being one pattern, whose join brings the embedded engine down on some small graphs.
MATCH (a:Agent)-[:MARK]->(x:Scope)-[b:ABOVE]->(y:Scope)
WITH a, x, y, b
MATCH (a)-[q:POINT]->(y)
RETURN a.id, x.id, q.tier, min(q.hops),
  max(q.see), max(q.read), max(q.write), max(q.add), max(q.delete), max(q.setAcl), max(q.own),
  max(q.listKeys), max(q.regenerateKey), max(q.accountSas), max(q.serviceSas), max(q.assign),
  max(q.reason), min(q.steps + b.level),
  min(CAST(100 + q.steps + b.level AS STRING) + substring(q.path, 4, 4000))
