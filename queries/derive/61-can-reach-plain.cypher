// rule: can-reach-plain
// derives: CAN_REACH
// per: agents
// why: places with one grant of today and nothing of the agent above or below: the grant is the row. Tier 1 and 0 steps of
// control stand for true and false: literals come out broken in files of the embedded engine.
MATCH (x:Actor)-[i:STANDS_FOR]->(p:Principal)-[g:GRANT]->(s:Scope)
WHERE i.tier = 1 AND g.special = 0 AND (g.app = 0 OR i.direct = 1)
OPTIONAL MATCH (x)-[mark:MARK]->(s)
OPTIONAL MATCH (s)-[t:TALLY]->(s) WHERE t.below = 1
OPTIONAL MATCH (s)-[b:BLIND]->(s)
WITH x.agent AS agent, s.id AS scope, x.mode AS mode, x.via AS via, i.tier AS tier, i.hops AS hops, g.discovers AS d, g.reads AS r, g.writes AS w,
  g.manages AS m, g.reason AS reason, CASE WHEN g.reads > 1 THEN coalesce(t.items, 0) ELSE 0 END AS items,
  CASE WHEN g.reads > 1 THEN coalesce(t.sensitive, 0) ELSE 0 END AS sensitive,
  CASE WHEN g.reads > 1 THEN coalesce(t.unlabeled_sensitive, 0) ELSE 0 END AS unlabeled, i.level + 1 AS steps, g.code AS grant,
  coalesce(b.denies, 0) AS blind, CASE WHEN mark IS NULL THEN 0 ELSE 1 END AS marked
WHERE marked = 0
RETURN agent, scope, mode, via, CASE tier WHEN 1 THEN 'now' ELSE 'latent' END AS inTier, hops, CASE d WHEN 0 THEN 0 WHEN 1 THEN NULL ELSE 1 END AS discovers, CASE r WHEN 0 THEN 0 WHEN 1 THEN NULL ELSE 1 END AS reads, CASE w WHEN 0 THEN 0 WHEN 1 THEN NULL ELSE 1 END AS writes, CASE m WHEN 0 THEN 0 WHEN 1 THEN NULL ELSE 1 END AS manages,
  CASE WHEN d = 1 OR r = 1 OR w = 1 OR m = 1 THEN 'unknown' WHEN d = 2 OR r = 2 OR w = 2 OR m = 2 OR blind = 1 THEN 'upper-bound' ELSE 'exact' END AS certainty,
  CASE WHEN reason IS NOT NULL THEN reason WHEN blind = 1 THEN 'denies-unread' ELSE NULL END AS why, tier + 0 AS subtree, hops + 0 AS absorbed, 0 + tier AS top,
  items, sensitive, unlabeled, steps, grant
ORDER BY agent
