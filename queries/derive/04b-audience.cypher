// rule: audience
// derives: AUDIENCE
// per: agents
// when: PEOPLED
// why: who may use an agent that may act for users where these may have something: persons, and who is in these groups today.
MATCH (a:Agent)-[s:ACTS_AS]->(c:Principal)-[:PERMITS]->(z:Scope)-[:PEOPLED]->(z)
WHERE a.code >= $from AND a.code < $to AND (a.status IS NULL OR a.status <> 'disabled') AND s.mode = 'app'
  AND (c.enabled IS NULL OR c.enabled)
WITH DISTINCT a
MATCH (g:Principal)-[:MAY_USE]->(a)
WHERE g.enabled IS NULL OR g.enabled
RETURN DISTINCT a.id, g.id, 1
// and
MATCH (a:Agent)-[k:AUDIENCE]->(g:Principal)
WHERE g.id IN ['everyone', 'everyone-except-external'] OR g.kind = 'AuthenticatedUsers'
WITH a, max(CASE WHEN g.id <> 'everyone-except-external' THEN 1 ELSE 0 END) AS guests
MATCH (p:Principal)
WHERE (p.kind = 'User' OR (p.kind = 'Guest' AND guests = 1)) AND (guests = 1 OR p.userType IS NULL OR p.userType <> 'Guest')
  AND (p.enabled IS NULL OR p.enabled)
OPTIONAL MATCH (a)-[known:AUDIENCE]->(p)
WITH a, p, count(known) AS before
WHERE before = 0
RETURN a.id, p.id, 1
// and when: BELONGS
// A group that everyone is in is for everyone.
MATCH (a:Agent)-[:AUDIENCE]->(:Principal)<-[b:BELONGS]-(e:Principal)
WHERE b.tier = 1
WITH a, max(CASE WHEN e.id <> 'everyone-except-external' THEN 1 ELSE 0 END) AS guests
MATCH (p:Principal)
WHERE (p.kind = 'User' OR (p.kind = 'Guest' AND guests = 1)) AND (guests = 1 OR p.userType IS NULL OR p.userType <> 'Guest')
  AND (p.enabled IS NULL OR p.enabled)
OPTIONAL MATCH (a)-[known:AUDIENCE]->(p)
WITH a, p, count(known) AS before
WHERE before = 0
RETURN a.id, p.id, 1
// next level
MATCH (a:Agent)-[k:AUDIENCE]->(g:Principal)<-[m:MEMBER_OF]-(p:Principal)
WHERE k.level = $level AND (m.tier IS NULL OR m.tier = 'now') AND (m.expires IS NULL OR m.expires > $time)
  AND (p.enabled IS NULL OR p.enabled)
WITH DISTINCT a, p
OPTIONAL MATCH (a)-[known:AUDIENCE]->(p)
WITH a, p, count(known) AS before
WHERE before = 0
RETURN a.id, p.id, $level + 1
