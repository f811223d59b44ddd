// rule: point
// derives: POINT
// per: agents
// when: MARK
// why: the containment grants that stand at a marked place. Application permissions count for the identity itself, never
// through a group. Denies bind the agent’s own identity, not what it makes of itself. `rank`: steps of control, then
// relationships, then memberships.
MATCH (x:Actor)-[:MARK]->(s:Scope)<-[g:GRANT]-(p:Principal)
WITH x, s, g, p
MATCH (x)-[i:STANDS_FOR]->(p)
WHERE g.app = 0 OR i.direct = 1
RETURN x.id, s.id, CASE WHEN i.tier > g.tier THEN i.tier ELSE g.tier END, i.hops, CASE WHEN i.tier < 4 THEN 1 ELSE 0 END,
  g.floor, g.see, g.read, g.write, g.add, g.delete, g.setAcl, g.own, g.assign, g.listKeys, g.regenerateKey, g.accountSas,
  g.serviceSas, g.discovers, g.reads, g.writes, g.manages, g.opens, g.reason,
  i.hops * 1000000 + (i.level + 1) * 1000 + i.level, i.path + s.code, g.code
