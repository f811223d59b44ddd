// rule: can-reach-plain
// derives: CAN_REACH
// per: agents
// why: places with one grant of today and nothing of the agent above or below: the grant is the row. Tier 1 and 0 steps of
// control stand for true and false: literals come out broken in files of the embedded engine.
MATCH (x:Actor)-[i:STANDS_FOR]->(p:Principal)-[g:GRANT]->(s:Scope)
WHERE i.tier = 1 AND g.special = 0 AND (g.app = 0 OR i.direct = 1)
OPTIONAL MATCH (x)-[mark:MARK]->(s)
OPTIONAL MATCH (s)-[t:TALLY]->(s) WHERE t.below > 0
OPTIONAL MATCH (s)-[b:BLIND]->(s)
WITH x.agent AS agent, s.id AS scope, x.mode AS mode, x.via AS via, i.tier AS tier, i.hops AS hops, g.canDiscover AS discovers,
  g.canRead AS reads, g.canWrite AS writes, g.canManage AS manages, g.certainty AS sure, g.reason AS reason, g.counts AS counts,
  t.items AS items, t.sensitive AS sensitive, t.unlabeled_sensitive AS unlabeled, i.level + 1 AS steps, g.code AS grant, x.person AS who,
  b.denies AS blind, CASE WHEN mark IS NULL THEN 0 ELSE 1 END AS marked
WHERE marked = 0
RETURN agent, scope, mode, via, CASE tier WHEN 1 THEN 'now' ELSE 'latent' END AS inTier, hops, discovers, reads, writes, manages,
  CASE WHEN blind = 1 AND sure = 'exact' THEN 'upper-bound' ELSE sure END AS certainty,
  CASE WHEN blind = 1 THEN coalesce(reason, 'denies-unread') ELSE reason END AS why,
  tier + 0 AS subtree, hops + 0 AS absorbed, 0 + tier AS top, coalesce(counts * items, 0) AS readable, coalesce(counts * sensitive, 0) AS readableSensitive,
  coalesce(counts * unlabeled, 0) AS readableUnlabeled, steps, grant, hops * 1 AS regrant, CASE who WHEN '' THEN NULL ELSE who END AS person
ORDER BY agent
