// rule: closure
// derives: CLOSURE
// growth: uneven
// when: CONTROLS
// why: whoever becomes a principal gets its groups as well; only principals that can be controlled are asked about. The
// step of control counts as level 1; eligible membership counts too, since what is a step away already is latent. `far` has
// a mark a level, so that paths sort by length first.
MATCH (:Principal)-[:CONTROLS]->(p:Principal)
WHERE p.enabled IS NULL OR p.enabled
RETURN p.id, p.id, 1, '~', min(p.code)
// and
MATCH (c:Principal)-[i:CLOSURE]->(p:Principal), (e:Principal)
WHERE e.id = 'everyone' AND p.kind IN ['User', 'Guest', 'AgentUser']
RETURN c.id, e.id, 2, '~~', i.path + e.code
// and
MATCH (c:Principal)-[i:CLOSURE]->(p:Principal), (e:Principal)
WHERE e.id = 'everyone-except-external' AND p.kind IN ['User', 'AgentUser'] AND (p.userType IS NULL OR p.userType <> 'Guest')
RETURN c.id, e.id, 2, '~~', i.path + e.code
// and when: IMPLICIT
// An agent identity is one of all of them, and a person one of all who sign in.
MATCH (e:Principal)-[:IMPLICIT]->(e)
WITH e, CASE e.kind WHEN 'AllAgentIdentities' THEN ['AgentIdentity'] WHEN 'AuthenticatedUsers' THEN ['User', 'Guest', 'AgentUser'] ELSE [''] END AS kinds
MATCH (c:Principal)-[i:CLOSURE]->(p:Principal)
WHERE p.kind IN kinds
RETURN c.id, e.id, 2, '~~', i.path + e.code
// next level unless: JOINS
MATCH (c:Principal)-[i:CLOSURE]->(p:Principal)-[m:MEMBER_OF]->(g:Principal)
WHERE i.level = $level AND (m.expires IS NULL OR m.expires > $time) AND (g.enabled IS NULL OR g.enabled)
WITH c, g, min(i.far) AS far, min(i.path) AS path
OPTIONAL MATCH (c)-[known:CLOSURE]->(g)
WITH c, g, far, path, known
WHERE known.level IS NULL
RETURN c.id, g.id, $level + 1, '~' + far, path + g.code
// next level when: JOINS
MATCH (c:Principal)-[i:CLOSURE]->(p:Principal)-[m:MEMBER_OF|JOINS]->(g:Principal)
WHERE i.level = $level AND (m.expires IS NULL OR m.expires > $time) AND (g.enabled IS NULL OR g.enabled)
WITH c, g, min(i.far) AS far, min(i.path) AS path
OPTIONAL MATCH (c)-[known:CLOSURE]->(g)
WITH c, g, far, path, known
WHERE known.level IS NULL
RETURN c.id, g.id, $level + 1, '~' + far, path + g.code
