// rule: alone
// derives: ALONE
// why: what a plain containment grant of today shows at its place if nothing else of an agent stands above or below it: worked
// out once a grant, not once an agent.
MATCH (p:Principal)-[g:GRANT]->(s:Scope)
WHERE g.special = 0
OPTIONAL MATCH (s)-[t:TALLY]->(s) WHERE t.below > 0
OPTIONAL MATCH (s)-[b:BLIND]->(s)
OPTIONAL MATCH (s)-[c:BENEATH]->(s)
WITH p, s, g, t.items AS items, t.sensitive AS sensitive, t.unlabeled_sensitive AS unlabeled, coalesce(b.denies, 0) AS blind, coalesce(c.crest, '') AS crest
RETURN p.id, s.id, g.app, g.canDiscover, g.canRead, g.canWrite, g.canManage,
  CASE WHEN blind = 1 AND g.certainty = 'exact' THEN 'upper-bound' ELSE g.certainty END,
  CASE WHEN blind = 1 AND g.certainty = 'exact' THEN coalesce(g.reason, 'denies-unread') ELSE g.reason END,
  CASE WHEN blind = 1 AND g.certainty = 'exact' THEN 1 ELSE 0 END,
  coalesce(g.counts * items, 0), coalesce(g.counts * sensitive, 0), coalesce(g.counts * unlabeled, 0), g.code,
  crest, coalesce(g.reason, 'policy-asked')
