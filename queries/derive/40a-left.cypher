// rule: left
// derives: LEFT
// per: agents
// when: GATED
// why: where something besides grants decides: what denies and locks leave of a containment grant, what of it needs no access to
// content (seeing, assigning roles), and who decides about the rest. What an agent makes of itself is bound by network rules and
// locks, not by policies.
MATCH (x:Actor)-[:POINT]->(:Scope)
WITH DISTINCT x
MATCH (x)-[m:MARK]->(s:Scope)-[b:ABOVE|OVER]->(y:Scope)
WHERE m.shut = 1
WITH x, s, b, y
MATCH (x)-[q:POINT]->(y)
WITH x, s, b, q
MATCH (x)-[e:GATED]->(s)
OPTIONAL MATCH (x)-[t:TAKEN]->(s)
WITH x, s, b, q, CASE WHEN e.lock = 2 OR (q.bound = 1 AND e.stop = 2) THEN 3 WHEN q.bound = 1 AND e.stop = 1 THEN 2 WHEN e.network = 2 THEN 1 ELSE 0 END AS held,
  CASE WHEN e.network = 1 THEN 2 ELSE 3 END AS most, CASE WHEN e.lock > 0 THEN 0 ELSE 3 END AS writable,
  CASE WHEN q.bound = 1 AND e.stop = 1 THEN 'policy-asked' WHEN e.network = 2 THEN 'network-asked' WHEN e.network = 1 THEN 'network-unread' ELSE NULL END AS why,
  CASE WHEN q.bound = 1 AND t.see = 1 THEN q.floor ELSE q.see END AS sees,
  CASE WHEN q.bound = 1 AND t.assign = 1 THEN q.floor ELSE q.assign END AS assigns,
  CASE WHEN q.bound = 1 AND t.read = 1 THEN q.floor ELSE q.read END AS readLeft,
  CASE WHEN q.bound = 1 AND t.write = 1 THEN q.floor ELSE q.write END AS writeLeft,
  CASE WHEN q.bound = 1 AND t.add = 1 THEN q.floor ELSE q.add END AS addLeft,
  CASE WHEN q.bound = 1 AND t.delete = 1 THEN q.floor ELSE q.delete END AS deleteLeft,
  CASE WHEN q.bound = 1 AND t.setAcl = 1 THEN q.floor ELSE q.setAcl END AS setAclLeft,
  CASE WHEN q.bound = 1 AND t.own = 1 THEN q.floor ELSE q.own END AS ownLeft
WITH x, s, b, q, held, most, writable, why, sees, assigns, readLeft,
  CASE WHEN writeLeft >= addLeft AND writeLeft >= deleteLeft THEN writeLeft WHEN addLeft >= deleteLeft THEN addLeft ELSE deleteLeft END AS writeMost,
  CASE WHEN setAclLeft >= ownLeft THEN setAclLeft ELSE ownLeft END AS listMost
WITH x, s, b, q, held, why, sees, assigns, CASE WHEN readLeft > most THEN most ELSE readLeft END AS reads,
  CASE WHEN writable = 0 THEN 0 WHEN writeMost > most THEN most ELSE writeMost END AS writes,
  CASE WHEN listMost > most THEN most ELSE listMost END AS changes
WITH x, s, b, q, held, why, sees, assigns, reads, writes, CASE WHEN changes > assigns THEN changes ELSE assigns END AS manages,
  CASE WHEN sees > assigns THEN sees ELSE assigns END AS shows
RETURN x.id, s.id, q.tier, q.hops, held,
  CASE WHEN shows >= reads AND shows >= writes AND shows >= manages THEN shows WHEN reads >= writes AND reads >= manages THEN reads
    WHEN writes >= manages THEN writes ELSE manages END,
  reads, writes, manages, shows, assigns, coalesce(q.reason, why), q.rank + 1000 * b.level, q.path, q.grant
