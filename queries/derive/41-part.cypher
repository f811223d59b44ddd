// rule: part
// derives: PART
// per: agents
// when: MARK
// why: what each path gives at a marked place. First grants at or above it of which no deny takes anything.
MATCH (x:Actor)-[:POINT]->(:Scope)
WITH DISTINCT x
MATCH (x)-[m:MARK]->(s:Scope)-[b:ABOVE|OVER]->(y:Scope)
WHERE m.shut = 0
WITH x, s, b, y
MATCH (x)-[q:POINT]->(y)
OPTIONAL MATCH (x)-[t:TAKEN]->(s)
WITH x, s, b, q, t
WHERE t.see IS NULL OR q.bound = 0
RETURN x.id, s.id, q.tier, q.hops, 1, q.discovers, q.reads, q.writes, q.manages, q.reason, q.rank + 1000 * b.level, q.path,
  q.grant, 0, ''
// and when: TAKEN
// Then what denies leave of the others: primitive actions become the four rights. WITH as in nested.
MATCH (x:Actor)-[t:TAKEN]->(s:Scope)-[b:ABOVE|OVER]->(y:Scope)
WHERE t.shut = 0
WITH x, t, s, b, y
MATCH (x)-[q:POINT]->(y)
WHERE q.bound = 1
WITH x, s, b, q,
  CASE WHEN t.see = 1 THEN q.floor ELSE q.see END AS seeLeft,
  CASE WHEN t.read = 1 THEN q.floor ELSE q.read END AS readLeft,
  CASE WHEN t.write = 1 THEN q.floor ELSE q.write END AS writeLeft,
  CASE WHEN t.add = 1 THEN q.floor ELSE q.add END AS addLeft,
  CASE WHEN t.delete = 1 THEN q.floor ELSE q.delete END AS deleteLeft,
  CASE WHEN t.setAcl = 1 THEN q.floor ELSE q.setAcl END AS setAclLeft,
  CASE WHEN t.own = 1 THEN q.floor ELSE q.own END AS ownLeft,
  CASE WHEN t.assign = 1 THEN q.floor ELSE q.assign END AS assignLeft
WITH x, s, b, q, seeLeft, readLeft AS reads,
  CASE WHEN writeLeft >= addLeft AND writeLeft >= deleteLeft THEN writeLeft WHEN addLeft >= deleteLeft THEN addLeft ELSE deleteLeft END AS writes,
  CASE WHEN setAclLeft >= ownLeft AND setAclLeft >= assignLeft THEN setAclLeft WHEN ownLeft >= assignLeft THEN ownLeft ELSE assignLeft END AS manages
RETURN x.id, s.id, q.tier, q.hops, 1,
  CASE WHEN seeLeft >= reads AND seeLeft >= writes AND seeLeft >= manages THEN seeLeft
    WHEN reads >= writes AND reads >= manages THEN reads WHEN writes >= manages THEN writes ELSE manages END,
  reads, writes, manages, q.reason, q.rank + 1000 * b.level, q.path, q.grant, 0, ''
// and when: LEFT
// Where something besides grants decides: what is left today, which may be nothing and then ends what is given from above.
MATCH (x:Actor)-[l:LEFT]->(s:Scope)
RETURN x.id, s.id, l.tier, l.hops, 1, CASE l.held WHEN 0 THEN l.discovers WHEN 1 THEN l.sees ELSE 0 END, CASE l.held WHEN 0 THEN l.reads ELSE 0 END,
  CASE l.held WHEN 0 THEN l.writes ELSE 0 END, CASE l.held WHEN 0 THEN l.manages WHEN 1 THEN l.assigns ELSE 0 END,
  CASE WHEN l.held = 1 AND l.reason = 'network-asked' THEN NULL ELSE l.reason END, l.rank, l.path, l.grant, 0, ''
// and when: LEFT
// And what the request may give; nothing where that is never, which ends what it may give further up.
MATCH (x:Actor)-[l:LEFT]->(s:Scope)
WHERE l.held > 0
WITH x, s, l, CASE l.held WHEN 3 THEN 0 ELSE 1 END AS open
RETURN x.id, s.id, CASE WHEN l.tier < 2 THEN 2 ELSE l.tier END, l.hops, 1, open * l.discovers, open * l.reads, open * l.writes, open * l.manages,
  l.reason, l.rank, l.path, l.grant, 0, ''
// and
// Keys open the whole account, whatever denies say about what lies in it.
MATCH (x:Actor)-[k:KEYED]->(y:Scope)<-[b:ABOVE|OVER]-(s:Scope)
WITH x, k, b, s
MATCH (x)-[m:MARK]->(s)
WHERE m.shut = 0
RETURN x.id, s.id, k.tier, k.hops, 1, k.sure, 0 + k.sure, k.sure + 0, 1 * k.sure, k.reason, k.rank + 1000 * b.level, k.path,
  k.grant, 0, ''
// and when: GATED
// A key opens nothing for a request that the network does not let in. Today first, then what the request may give.
MATCH (x:Actor)-[k:KEYED]->(y:Scope)<-[b:ABOVE|OVER]-(s:Scope)
WITH x, k, b, s
MATCH (x)-[e:GATED]->(s)
WITH x, k, b, s, CASE WHEN e.network = 1 THEN 2 ELSE k.sure END AS sure, CASE WHEN e.lock > 0 THEN 0 ELSE 1 END AS writable,
  CASE WHEN e.lock = 2 OR (k.hops = 0 AND e.stop = 2) OR e.network = 2 OR (k.hops = 0 AND e.stop = 1) THEN 0 ELSE 1 END AS open,
  CASE WHEN e.network = 1 THEN 'network-unread' ELSE NULL END AS why
RETURN x.id, s.id, k.tier, k.hops, 1, open * sure, open * sure + 0, writable * open * sure, 1 * open * sure, coalesce(k.reason, why),
  k.rank + 1000 * b.level, k.path, k.grant, 0, ''
// and when: GATED
MATCH (x:Actor)-[k:KEYED]->(y:Scope)<-[b:ABOVE|OVER]-(s:Scope)
WITH x, k, b, s
MATCH (x)-[e:GATED]->(s)
WHERE e.network = 2 OR e.lock = 2 OR (k.hops = 0 AND e.stop > 0)
WITH x, k, b, s, CASE WHEN e.lock = 2 OR (k.hops = 0 AND e.stop = 2) THEN 0 WHEN e.network = 1 THEN 2 ELSE k.sure END AS sure,
  CASE WHEN e.lock > 0 THEN 0 ELSE 1 END AS writable, CASE WHEN k.hops = 0 AND e.stop = 1 THEN 'policy-asked' ELSE 'network-asked' END AS why
RETURN x.id, s.id, CASE WHEN k.tier < 2 THEN 2 ELSE k.tier END, k.hops, 1, sure, 0 + sure, writable * sure, 1 * sure, coalesce(k.reason, why),
  k.rank + 1000 * b.level, k.path, k.grant, 0, ''
// and when: LIST_GRANT
// Access lists hold for the place alone: what lies below is a place of its own.
MATCH (x:Actor)-[m:MARK]->(s:Scope)-[f:INHERITED]->(y:Scope)<-[g:LIST_GRANT]-(p:Principal)
WHERE m.shut = 0
WITH x, s, f, y, g, p
MATCH (x)-[i:STANDS_FOR]->(p)
WHERE g.narrow = 0 AND (g.app = 0 OR i.direct = 1) AND (g.here = 0 OR f.level = 0)
RETURN x.id, s.id, CASE WHEN i.tier > g.tier THEN i.tier ELSE g.tier END, i.hops, 0, g.discovers, g.reads, g.writes,
  g.manages, g.reason, i.hops * 1000000 + (i.level + 1 + f.level) * 1000 + i.level, i.path + y.code, g.code, 0, ''
// and when: LIST_GRANT
// Whether it holds a narrow one: an entry of the identity's own bars it, groups on directories have to be had as well. What is
// only had by control makes it latent, and then no entry bars it. `needs`: tier and steps of control of the hardest.
MATCH (x:Actor)-[m:MARK]->(s:Scope)<-[g:LIST_GRANT]-(p:Principal)
WHERE g.narrow = 1 AND m.shut = 0
WITH x, s, g, p
MATCH (x)-[i:STANDS_FOR]->(p)
OPTIONAL MATCH (x)-[o:STANDS_FOR]->(e:Principal)
WHERE o.direct = 1 AND o.tier = 1 AND e.id IN g.excluded
WITH x, s, g, i, count(e) AS barred
OPTIONAL MATCH (x)-[j:STANDS_FOR]->(t:Principal)
WHERE t.id IN g.together
WITH x, s, g, i, barred, t.id AS one, min(j.tier * 1000000 + j.hops) AS best
WITH x, s, g, i, barred, count(one) AS met, coalesce(max(best), 1000000) AS needs
WHERE (met = size(g.together) OR g.together = ['']) AND (i.tier = 4 OR barred = 0 OR needs >= 4000000)
  AND (x.side = 0 OR (i.tier < 4 AND needs < 4000000))
WITH x, s, g, i, needs, CASE WHEN needs % 1000000 > i.hops THEN needs % 1000000 ELSE i.hops END AS hops
RETURN x.id, s.id,
  CASE WHEN needs >= 4000000 THEN 4 WHEN needs >= 3000000 AND i.tier < 3 AND g.tier < 3 THEN 3 WHEN i.tier > g.tier THEN i.tier ELSE g.tier END,
  hops, 0, g.discovers, g.reads, g.writes, g.manages, g.reason, hops * 1000000 + (i.level + 1) * 1000 + i.level, i.path + s.code, g.code, 0, ''
// and when: HELD
// The same where something besides grants decides.
MATCH (x:Actor)-[h:HELD]->(s:Scope)
WITH x, s, h
MATCH (x)-[e:GATED]->(s)
WHERE e.lock < 2 AND (h.became = 1 OR e.stop < 2)
WITH x, s, h, CASE WHEN h.tier < 2 AND (e.network = 2 OR e.stop = 1) THEN 2 ELSE h.tier END AS tier,
  CASE WHEN e.network = 1 THEN 2 ELSE 3 END AS most, CASE WHEN e.lock > 0 THEN 0 ELSE 1 END AS writable,
  CASE WHEN h.became = 0 AND e.stop = 1 THEN 'policy-asked' WHEN e.network = 2 THEN 'network-asked' WHEN e.network = 1 THEN 'network-unread' ELSE NULL END AS why
WITH x, s, h, tier, why, CASE WHEN h.sees > most THEN most ELSE h.sees END AS sees, CASE WHEN h.read > most THEN most ELSE h.read END AS reads,
  CASE WHEN writable = 0 THEN 0 WHEN h.write > most THEN most ELSE h.write END AS writes, CASE WHEN h.manage > most THEN most ELSE h.manage END AS manages
RETURN x.id, s.id, tier, h.hops, 0,
  CASE WHEN sees >= reads AND sees >= writes AND sees >= manages THEN sees WHEN reads >= writes AND reads >= manages THEN reads
    WHEN writes >= manages THEN writes ELSE manages END,
  reads, writes, manages, coalesce(h.reason, why), h.rank, h.path, h.grant, 0, ''
// and when: SIDE
// One of several identities becomes somebody with what any of them has or could have: each may let another in. What all of them
// have is looked up once for each grant.
MATCH (w:Actor)<-[:SIDE]-(x:Actor)-[m:MARK]->(s:Scope)<-[g:LIST_GRANT]-(p:Principal)
WHERE g.narrow = 1 AND m.shut = 0
WITH DISTINCT w, s, g, p
OPTIONAL MATCH (w)<-[:SIDE]-(:Actor)-[j:STANDS_FOR]->(t:Principal)
WHERE t.id IN g.together
WITH w, s, g, p, t.id AS one, min(j.tier * 1000000 + j.hops) AS best
WITH w, s, g, p, count(one) AS met, coalesce(max(best), 1000000) AS needs
WHERE met = size(g.together) OR g.together = ['']
WITH w, s, g, p, needs
MATCH (w)<-[:SIDE]-(x:Actor)
WITH x, s, g, p, needs
MATCH (x)-[i:STANDS_FOR]->(p)
WHERE i.tier = 4 OR needs >= 4000000
WITH x, s, g, i, needs
MATCH (x)-[m:MARK]->(s)
WHERE m.shut = 0
WITH x, s, g, i, CASE WHEN needs % 1000000 > i.hops THEN needs % 1000000 ELSE i.hops END AS hops
RETURN x.id, s.id, 4, hops, 0, g.discovers, g.reads, g.writes, g.manages, g.reason, hops * 1000000 + (i.level + 1) * 1000 + i.level, i.path + s.code, g.code, 0, ''
