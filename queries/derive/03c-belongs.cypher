// rule: belongs
// derives: BELONGS
// why: the groups that everyone is in, as SharePoint has them for public sites: by the same memberships as in identity.
MATCH (e:Principal)-[m:MEMBER_OF]->(g:Principal)
WHERE e.id IN ['everyone', 'everyone-except-external'] AND (m.expires IS NULL OR m.expires > $time) AND (g.enabled IS NULL OR g.enabled)
RETURN e.id, g.id, min(CASE WHEN m.tier IS NULL OR m.tier = 'now' THEN 1 ELSE 3 END), 1
// and when: JOINS
MATCH (e:Principal)-[:JOINS]->(g:Principal)
WHERE e.id IN ['everyone', 'everyone-except-external'] AND (g.enabled IS NULL OR g.enabled)
OPTIONAL MATCH (e)-[known:BELONGS]->(g)
WITH e, g, count(known) AS before
WHERE before = 0
RETURN e.id, g.id, 3, 1
// and when: IMPLICIT
MATCH (e:Principal)-[:IMPLICIT]->(e)
WHERE e.kind = 'AuthenticatedUsers'
MATCH (e)-[m:MEMBER_OF]->(g:Principal)
WHERE (m.expires IS NULL OR m.expires > $time) AND (g.enabled IS NULL OR g.enabled)
RETURN e.id, g.id, min(CASE WHEN m.tier IS NULL OR m.tier = 'now' THEN 1 ELSE 3 END), 1
// next level unless: JOINS
MATCH (e:Principal)-[b:BELONGS]->(p:Principal)-[m:MEMBER_OF]->(g:Principal)
WHERE b.level = $level AND (m.expires IS NULL OR m.expires > $time) AND (g.enabled IS NULL OR g.enabled)
WITH e, g, min(CASE WHEN b.tier = 1 AND (m.tier IS NULL OR m.tier = 'now') THEN 1 ELSE 3 END) AS tier
OPTIONAL MATCH (e)-[known:BELONGS]->(g)
WHERE known.tier <= tier
WITH e, g, tier, count(known) AS before
WHERE before = 0
RETURN e.id, g.id, tier, $level + 1
// next level when: JOINS
MATCH (e:Principal)-[b:BELONGS]->(p:Principal)-[m:MEMBER_OF|JOINS]->(g:Principal)
WHERE b.level = $level AND (m.expires IS NULL OR m.expires > $time) AND (g.enabled IS NULL OR g.enabled)
WITH e, g, min(CASE WHEN b.tier = 1 AND (m.tier IS NULL OR m.tier = 'now') THEN 1 ELSE 3 END) AS tier
OPTIONAL MATCH (e)-[known:BELONGS]->(g)
WHERE known.tier <= tier
WITH e, g, tier, count(known) AS before
WHERE before = 0
RETURN e.id, g.id, tier, $level + 1
