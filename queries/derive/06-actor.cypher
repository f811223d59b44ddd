// rule: actor
// derives: Actor
// per: agents
// why: the rights of one mode, or of one lender, never mix with those of another: an actor is the agent in one of them. Where
// it acts as several identities, each is an actor besides, whose rights are added up in the end; persons whom nothing tells apart are
// one, named by the first of them.
MATCH (a:Agent)-[l:LENT]->(:Principal)
WITH a, l.mode AS mode, l.via AS via, max(l.server) AS server
RETURN a.id + '|' + mode + '|' + via, a.id, mode, CASE WHEN via = '' THEN NULL ELSE via END, a.code, a.id + '|' + mode + '|' + via,
  CASE WHEN server = 1 THEN NULL WHEN via = '' THEN a.id ELSE via END, '', 0, CASE WHEN mode IN ['agent-user', 'on-behalf-of'] THEN 1 ELSE 0 END
// and when: MANY
MATCH (a:Agent)-[m:MANY]->(a)
WITH a, m.mode AS mode, m.via AS via
MATCH (a)-[l:LENT]->(p:Principal)
WHERE l.mode = mode AND l.via = via
WITH a, mode, via, CASE l.alike WHEN '' THEN p.id ELSE '' END AS own, l.alike AS alike, min(p.id) AS person, max(l.server) AS server
RETURN a.id + '|' + mode + '|' + via + '|' + alike + own, a.id, mode, CASE WHEN via = '' THEN NULL ELSE via END, a.code,
  a.id + '|' + mode + '|' + via, CASE WHEN server = 1 THEN NULL WHEN via = '' THEN a.id ELSE via END, person, 1,
  CASE WHEN mode IN ['agent-user', 'on-behalf-of'] THEN 1 ELSE 0 END
// and when: OPAQUE
// A server may have the id of an agent that lends something: then it is that actor.
MATCH (a:Agent)-[o:OPAQUE]->(m:McpServer)
WITH DISTINCT a, o.mode AS mode, m.id AS via
OPTIONAL MATCH (a)-[l:LENT]->(:Principal)
WHERE l.mode = mode AND l.via = via
WITH a, mode, via, count(l) AS lent
WHERE lent = 0
RETURN a.id + '|' + mode + '|' + via, a.id, mode, via, a.code, a.id + '|' + mode + '|' + via, '', '', 0, 0
// and when: ANONYMOUS
MATCH (a:Agent)-[:ANONYMOUS]->(b:Agent)
WITH DISTINCT a, CASE WHEN b.id = a.id THEN '' ELSE b.id END AS via
OPTIONAL MATCH (a)-[l:LENT]->(:Principal)
WHERE l.mode = 'app' AND l.via = via
WITH a, via, count(l) AS lent
WHERE lent = 0
OPTIONAL MATCH (a)-[o:OPAQUE]->(m:McpServer)
WHERE o.mode = 'app' AND m.id = via
WITH a, via, count(m) AS known
WHERE known = 0
RETURN a.id + '|app|' + via, a.id, 'app', CASE WHEN via = '' THEN NULL ELSE via END, a.code, a.id + '|app|' + via,
  CASE WHEN via = '' THEN a.id ELSE via END, '', 0, 0
// and when: UNSEEN
MATCH (a:Agent)-[:UNSEEN]->(:Scope)
WITH DISTINCT a
OPTIONAL MATCH (a)-[l:LENT]->(:Principal)
WHERE l.mode = 'on-behalf-of'
WITH a, count(l) AS persons
WHERE persons = 0
RETURN a.id + '|on-behalf-of|', a.id, 'on-behalf-of', CASE WHEN persons = 0 THEN NULL ELSE a.id END, a.code, a.id + '|on-behalf-of|', a.id, '', 0, 1
// and when: CARRIES
MATCH (a:Agent)-[c:CARRIES]->(:Scope)
WITH DISTINCT a, c.via AS via
MATCH (a)-[k:SPEAKS]->(a)
WITH a, via, k.mode AS mode
OPTIONAL MATCH (a)-[l:LENT]->(:Principal)
WHERE l.mode = mode AND l.via = via
WITH a, via, mode, count(l) AS lent
WHERE lent = 0
OPTIONAL MATCH (a)-[u:UNSEEN]->(:Scope)
WITH a, via, mode, count(u) AS unseen
WHERE unseen = 0 OR via <> '' OR mode <> 'on-behalf-of'
OPTIONAL MATCH (a)-[:ANONYMOUS]->(b:Agent)
WHERE mode = 'app' AND b.id = via
WITH a, via, mode, count(b) AS anonymous
WHERE anonymous = 0
OPTIONAL MATCH (a)-[o:OPAQUE]->(m:McpServer)
WHERE o.mode = mode AND m.id = via
WITH a, via, mode, count(m) AS opaque
WHERE opaque = 0
RETURN a.id + '|' + mode + '|' + via, a.id, mode, CASE WHEN via = '' THEN NULL ELSE via END, a.code, a.id + '|' + mode + '|' + via,
  CASE WHEN via = '' THEN a.id ELSE via END, '', 0, CASE WHEN mode IN ['agent-user', 'on-behalf-of'] THEN 1 ELSE 0 END
