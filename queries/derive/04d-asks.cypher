// rule: asks
// derives: ASKS
// per: agents
// when: EMBEDS
// why: an agent that calls another one, with whose rights ever, gets at what that one carries in itself; also at second hand. A
// disabled one does not answer.
MATCH (a:Agent)-[:INVOKES]->(b:Agent)
WHERE a.code >= $from AND a.code < $to AND a.id <> b.id AND (a.status IS NULL OR a.status <> 'disabled')
  AND (b.status IS NULL OR b.status <> 'disabled')
RETURN DISTINCT a.id, b.id, 1
// next level
MATCH (a:Agent)-[k:ASKS]->(:Agent)-[:INVOKES]->(e:Agent)
WHERE k.level = $level AND a.id <> e.id AND (e.status IS NULL OR e.status <> 'disabled')
WITH DISTINCT a, e
OPTIONAL MATCH (a)-[known:ASKS]->(e)
WITH a, e, count(known) AS before
WHERE before = 0
RETURN a.id, e.id, $level + 1
