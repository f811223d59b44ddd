// rule: everyone
// derives: STANDS_FOR
// per: agents
// why: denies and ADLS lists may name everyone, which means any identity of the tenant; also one that the agent becomes.
MATCH (x:Actor)-[i:STANDS_FOR]->(:Principal), (e:Principal)
WHERE e.id = 'everyone' AND i.direct = 1 AND i.tier = 1
WITH x, e, min(i.level) AS level, min(i.path) AS path
RETURN x.id, e.id, 1, 0, level + 1, 0, '~' + path + e.code
// and when: CONTROLS
MATCH (x:Actor)-[i:STANDS_FOR]->(q:Principal), (e:Principal)
WHERE e.id = 'everyone' AND i.direct = 1 AND i.tier = 4
WITH x, e, i.hops AS hops, i.level AS level, min(i.path) AS path
RETURN x.id, e.id, 4, hops, level + 1, 0, '~' + path + e.code
