// rule: can-reach
// derives: CAN_REACH
// per: agents
// when: SHOWN
// why: the rows of marked places, with what each of them alone lets read. A right is 1, 0, or NULL where it is unknown.
// What was not read is all that makes some rows an upper bound: below them it does so only where it lies.
MATCH (x:Actor)-[q:SHOWN]->(s:Scope)
WHERE q.absorbed <> 2
OPTIONAL MATCH (x)-[v:WITNESS]->(s) WHERE v.tier = q.tier
OPTIONAL MATCH (x)-[o:OUTER]->(s) WHERE o.tier = q.tier
OPTIONAL MATCH (x)-[l:LESS]->(s) WHERE l.tier = q.tier
OPTIONAL MATCH (s)-[t:TALLY]->(s) WHERE t.below <> 1 - q.subtree
OPTIONAL MATCH (s)-[b:BLIND]->(s)
WITH x.agent AS agent, s.id AS scope, x.mode AS mode, x.via AS via, q.tier AS tier, v.hops AS hops, q.discover AS d,
  q.read AS r, q.write AS w, q.manage AS m, v.reason AS reason, q.subtree AS subtree, CASE WHEN q.absorbed > 0 THEN 1 ELSE 0 END AS absorbed, o.absorbed AS outer,
  CASE WHEN q.read > 1 AND q.absorbed = 0 THEN coalesce(t.items, 0) - coalesce(l.items, 0) ELSE 0 END AS items,
  CASE WHEN q.read > 1 AND q.absorbed = 0 THEN coalesce(t.sensitive, 0) - coalesce(l.sensitive, 0) ELSE 0 END AS sensitive,
  CASE WHEN q.read > 1 AND q.absorbed = 0 THEN coalesce(t.unlabeled_sensitive, 0) - coalesce(l.unlabeled_sensitive, 0) ELSE 0 END AS unlabeled,
  v.rank AS rank, v.grant AS grant, v.regrant AS regrant, v.who AS who, coalesce(b.denies, 0) AS blind,
  CASE WHEN q.discover = 1 OR q.read = 1 OR q.write = 1 OR q.manage = 1 THEN 1
    WHEN q.discover = 2 OR q.read = 2 OR q.write = 2 OR q.manage = 2 THEN 2 ELSE 3 END AS sure
RETURN agent, scope, mode, via, CASE tier WHEN 1 THEN 'now' WHEN 2 THEN 'conditional' WHEN 3 THEN 'potential' ELSE 'latent' END AS inTier,
  hops, CASE d WHEN 0 THEN 0 WHEN 1 THEN NULL ELSE 1 END AS discovers, CASE r WHEN 0 THEN 0 WHEN 1 THEN NULL ELSE 1 END AS reads, CASE w WHEN 0 THEN 0 WHEN 1 THEN NULL ELSE 1 END AS writes, CASE m WHEN 0 THEN 0 WHEN 1 THEN NULL ELSE 1 END AS manages,
  CASE WHEN sure = 1 THEN 'unknown' WHEN sure = 2 OR blind = 1 THEN 'upper-bound' ELSE 'exact' END AS certainty,
  CASE WHEN reason IS NULL AND sure = 3 AND blind = 1 THEN 'denies-unread' ELSE reason END AS why, subtree, absorbed, CASE outer WHEN 0 THEN 0 ELSE 1 END AS top,
  items AS readable, sensitive AS readableSensitive, unlabeled AS readableUnlabeled, rank % 1000000 / 1000 AS steps, grant, regrant,
  CASE who WHEN '' THEN NULL ELSE who END AS person, CASE WHEN sure = 3 AND blind = 1 THEN 1 ELSE 0 END AS unread
ORDER BY agent
