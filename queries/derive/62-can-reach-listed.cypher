// rule: can-reach-listed
// derives: CAN_REACH
// per: agents
// when: LIST_GRANT
// why: one access list of today alone: the place is a row of its own and nothing absorbs it. Tier and
// steps of control stand for true and false, as in can-reach-plain.
// and unless: ASKED
MATCH (x:Actor)-[i:STANDS_FOR]->(p:Principal)-[g:LIST_GRANT]->(:Scope)<-[f:HANDED]-(s:Scope)
WHERE x.side = 0 AND i.tier = 1 AND g.special = 0 AND (g.app = 0 OR i.direct = 1) AND (g.here = 0 OR f.level = 0)
OPTIONAL MATCH (x)-[mark:MARK]->(s)
WITH x.agent AS agent, s.id AS scope, x.mode AS mode, x.via AS via, i.tier AS tier, i.hops AS hops, g.canDiscover AS discovers,
  g.canRead AS reads, g.canWrite AS writes, g.canManage AS manages, g.certainty AS sure, g.reason AS reason, g.counts AS counts,
  f.items AS items, f.sensitive AS sensitive, f.unlabeled AS unlabeled, f.blind AS blind, i.level + 1 + f.level AS steps, g.code AS grant,
  x.person AS who, CASE WHEN mark IS NULL THEN 0 ELSE 1 END AS marked
WHERE marked = 0
RETURN agent, scope, mode, via, CASE tier WHEN 1 THEN 'now' ELSE 'latent' END AS inTier, hops, discovers, reads, writes, manages,
  CASE WHEN blind = 1 AND sure = 'exact' THEN 'upper-bound' ELSE sure END AS certainty,
  CASE WHEN blind = 1 AND sure = 'exact' THEN coalesce(reason, 'denies-unread') ELSE reason END AS why,
  hops + 0 AS subtree, 0 + hops AS absorbed, 0 + tier AS top, counts * items AS readable, counts * sensitive AS readableSensitive,
  counts * unlabeled AS readableUnlabeled, steps, grant, hops * 1 AS regrant, CASE who WHEN '' THEN NULL ELSE who END AS person,
  CASE WHEN blind = 1 AND sure = 'exact' THEN 1 ELSE 0 END AS unread
ORDER BY agent
// and when: ASKED
MATCH (x:Actor)-[i:STANDS_FOR]->(p:Principal)-[g:LIST_GRANT]->(:Scope)<-[f:HANDED]-(s:Scope)
WHERE x.side = 0 AND i.tier = 1 AND g.special = 0 AND (g.app = 0 OR i.direct = 1) AND (g.here = 0 OR f.level = 0)
OPTIONAL MATCH (x)-[mark:MARK]->(s)
OPTIONAL MATCH (x)-[k:ASKED]->(x)
WITH x.agent AS agent, s.id AS scope, x.mode AS mode, x.via AS via, i.tier AS tier, i.hops AS hops, g.canDiscover AS discovers,
  g.canRead AS reads, g.canWrite AS writes, g.canManage AS manages, g.certainty AS sure,
  CASE WHEN f.crest IN coalesce(k.asks, ['-']) THEN coalesce(g.reason, 'policy-asked') ELSE g.reason END AS reason, g.counts AS counts,
  f.items AS items, f.sensitive AS sensitive, f.unlabeled AS unlabeled, f.blind AS blind, i.level + 1 + f.level AS steps, g.code AS grant,
  x.person AS who, CASE WHEN mark IS NULL THEN 0 ELSE 1 END AS marked,
  CASE WHEN f.crest IN coalesce(k.asks, ['-']) THEN 2 ELSE i.tier END AS later,
  CASE WHEN f.crest IN coalesce(k.stops, ['-']) THEN 1 ELSE 0 END AS ended
WHERE marked = 0 AND ended = 0
RETURN agent, scope, mode, via, CASE later WHEN 1 THEN 'now' ELSE 'conditional' END AS inTier, hops, discovers, reads, writes, manages,
  CASE WHEN blind = 1 AND sure = 'exact' THEN 'upper-bound' ELSE sure END AS certainty,
  CASE WHEN blind = 1 AND sure = 'exact' THEN coalesce(reason, 'denies-unread') ELSE reason END AS why,
  hops + 0 AS subtree, 0 + hops AS absorbed, 0 + tier AS top, counts * items AS readable, counts * sensitive AS readableSensitive,
  counts * unlabeled AS readableUnlabeled, steps, grant, hops * 1 AS regrant, CASE who WHEN '' THEN NULL ELSE who END AS person,
  CASE WHEN blind = 1 AND sure = 'exact' THEN 1 ELSE 0 END AS unread
ORDER BY agent
