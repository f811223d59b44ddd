// rule: keyed
// derives: KEYED
// per: agents
// why: a key action on the account opens the whole account, unless it refuses keys (reach.md 4.7; data reference, 5.1).
MATCH (a:Agent)-[q:POINT]->(y:Scope)<-[b:ABOVE]-(x:Scope)
WHERE q.keys > 1 AND x.kind = 'StorageAccount' AND (x.sharedKey IS NULL OR x.sharedKey)
RETURN a.id, x.id, q.tier, q.hops, q.levels, max(q.keys), max(q.reason),
  min(CAST(CAST(substring(q.path, 1, 3) AS INT64) + b.level AS STRING) + substring(q.path, 4, 4000))
