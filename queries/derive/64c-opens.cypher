// rule: opens
// derives: OPENS
// per: agents
// when: GUARDED
// why: reading bytes is not opening them, and opening is not using: encrypting labels need the right to view, answers the right
// to extract. Whom the label names may not have been read, or who of those that may use the agent is among them: then it is
// unknown. So it is of a person where the label names a mail domain.
MATCH (:Scope)-[:GUARDED]->(l:Label)
WITH DISTINCT l
OPTIONAL MATCH (:Principal)-[r:LABEL_RIGHTS]->(l)
WITH l, count(r) AS rights
MATCH (x:Actor)
WHERE x.side = 0
OPTIONAL MATCH (x)-[c:CLEARED]->(l)
WITH x, l, rights, CASE WHEN l.encrypted OR rights > 0 THEN 1 ELSE 0 END AS locked, max(coalesce(c.view, 0)) AS view, max(coalesce(c.extract, 0)) AS extract
OPTIONAL MATCH (x)-[b:BARRED]->(l)
WITH x, l, rights, locked, view, extract, count(b) AS bars
OPTIONAL MATCH (x)-[w:STRANGERS]->(x)
WITH x, l, rights, locked, view, extract, bars, count(w) AS strangers
OPTIONAL MATCH (x)-[d:PERHAPS]->(l)
WITH x, l, rights, locked, view, extract, bars, max(CASE WHEN strangers = 1 OR d.view = 1 THEN 1 ELSE 0 END) AS views,
  max(CASE WHEN strangers = 1 OR d.extract = 1 THEN 1 ELSE 0 END) AS extracts
RETURN x.id, l.id,
  CASE WHEN locked = 0 THEN 1 WHEN rights = 0 OR (views = 1 AND view = 0) THEN NULL ELSE view END,
  CASE WHEN locked = 0 THEN 1 WHEN rights = 0 OR (extracts = 1 AND extract = 0) THEN NULL ELSE extract END,
  CASE WHEN bars > 0 THEN 1 ELSE 0 END
