// rule: consents
// derives: CONSENTS
// per: agents
// when: PERMITS
// why: for a user an application does what it has consent for, and what the user may: never more than either.
MATCH (x:Actor)-[:ASSISTS]->(:Agent)-[s:ACTS_AS]->(c:Principal)-[k:PERMITS]->(z:Scope)
WHERE x.capped = 1 AND x.side = 1 AND s.mode = 'app' AND (c.enabled IS NULL OR c.enabled) AND (k.user = '*' OR k.user = x.person)
RETURN x.id, z.id, max(k.discover), max(k.read), max(k.write), max(k.manage)
