// rule: everyone
// derives: STANDS_FOR
// per: agents
// why: denies and ADLS lists may name everyone, which means any identity of the tenant; also one that the agent becomes. To
// persons everyone means more (identity); to an application no grant of everyone's, and no group that everyone is in.
MATCH (x:Actor)-[i:STANDS_FOR]->(p:Principal), (e:Principal)
WHERE e.id = 'everyone' AND i.direct = 1 AND i.tier = 1 AND NOT p.id IN ['everyone', 'everyone-except-external']
WITH x, e, i, CASE WHEN p.kind IN ['User', 'Guest', 'AgentUser'] THEN 1 ELSE 0 END AS person
WHERE person = 0
WITH x, e, min(i.level) AS level, min(i.path) AS path
RETURN x.id, e.id, 1, 0, level + 1, 0, '~' + path + e.code
// and when: CONTROLS
MATCH (x:Actor)-[i:STANDS_FOR]->(q:Principal), (e:Principal)
WHERE e.id = 'everyone' AND i.direct = 1 AND i.tier = 4 AND NOT q.id IN ['everyone', 'everyone-except-external']
WITH x, e, i, CASE WHEN q.kind IN ['User', 'Guest', 'AgentUser'] THEN 1 ELSE 0 END AS person
WHERE person = 0
WITH x, e, i.hops AS hops, i.level AS level, min(i.path) AS path
RETURN x.id, e.id, 4, hops, level + 1, 0, '~' + path + e.code
