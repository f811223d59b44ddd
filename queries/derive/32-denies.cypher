// rule: denies
// derives: DENIES
// per: agents
// when: DENIED
// why: a deny assignment binds whoever is, or is in, one of its principals (everyone is a principal, too)
// unless something of its closure is excluded. It does not touch a key that is held already: nobody is asked who it is.
MATCH (x:Actor)-[:STANDS_FOR]->(:Principal)-[:GRANT]->(:Scope)-[t:TOUCHES]->(s:Scope)
WHERE x.mode <> 'key' AND t.sort = 0
WITH DISTINCT x, s
OPTIONAL MATCH (s)-[v:SERVED]->(:Scope)
WITH x, s, count(v) AS served
WHERE x.capped = 0 OR served > 0
MATCH (s)<-[d:DENIED]-(p:Principal)
WITH x, s, d, p
MATCH (x)-[i:STANDS_FOR]->(p)
WHERE i.tier = 1
WITH DISTINCT x, s, d
OPTIONAL MATCH (x)-[j:STANDS_FOR]->(e:Principal)
WHERE j.tier = 1 AND e.id IN coalesce(d.excluded, [''])
WITH x, s, d, count(e) AS spared
WHERE spared = 0
RETURN x.id, s.id,
  max(CASE WHEN d.see THEN 1 ELSE 0 END),
  max(CASE WHEN d.read THEN 1 ELSE 0 END),
  max(CASE WHEN d.write THEN 1 ELSE 0 END),
  max(CASE WHEN d.add THEN 1 ELSE 0 END),
  max(CASE WHEN d.delete THEN 1 ELSE 0 END),
  max(CASE WHEN d.setAcl THEN 1 ELSE 0 END),
  max(CASE WHEN d.own THEN 1 ELSE 0 END),
  max(CASE WHEN d.assign THEN 1 ELSE 0 END),
  max(CASE WHEN d.listKeys THEN 1 ELSE 0 END),
  max(CASE WHEN d.regenerateKey THEN 1 ELSE 0 END),
  max(CASE WHEN d.accountSas THEN 1 ELSE 0 END),
  max(CASE WHEN d.serviceSas THEN 1 ELSE 0 END),
  CASE WHEN d.children IS NULL OR d.children THEN 1 ELSE 0 END
