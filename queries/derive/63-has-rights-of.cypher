// rule: has-rights-of
// derives: HAS_RIGHTS_OF
// per: agents
// when: STANDS_FOR
// why: whose rights an agent has, and how it came to them, for people and for showing a witness.
MATCH (x:Actor)-[i:STANDS_FOR]->(p:Principal)
RETURN x.agent, p.id, x.mode, x.via, CASE i.tier WHEN 1 THEN 'now' WHEN 3 THEN 'potential' ELSE 'latent' END, i.hops, i.level, i.path,
  CASE x.person WHEN '' THEN NULL ELSE x.person END, i.direct
// and when: HEIR
MATCH (x:Actor)-[i:STANDS_FOR]->(:Principal)-[:HEIR]->(p:Principal)
RETURN x.agent, p.id, x.mode, x.via, CASE i.tier WHEN 1 THEN 'now' WHEN 3 THEN 'potential' ELSE 'latent' END, i.hops, i.level, i.path + p.code,
  CASE x.person WHEN '' THEN NULL ELSE x.person END, i.direct
