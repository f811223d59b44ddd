// rule: unseen
// derives: UNSEEN
// per: agents
// when: PERMITS
// why: an application has consent to act for users, and nobody read what users have in that service, or who may use the agent:
// what it reaches is unknown, and not nothing. So it is where somebody may of whom no record says what sort of principal that is, nor
// that anybody is in it or that something acts as it: it may be one person, or a group of any size.
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
  max(CASE WHEN k.write > 0 THEN 1 ELSE 0 END), max(CASE WHEN k.manage > 0 THEN 1 ELSE 0 END), 'plane-not-modelled'
// and
// Where the step was read that says who may use it, or a record says so, nobody else may.
MATCH (u:Unread)
WHERE u.step = 'entra.app-role-assignments' OR u.step STARTS WITH 'import.'
WITH count(u) AS gaps
WHERE gaps > 0
MATCH (a:Agent)-[s:ACTS_AS]->(c:Principal)-[k:PERMITS]->(z:Scope)-[:PEOPLED]->(z)
WHERE a.code >= $from AND a.code < $to AND (a.status IS NULL OR a.status <> 'disabled') AND s.mode = 'app'
  AND (c.enabled IS NULL OR c.enabled)
OPTIONAL MATCH (a)-[idle:IDLE]->(a)
WITH a, z, k, count(idle) AS idles
WHERE idles = 0
OPTIONAL MATCH (:Principal)-[m:MAY_USE]->(a)
WITH a, z, k, count(m) AS known
WHERE known = 0
RETURN a.id, z.id, max(CASE WHEN k.discover > 0 THEN 1 ELSE 0 END), max(CASE WHEN k.read > 0 THEN 1 ELSE 0 END),
  max(CASE WHEN k.write > 0 THEN 1 ELSE 0 END), max(CASE WHEN k.manage > 0 THEN 1 ELSE 0 END), 'audience-unread'
// and when: AUDIENCE
MATCH (x:Principal)
WHERE x.kind IS NULL AND NOT x.id IN ['everyone', 'everyone-except-external']
WITH count(x) AS nameless
WHERE nameless > 0
MATCH (a:Agent)-[:AUDIENCE]->(x:Principal)
WHERE x.kind IS NULL AND NOT x.id IN ['everyone', 'everyone-except-external']
OPTIONAL MATCH (x)<-[m:MEMBER_OF]-(p:Principal)
WHERE (m.tier IS NULL OR m.tier = 'now') AND (m.expires IS NULL OR m.expires > $time) AND (p.enabled IS NULL OR p.enabled)
WITH a, x, count(m) AS members
WHERE members = 0
OPTIONAL MATCH (x)<-[s:ACTS_AS]-(:Agent)
WHERE s.mode IN ['app', 'agent-user']
WITH a, x, count(s) AS agents
WHERE agents = 0
OPTIONAL MATCH (x)<-[s:ACTS_AS]-(:McpServer)
WHERE s.mode IN ['app', 'agent-user']
WITH a, x, count(s) AS servers
WHERE servers = 0
WITH DISTINCT a
MATCH (a)-[s:ACTS_AS]->(c:Principal)-[k:PERMITS]->(z:Scope)-[:PEOPLED]->(z)
WHERE s.mode = 'app' AND (c.enabled IS NULL OR c.enabled)
OPTIONAL MATCH (a)-[idle:IDLE]->(a)
WITH a, z, k, count(idle) AS idles
WHERE idles = 0
RETURN a.id, z.id, max(CASE WHEN k.discover > 0 THEN 1 ELSE 0 END), max(CASE WHEN k.read > 0 THEN 1 ELSE 0 END),
  max(CASE WHEN k.write > 0 THEN 1 ELSE 0 END), max(CASE WHEN k.manage > 0 THEN 1 ELSE 0 END), 'audience-unread'
// and when: IMPLICIT
// Who has an address of a mail domain that may use it no record says.
MATCH (d:Principal)-[:IMPLICIT]->(d)
WHERE d.kind = 'MailDomain'
MATCH (d)-[:MAY_USE]->(a:Agent)
WHERE a.code >= $from AND a.code < $to AND (a.status IS NULL OR a.status <> 'disabled')
WITH DISTINCT a
MATCH (a)-[s:ACTS_AS]->(c:Principal)-[k:PERMITS]->(z:Scope)-[:PEOPLED]->(z)
WHERE s.mode = 'app' AND (c.enabled IS NULL OR c.enabled)
OPTIONAL MATCH (a)-[idle:IDLE]->(a)
WITH a, z, k, count(idle) AS idles
WHERE idles = 0
RETURN a.id, z.id, max(CASE WHEN k.discover > 0 THEN 1 ELSE 0 END), max(CASE WHEN k.read > 0 THEN 1 ELSE 0 END),
  max(CASE WHEN k.write > 0 THEN 1 ELSE 0 END), max(CASE WHEN k.manage > 0 THEN 1 ELSE 0 END), 'audience-unread'
