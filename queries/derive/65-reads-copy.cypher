// rule: reads-copy
// derives: READS_COPY
// per: agents
// when: THROUGH
// why: the same by agent, for showing a witness.
MATCH (x:Actor)-[c:THROUGH]->(s:Scope)
RETURN x.agent AS agent, s.id AS scope, x.mode AS mode, x.via AS via,
  CASE c.tier WHEN 1 THEN 'now' WHEN 2 THEN 'conditional' WHEN 3 THEN 'potential' ELSE 'latent' END AS inTier, c.copy AS copy, c.embedded AS embedded
ORDER BY agent
