// rule: everyone
// derives: STANDS_FOR
// per: agents
// why: denies and ADLS lists may name everyone, which means any identity of the tenant.
MATCH (x:Actor)-[i:STANDS_FOR]->(:Principal), (e:Principal)
WHERE e.id = 'everyone' AND i.direct = 1 AND i.tier = 1
WITH x, e, min(i.level) AS level, min(i.path) AS path
RETURN x.id, e.id, 1, 0, level + 1, 0, '~' + path + e.code
