// rule: gains
// derives: GAINS
// when: CONTROLS
// why: an application permission with which its holder can become somebody is the permission of a blueprint's agents as well, where the
// blueprint hands it on (identity reference, 2.2 and 9.4): whom its principal controls by that permission they can become.
// and when: HEIR
MATCH (q:Principal)-[h:HEIR]->(p:Principal)-[g:GRANTED]->(:Scope)
WHERE g.source = 'app-role' AND g.role IS NOT NULL AND (g.expires IS NULL OR g.expires > $time)
  AND NOT g.role IN ['AgentIdentity.CreateAsManager', 'AgentIdUser.ReadWrite.IdentityParentedBy']
UNWIND CASE WHEN size(h.lines) = 0 THEN [''] ELSE h.lines END AS line
WITH q, p, g.role AS role,
  max(CASE WHEN line = '?' OR g.resource IS NULL THEN 2 WHEN NOT line STARTS WITH (g.resource + ' ') THEN 0 WHEN line ENDS WITH ' roles=allAllowed' THEN 3
    WHEN line ENDS WITH ' roles=unknown' THEN 2 WHEN line =~ ('.* roles=enumerated:(.*,)?\\Q' + g.role + '\\E(,.*)?') THEN 3
    ELSE 0 END) AS let
WHERE let > 0
WITH DISTINCT q, p, role
MATCH (p)-[k:CONTROLS]->(z:Principal)
WHERE k.how = role AND z.id <> q.id
RETURN DISTINCT q.id, z.id, 1
