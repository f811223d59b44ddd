// rule: keyed
// derives: KEYED
// per: agents
// why: a key action on the account opens the whole account, unless it refuses keys (reach.md 4.7; data reference, 5.1).
MATCH (a:Agent)-[q:POINT]->(y:Scope)<-[b:ABOVE]-(x:Scope)
WHERE (q.listKeys > 1 OR q.regenerateKey > 1 OR q.accountSas > 1 OR q.serviceSas > 1)
  AND x.kind = 'StorageAccount' AND (x.sharedKey IS NULL OR x.sharedKey)
RETURN a.id, x.id, q.tier, min(q.hops), max(q.listKeys), max(q.regenerateKey), max(q.accountSas), max(q.serviceSas),
  max(q.reason), min(q.steps + b.level), min(CAST(100 + q.steps + b.level AS STRING) + substring(q.path, 4, 4000))
