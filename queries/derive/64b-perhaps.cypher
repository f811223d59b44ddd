// rule: perhaps
// derives: PERHAPS
// per: agents
// when: IMPLICIT
// why: a label may name a mail domain (data reference, 2.4), and who has an address there no record says: any person may.
MATCH (d:Principal)-[:IMPLICIT]->(d)
WHERE d.kind = 'MailDomain'
MATCH (d)-[r:LABEL_RIGHTS]->(l:Label)<-[:GUARDED]-(:Scope)
WITH l, max(CASE WHEN r.view THEN 1 ELSE 0 END) AS view, max(CASE WHEN r.view AND r.extract THEN 1 ELSE 0 END) AS extract
MATCH (x:Actor)-[i:STANDS_FOR]->(p:Principal)
WHERE i.tier = 1 AND i.direct = 1 AND x.mode <> 'key' AND p.kind IN ['User', 'Guest', 'AgentUser']
RETURN DISTINCT x.whole, l.id, view, extract
