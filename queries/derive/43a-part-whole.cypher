// rule: part-whole
// derives: PART
// per: agents
// why: what the identities of an actor have are rights of the actor; for users, only as far as consents go. What a server opens
// whose identity nobody knows, and a service in which nobody read what users have, is unknown.
// and when: SIDE
MATCH (y:Actor)-[p:PART]->(s:Scope)
WHERE y.side = 1 AND y.capped = 0
WITH y, p, s
MATCH (y)-[:SIDE]->(x:Actor)
RETURN x.id, s.id, p.tier, p.hops, p.subtree, p.discover, p.read, p.write, p.manage, p.reason, p.rank, p.path, p.grant, p.regrant, y.person
// and when: CONSENTS
MATCH (y:Actor)-[p:PART]->(s:Scope)
WHERE y.side = 1 AND y.capped = 1
WITH y, p, s
OPTIONAL MATCH (y)-[c:CAP]->(s)
WITH y, p, s, coalesce(c.discover, 0) AS d, coalesce(c.read, 0) AS r, coalesce(c.write, 0) AS w, coalesce(c.manage, 0) AS m
MATCH (y)-[:SIDE]->(x:Actor)
RETURN x.id, s.id, p.tier, p.hops, p.subtree, CASE WHEN p.discover > d THEN d ELSE p.discover END, CASE WHEN p.read > r THEN r ELSE p.read END,
  CASE WHEN p.write > w THEN w ELSE p.write END, CASE WHEN p.manage > m THEN m ELSE p.manage END, p.reason, p.rank, p.path, p.grant, p.regrant, y.person
// and when: UNSEEN
// Services of which nobody read what users have there; and places where nobody read who may use the agent, with all below. Of ways as
// short one that is known comes first.
MATCH (a:Agent)-[u:UNSEEN]->(s:Scope)
RETURN a.id + '|on-behalf-of|', s.id, 1, 0, CASE u.reason WHEN 'audience-unread' THEN 1 ELSE 0 END, u.discover, u.read, u.write, u.manage, u.reason, 1999, '',
  CASE WHEN u.discover > 9 THEN u.discover ELSE NULL END, 0, ''
// and when: UNSEEN
MATCH (x:Actor)-[:MARK]->(q:Scope)-[b:ABOVE|OVER]->(z:Scope)
WHERE x.side = 0 AND x.mode = 'on-behalf-of' AND x.via IS NULL AND b.level > 0
WITH x, x.agent AS agent, q, b, z
MATCH (a:Agent)-[u:UNSEEN]->(z)
WHERE a.id = agent AND u.reason = 'audience-unread'
RETURN x.id, q.id, 1, 0, 1, u.discover, u.read, u.write, u.manage, u.reason, 1999 + 1000 * b.level, '',
  CASE WHEN u.discover > 9 THEN u.discover ELSE NULL END, 0, ''
// and when: UNSEEN
MATCH (a:Agent)-[u:UNSEEN]->(s:Scope)
WHERE u.reason = 'plane-not-modelled'
WITH a, u, s
MATCH (a)-[l:LENT]->(p:Principal)
WHERE l.mode = 'agent-user' AND l.via = '' AND (p.enabled IS NULL OR p.enabled)
RETURN DISTINCT a.id + '|agent-user|', s.id, 1, 0, 0, u.discover, u.read, u.write, u.manage, 'plane-not-modelled', 1999, '',
  CASE WHEN u.discover > 9 THEN u.discover ELSE NULL END, 0, ''
// and when: OPAQUE
// What a server opens whose identity, or whose application, nobody knows.
MATCH (a:Agent)-[o:OPAQUE]->(m:McpServer)
RETURN a.id + '|' + o.mode + '|' + m.id, 'unknown:mcp:' + m.id, 1, 0, 0, 1, 0 + 1, 1 + 0, 1 * 1,
  CASE o.mode WHEN 'app' THEN 'server-identity-unknown' ELSE 'server-application-unknown' END, 1000 * o.level, '',
  CASE WHEN o.level > 0 THEN NULL ELSE o.level END, 0, ''
// and when: ANONYMOUS
// And what an agent opens of which nobody knows with whose rights it acts.
MATCH (a:Agent)-[o:ANONYMOUS]->(b:Agent)
RETURN a.id + '|app|' + CASE WHEN b.id = a.id THEN '' ELSE b.id END, 'unknown:agent:' + b.id, 1, 0, 0, 1, 0 + 1, 1 + 0, 1 * 1,
  'agent-identity-unknown', 1000 * o.level, '', CASE WHEN o.level > 0 THEN NULL ELSE o.level END, 0, ''
// and when: UNSEEN
// The same where persons may use it besides, at the places of each.
MATCH (a:Agent)-[u:UNSEEN]->(:Scope)
WHERE u.reason = 'audience-unread'
WITH DISTINCT a.id + '|on-behalf-of|' AS id
MATCH (x:Actor)
WHERE x.id = id
WITH x
MATCH (x)<-[:SIDE]-(y:Actor)
WITH x, y
MATCH (y)-[:MARK]->(q:Scope)
WITH DISTINCT x, x.agent AS agent, q
MATCH (q)-[b:ABOVE|OVER]->(z:Scope)
WHERE b.level > 0
WITH x, agent, q, b, z
MATCH (a:Agent)-[u:UNSEEN]->(z)
WHERE a.id = agent AND u.reason = 'audience-unread'
RETURN x.id, q.id, 1, 0, 1, u.discover, u.read, u.write, u.manage, u.reason, 1999 + 1000 * b.level, '',
  CASE WHEN u.discover > 9 THEN u.discover ELSE NULL END, 0, ''
