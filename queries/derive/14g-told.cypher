// rule: told
// derives: TOLD
// when: SERVED
// why: who is, or is in, a principal that is named, by the same memberships as in identity.
// and when: NAMED
MATCH (q:Principal)-[:NAMED]->(q)
RETURN DISTINCT q.id, q.id, 1, 1
// and when: AIMED
MATCH (q:Principal)-[:AIMED]->(:Scope)
WITH DISTINCT q
OPTIONAL MATCH (q)-[known:TOLD]->(q)
WITH q, count(known) AS before
WHERE before = 0
RETURN q.id, q.id, 1, 1
// and
MATCH (e:Principal)-[t:TOLD]->(e)
WHERE e.id = 'everyone-except-external'
WITH DISTINCT e
MATCH (p:Principal)
WHERE p.kind IN ['User', 'AgentUser'] AND (p.userType IS NULL OR p.userType <> 'Guest')
RETURN p.id, e.id, 1, 1
// and when: BELONGS
MATCH (e:Principal)-[b:BELONGS]->(q:Principal)
WHERE e.id = 'everyone-except-external'
WITH q, min(b.tier) AS tier
MATCH (q)-[:TOLD]->(q)
WITH DISTINCT q, tier
MATCH (p:Principal)
WHERE p.kind IN ['User', 'AgentUser'] AND (p.userType IS NULL OR p.userType <> 'Guest')
RETURN p.id, q.id, tier, 1
// next level unless: JOINS
MATCH (g:Principal)-[t:TOLD]->(q:Principal)
WHERE t.level = $level AND (g.enabled IS NULL OR g.enabled)
WITH g, t, q
MATCH (g)<-[m:MEMBER_OF]-(p:Principal)
WHERE m.expires IS NULL OR m.expires > $time
WITH p, q, min(CASE WHEN t.tier = 1 AND (m.tier IS NULL OR m.tier = 'now') THEN 1 ELSE 3 END) AS tier
OPTIONAL MATCH (p)-[known:TOLD]->(q)
WHERE known.tier <= tier
WITH p, q, tier, count(known) AS before
WHERE before = 0
RETURN p.id, q.id, tier, $level + 1
// next level when: JOINS
MATCH (g:Principal)-[t:TOLD]->(q:Principal)
WHERE t.level = $level AND (g.enabled IS NULL OR g.enabled)
WITH g, t, q
MATCH (g)<-[m:MEMBER_OF|JOINS]-(p:Principal)
WHERE m.expires IS NULL OR m.expires > $time
WITH p, q, min(CASE WHEN t.tier = 1 AND (m.tier IS NULL OR m.tier = 'now') THEN 1 ELSE 3 END) AS tier
OPTIONAL MATCH (p)-[known:TOLD]->(q)
WHERE known.tier <= tier
WITH p, q, tier, count(known) AS before
WHERE before = 0
RETURN p.id, q.id, tier, $level + 1
