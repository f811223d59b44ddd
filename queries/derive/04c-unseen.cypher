// rule: unseen
// derives: UNSEEN
// per: agents
// when: PERMITS
// why: an application has consent to act for users in a service of which nobody read what users have there: what it reaches is
// unknown, and not nothing.
MATCH (a:Agent)-[s:ACTS_AS]->(c:Principal)-[k:PERMITS]->(z:Scope)
WHERE a.code >= $from AND a.code < $to AND (a.status IS NULL OR a.status <> 'disabled') AND s.mode = 'app'
  AND (c.enabled IS NULL OR c.enabled) AND z.kind = 'Service'
OPTIONAL MATCH (a)-[idle:IDLE]->(a)
WITH a, z, k, count(idle) AS idles
WHERE idles = 0
OPTIONAL MATCH (z)<-[w:WITHIN]-(:Scope)
WITH a, z, k, count(w) AS seen
WHERE seen = 0
RETURN a.id, z.id, max(CASE WHEN k.discover > 0 THEN 1 ELSE 0 END), max(CASE WHEN k.read > 0 THEN 1 ELSE 0 END),
  max(CASE WHEN k.write > 0 THEN 1 ELSE 0 END), max(CASE WHEN k.manage > 0 THEN 1 ELSE 0 END)
