// rule: part
// derives: PART
// per: agents
// when: MARK
// why: what each path gives at a marked place. First grants at or above it of which no deny takes anything.
MATCH (x:Actor)-[:MARK]->(s:Scope)-[b:ABOVE|OVER]->(y:Scope)
WITH x, s, b, y
MATCH (x)-[q:POINT]->(y)
OPTIONAL MATCH (x)-[t:TAKEN]->(s)
WITH x, s, b, q, t
WHERE t.see IS NULL OR q.bound = 0
RETURN x.id, s.id, q.tier, q.hops, 1, q.discovers, q.reads, q.writes, q.manages, q.reason, q.rank + 1000 * b.level, q.path,
  q.grant, 0
// and when: TAKEN
// Then what denies leave of the others: primitive actions become the four rights. WITH as in nested.
MATCH (x:Actor)-[t:TAKEN]->(s:Scope)-[b:ABOVE|OVER]->(y:Scope)
WITH x, t, s, b, y
MATCH (x)-[q:POINT]->(y)
WHERE q.bound = 1
WITH x, s, b, q,
  CASE WHEN t.see = 1 AND q.see > 1 THEN q.floor ELSE q.see END AS seeLeft,
  CASE WHEN t.read = 1 AND q.read > 1 THEN q.floor ELSE q.read END AS readLeft,
  CASE WHEN t.write = 1 AND q.write > 1 THEN q.floor ELSE q.write END AS writeLeft,
  CASE WHEN t.add = 1 AND q.add > 1 THEN q.floor ELSE q.add END AS addLeft,
  CASE WHEN t.delete = 1 AND q.delete > 1 THEN q.floor ELSE q.delete END AS deleteLeft,
  CASE WHEN t.setAcl = 1 AND q.setAcl > 1 THEN q.floor ELSE q.setAcl END AS setAclLeft,
  CASE WHEN t.own = 1 AND q.own > 1 THEN q.floor ELSE q.own END AS ownLeft,
  CASE WHEN t.assign = 1 AND q.assign > 1 THEN q.floor ELSE q.assign END AS assignLeft
WITH x, s, b, q, seeLeft, readLeft AS reads,
  CASE WHEN writeLeft >= addLeft AND writeLeft >= deleteLeft THEN writeLeft WHEN addLeft >= deleteLeft THEN addLeft ELSE deleteLeft END AS writes,
  CASE WHEN setAclLeft >= ownLeft AND setAclLeft >= assignLeft THEN setAclLeft WHEN ownLeft >= assignLeft THEN ownLeft ELSE assignLeft END AS manages
RETURN x.id, s.id, q.tier, q.hops, 1,
  CASE WHEN seeLeft >= reads AND seeLeft >= writes AND seeLeft >= manages THEN seeLeft
    WHEN reads >= writes AND reads >= manages THEN reads WHEN writes >= manages THEN writes ELSE manages END,
  reads, writes, manages, q.reason, q.rank + 1000 * b.level, q.path, q.grant, 0
// and
// Keys open the whole account, whatever denies say about what lies in it.
MATCH (x:Actor)-[k:KEYED]->(y:Scope)<-[b:ABOVE|OVER]-(s:Scope)
WITH x, k, b, s
MATCH (x)-[:MARK]->(s)
RETURN x.id, s.id, k.tier, k.hops, 1, k.sure, 0 + k.sure, k.sure + 0, 1 * k.sure, k.reason, k.rank + 1000 * b.level, k.path,
  k.grant, 0
// and when: LIST_GRANT
// Access lists hold for the place alone: what lies below is a place of its own.
MATCH (x:Actor)-[:MARK]->(s:Scope)-[f:INHERITED]->(y:Scope)<-[g:LIST_GRANT]-(p:Principal)
WITH x, s, f, y, g, p
MATCH (x)-[i:STANDS_FOR]->(p)
WHERE g.narrow = 0 AND (g.app = 0 OR i.direct = 1)
RETURN x.id, s.id, CASE WHEN i.tier > g.tier THEN i.tier ELSE g.tier END, i.hops, 0, g.discovers, g.reads, g.writes,
  g.manages, g.reason, i.hops * 1000000 + (i.level + 1 + f.level) * 1000 + i.level, i.path + y.code, g.code, 0
// and when: LIST_GRANT
// An entry of the identity's own, or a group on some directory, decides whether it holds a narrow one.
MATCH (x:Actor)-[:MARK]->(s:Scope)<-[g:LIST_GRANT]-(p:Principal)
WHERE g.narrow = 1
WITH x, s, g, p
MATCH (x)-[i:STANDS_FOR]->(p)
OPTIONAL MATCH (x)-[o:STANDS_FOR]->(e:Principal)
WHERE o.direct = 1 AND o.tier = 1 AND i.tier < 4 AND e.id IN g.excluded
WITH x, s, g, i, count(e) AS barred
WHERE barred = 0
OPTIONAL MATCH (x)-[j:STANDS_FOR]->(t:Principal)
WHERE t.id IN g.together AND (j.tier < 4 OR i.tier = 4)
WITH x, s, g, i, t.id AS one, min(j.tier) AS needs
WITH x, s, g, i, count(one) AS met, coalesce(max(needs), 1) AS needs
WHERE met = size(g.together) OR (met = 0 AND g.together = [''])
RETURN x.id, s.id, CASE WHEN needs > i.tier AND needs > g.tier THEN needs WHEN i.tier > g.tier THEN i.tier ELSE g.tier END, i.hops, 0,
  g.discovers, g.reads, g.writes, g.manages, g.reason, i.hops * 1000000 + (i.level + 1) * 1000 + i.level, i.path + s.code, g.code, 0
