// rule: can-reach-plain
// derives: CAN_REACH
// per: agents
// when: ALONE
// why: places with one grant of today and nothing of the agent above or below: the grant is the row. Tier 1 and 0 steps of
// control stand for true and false: literals come out broken in files of the embedded engine. Where policies bind an actor
// alike all around, the grant is still the row if the request decides, and there is none where it may do nothing.
// and unless: ASKED
MATCH (x:Actor)-[i:STANDS_FOR]->(p:Principal)-[g:ALONE]->(s:Scope)
WHERE x.side = 0 AND i.tier = 1 AND (g.app = 0 OR i.direct = 1)
OPTIONAL MATCH (x)-[mark:MARK]->(s)
WITH x.agent AS agent, s.id AS scope, x.mode AS mode, x.via AS via, i.tier AS tier, i.hops AS hops, g.canDiscover AS discovers,
  g.canRead AS reads, g.canWrite AS writes, g.canManage AS manages, g.certainty AS sure, g.reason AS why, g.items AS items,
  g.sensitive AS sensitive, g.unlabeled AS unlabeled, i.level + 1 AS steps, g.code AS grant, x.person AS who, g.unread AS unread,
  CASE WHEN mark IS NULL THEN 0 ELSE 1 END AS marked
WHERE marked = 0
RETURN agent, scope, mode, via, CASE tier WHEN 1 THEN 'now' ELSE 'latent' END AS inTier, hops, discovers, reads, writes, manages, sure, why,
  tier + 0 AS subtree, hops + 0 AS absorbed, 0 + tier AS top, items AS readable, sensitive AS readableSensitive,
  unlabeled AS readableUnlabeled, steps, grant, hops * 1 AS regrant, CASE who WHEN '' THEN NULL ELSE who END AS person, unread
ORDER BY agent
// and when: ASKED
MATCH (x:Actor)-[i:STANDS_FOR]->(p:Principal)-[g:ALONE]->(s:Scope)
WHERE x.side = 0 AND i.tier = 1 AND (g.app = 0 OR i.direct = 1)
OPTIONAL MATCH (x)-[mark:MARK]->(s)
OPTIONAL MATCH (x)-[k:ASKED]->(x)
WITH x.agent AS agent, s.id AS scope, x.mode AS mode, x.via AS via, i.tier AS tier, i.hops AS hops, g.canDiscover AS discovers,
  g.canRead AS reads, g.canWrite AS writes, g.canManage AS manages, g.certainty AS sure, g.reason AS why, g.items AS items,
  g.sensitive AS sensitive, g.unlabeled AS unlabeled, i.level + 1 AS steps, g.code AS grant, x.person AS who, g.unread AS unread,
  CASE WHEN mark IS NULL THEN 0 ELSE 1 END AS marked, g.asked AS asked,
  CASE WHEN g.crest IN coalesce(k.asks, ['-']) THEN 2 ELSE i.tier END AS later,
  CASE WHEN g.crest IN coalesce(k.stops, ['-']) THEN 1 ELSE 0 END AS ended
WHERE marked = 0 AND ended = 0
RETURN agent, scope, mode, via, CASE later WHEN 1 THEN 'now' ELSE 'conditional' END AS inTier, hops, discovers, reads, writes, manages, sure,
  CASE later WHEN 1 THEN why ELSE asked END AS whyNot,
  tier + 0 AS subtree, hops + 0 AS absorbed, 0 + tier AS top, items AS readable, sensitive AS readableSensitive,
  unlabeled AS readableUnlabeled, steps, grant, hops * 1 AS regrant, CASE who WHEN '' THEN NULL ELSE who END AS person, unread
ORDER BY agent
