// rule: latent
// derives: STANDS_FOR
// per: agents
// when: CONTROLS
// why: what the agent could make of itself, by the fewest steps of control, then the shortest path. Becoming somebody
// whose rights it has already gives nothing. What an application may do to the directory for a user is a consent of its own.
// Application permissions come along only with an identity that it becomes; those of a blueprint are its agents' own.
MATCH (x:Actor)-[i:STANDS_FOR]->(p:Principal)-[k:CONTROLS|GAINS]->(q:Principal)
WHERE x.capped = 0 AND (k.handed IS NULL OR i.direct = 1)
OPTIONAL MATCH (x)-[held:STANDS_FOR]->(q)
WHERE held.tier = 1
WITH x, i, q, count(held) AS helds
WHERE helds = 0
OPTIONAL MATCH (x)-[own:OWNED]->(q)
WITH x, i, q, count(own) AS owns
WHERE owns = 0
MATCH (q)-[c:CLOSURE]->(g:Principal)
RETURN x.id, g.id, 4, 1, min(i.level + c.level),
  max(CASE WHEN (c.level = 1 AND (g.kind IS NULL OR g.kind <> 'Group')) OR g.id IN ['everyone', 'everyone-except-external'] THEN 1 ELSE 0 END), min(c.far + i.path + c.path)
// next level
MATCH (x:Actor)-[i:STANDS_FOR]->(p:Principal)-[k:CONTROLS|GAINS]->(q:Principal)
WHERE i.hops = $level AND (k.handed IS NULL OR i.direct = 1)
OPTIONAL MATCH (x)-[held:STANDS_FOR]->(q)
WHERE held.tier = 1
WITH x, i, q, count(held) AS helds
WHERE helds = 0
OPTIONAL MATCH (x)-[own:OWNED]->(q)
WITH x, i, q, count(own) AS owns
WHERE owns = 0
MATCH (q)-[c:CLOSURE]->(g:Principal)
WITH x, g, min(i.level + c.level) AS level,
  max(CASE WHEN (c.level = 1 AND (g.kind IS NULL OR g.kind <> 'Group')) OR g.id IN ['everyone', 'everyone-except-external'] THEN 1 ELSE 0 END) AS direct, min(c.far + i.path + c.path) AS path
OPTIONAL MATCH (x)-[known:STANDS_FOR]->(g)
WHERE known.tier = 4
WITH x, g, level, direct, path, count(known) AS before
WHERE before = 0
RETURN x.id, g.id, 4, $level + 1, level, direct, path
