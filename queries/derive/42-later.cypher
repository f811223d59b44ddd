// rule: later
// derives: LATER
// per: agents
// when: PART
// why: whoever changes permissions at a place can give itself the rest there and below, whatever is denied deeper down:
// latent, one step more. WITH as in nested.
MATCH (x:Actor)-[p:PART]->(:Scope)
WHERE p.manage > 1 AND x.capped = 0
WITH DISTINCT x
MATCH (x)-[m:MARK]->(s:Scope)-[b:ABOVE|OVER]->(y:Scope)
WHERE m.shut = 0
WITH x, s, b, y
MATCH (x)-[p:PART]->(y)
WHERE p.manage > 1 AND (p.subtree = 1 OR b.level = 0)
RETURN x.id, s.id, 4, p.hops + 1, p.subtree, p.manage, 0 + p.manage, p.manage + 0, 0, p.reason,
  p.rank + 1000000 + 1000 * b.level, p.path, p.grant, 1, ''
// and when: GATED
// Policies bind what the agent does itself; a lock binds everybody. What is then nothing ends what is given further up.
MATCH (x:Actor)-[p:PART]->(:Scope)
WHERE p.manage > 1 AND x.capped = 0
WITH DISTINCT x
MATCH (x)-[e:GATED]->(s:Scope)-[b:ABOVE|OVER]->(y:Scope)
WITH x, s, b, y, e.lock AS lock, e.stop AS stop
MATCH (x)-[p:PART]->(y)
WHERE p.manage > 1 AND (p.subtree = 1 OR b.level = 0)
WITH x, s, b, p, lock, CASE WHEN lock = 2 OR (stop = 2 AND p.hops = 0) THEN 0 ELSE p.manage END AS manage
RETURN x.id, s.id, 4, p.hops + 1, p.subtree, manage, 0 + manage, CASE WHEN lock > 0 THEN 0 ELSE manage END, 0, p.reason,
  p.rank + 1000000 + 1000 * b.level, p.path, p.grant, 1, ''
// and when: CAP
// Consents limit what is changed and what is used.
MATCH (x:Actor)-[p:PART]->(:Scope)
WHERE p.manage > 1 AND x.capped = 1
WITH DISTINCT x
MATCH (x)-[m:MARK]->(s:Scope)-[b:ABOVE|OVER]->(y:Scope)
WITH x, s, b, y
MATCH (x)-[p:PART]->(y)
WHERE p.manage > 1 AND (p.subtree = 1 OR b.level = 0)
WITH x, s, b, y, p
MATCH (x)-[c:CAP]->(y)
WHERE c.manage > 1
OPTIONAL MATCH (x)-[e:GATED]->(s)
WITH x, s, b, p, coalesce(e.lock, 0) AS lock, coalesce(e.stop, 0) AS stop, CASE WHEN p.manage > c.manage THEN c.manage ELSE p.manage END AS least
WITH x, s, b, p, lock, CASE WHEN lock = 2 OR (stop = 2 AND p.hops = 0) THEN 0 ELSE least END AS manage
RETURN x.id, s.id, 4, p.hops + 1, p.subtree, manage, 0 + manage, CASE WHEN lock > 0 THEN 0 ELSE manage END, 0, p.reason,
  p.rank + 1000000 + 1000 * b.level, p.path, p.grant, 1, ''
