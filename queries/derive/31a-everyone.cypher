// rule: everyone
// derives: STANDS_FOR
// per: agents
// why: denies and ADLS lists may name everyone, which means any identity of the tenant; also one that the agent becomes. Other
// lists mean persons: for them the way to everyone is direct. Everyone except external users means no guests (data reference,
// 8.2).
MATCH (x:Actor)-[i:STANDS_FOR]->(p:Principal), (e:Principal)
WHERE e.id = 'everyone' AND i.direct = 1 AND i.tier = 1
WITH x, e, i, CASE WHEN p.kind IN ['User', 'Guest', 'AgentUser'] THEN 1 ELSE 0 END AS person
WITH x, e, person, min(i.level) AS level, min(i.path) AS path
RETURN x.id, e.id, 1, 0, level + 1, person, '~' + path + e.code
// and when: CONTROLS
MATCH (x:Actor)-[i:STANDS_FOR]->(q:Principal), (e:Principal)
WHERE e.id = 'everyone' AND i.direct = 1 AND i.tier = 4
WITH x, e, i, CASE WHEN q.kind IN ['User', 'Guest', 'AgentUser'] THEN 1 ELSE 0 END AS person
WITH x, e, person, i.hops AS hops, i.level AS level, min(i.path) AS path
RETURN x.id, e.id, 4, hops, level + 1, person, '~' + path + e.code
// and
MATCH (x:Actor)-[i:STANDS_FOR]->(p:Principal), (e:Principal)
WHERE e.id = 'everyone-except-external' AND i.direct = 1 AND p.kind IN ['User', 'AgentUser'] AND (p.userType IS NULL OR p.userType <> 'Guest')
WITH x, e, i.tier AS tier, i.hops AS hops, i.level AS level, min(i.path) AS path
RETURN x.id, e.id, tier, hops, level + 1, 1, '~' + path + e.code
