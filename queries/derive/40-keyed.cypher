// rule: keyed
// derives: KEYED
// per: agents
// when: POINT
// why: a key action on the account opens the whole account, unless the account refuses keys (data reference, 5.1). A deny of
// one key action leaves the others.
MATCH (x:Actor)-[q:POINT]->(z:Scope)<-[b:ABOVE]-(y:Scope)
WHERE q.opens = 1 AND y.kind = 'StorageAccount' AND (y.sharedKey IS NULL OR y.sharedKey)
OPTIONAL MATCH (x)-[t:TAKEN]->(y)
WITH x, q, b, y,
  CASE WHEN q.bound = 1 AND t.listKeys = 1 THEN 0 ELSE q.listKeys END AS listKeysLeft,
  CASE WHEN q.bound = 1 AND t.regenerateKey = 1 THEN 0 ELSE q.regenerateKey END AS regenerateKeyLeft,
  CASE WHEN q.bound = 1 AND t.accountSas = 1 THEN 0 ELSE q.accountSas END AS accountSasLeft,
  CASE WHEN q.bound = 1 AND t.serviceSas = 1 THEN 0 ELSE q.serviceSas END AS serviceSasLeft
WITH x, q, b, y, CASE WHEN listKeysLeft > 0 THEN listKeysLeft WHEN regenerateKeyLeft > 0 THEN regenerateKeyLeft
  WHEN accountSasLeft > 0 THEN accountSasLeft ELSE serviceSasLeft END AS sure
WHERE sure > 0
RETURN x.id, y.id, q.tier, q.hops, sure, q.reason, q.rank + 1000 * b.level, q.path, q.grant
