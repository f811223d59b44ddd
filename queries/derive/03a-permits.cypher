// rule: permits
// derives: PERMITS
// when: CONSENTED
// why: what a delegated permission lets an application do for a user: what the connector says or, if it says nothing, what
// the name says; where neither is known, the rights are unknown. Basic: see, not read. Selected: rows at the places decide. Of files,
// mail and the like without more the name says that they are the user's own: of which places that is true nobody says, so it is an
// upper bound (https://learn.microsoft.com/graph/permissions-reference).
MATCH (c:Principal)-[k:CONSENTED]->(z:Scope)
WHERE k.type = 'delegated'
WITH c, z, k, toLower(coalesce(k.permission, '')) AS name
WITH c, z, k, CASE
  WHEN k.see IS NOT NULL OR k.read IS NOT NULL OR k.write IS NOT NULL OR k.add IS NOT NULL OR k.delete IS NOT NULL
    OR k.setAcl IS NOT NULL OR k.own IS NOT NULL OR k.assign IS NOT NULL THEN 'said'
  WHEN name CONTAINS '.selected' THEN '?'
  WHEN name CONTAINS '.readbasic' THEN 'd'
  WHEN name IN ['user_impersonation', 'access_as_user', 'full_access_as_user'] OR name CONTAINS '.fullcontrol' THEN 'drwm'
  WHEN name CONTAINS '.readwrite' OR name CONTAINS '.manage' THEN 'drw'
  WHEN name CONTAINS '.read.' OR name ENDS WITH '.read' THEN 'dr'
  WHEN name CONTAINS '.write.' OR name ENDS WITH '.write' THEN 'dw'
  ELSE '?' END AS means,
  CASE WHEN name =~ '(files|mail|calendars|contacts|notes|myfiles)[.](read|readbasic|readwrite|write)' THEN 2 ELSE 3 END AS most
RETURN c.id, z.id, coalesce(k.user, '*'), coalesce(k.key, ''),
  CASE WHEN means = '?' THEN 1 WHEN means <> 'said' OR k.see OR k.read OR k.write OR k.add OR k.delete OR k.setAcl OR k.own OR k.assign THEN most
    ELSE 0 END,
  CASE WHEN means = '?' THEN 1 WHEN means CONTAINS 'r' OR k.read THEN most ELSE 0 END,
  CASE WHEN means = '?' THEN 1 WHEN means CONTAINS 'w' OR k.write OR k.add OR k.delete THEN most ELSE 0 END,
  CASE WHEN means = '?' THEN 1 WHEN means CONTAINS 'm' OR k.setAcl OR k.own OR k.assign THEN most ELSE 0 END
// and when: HEIR
// Consents to the blueprint's principal, where the blueprint lets that scope of that API through; at most upper-bound where
// it was not read whether it does.
MATCH (q:Principal)-[h:HEIR]->(p:Principal)-[k:PERMITS]->(z:Scope)
WITH q, h, p, k, z
MATCH (p)-[c:CONSENTED]->(z)
WHERE coalesce(c.key, '') = k.consent
WITH q, h, k, z, c, toLower(coalesce(c.resource, '')) AS api
OPTIONAL MATCH (r:Principal)
WHERE r.id = api
WITH q, h, k, z, c, CASE WHEN r.id IS NULL THEN api ELSE coalesce(r.appId, '') END AS app
UNWIND CASE WHEN size(h.lines) = 0 THEN [''] ELSE h.lines END AS line
WITH q, k, z, max(CASE WHEN line = '?' OR app = '' THEN 2 WHEN NOT line STARTS WITH (app + ' ') THEN 0
  WHEN line CONTAINS ' scopes=allAllowed ' THEN 3 WHEN line CONTAINS ' scopes=unknown ' THEN 2
  WHEN line =~ ('.* scopes=enumerated:([^ ]*,)?\\Q' + c.permission + '\\E(,[^ ]*)? .*') THEN 3 ELSE 0 END) AS let
WHERE let > 0
RETURN q.id, z.id, k.user, k.consent, CASE WHEN k.discover > let THEN let ELSE k.discover END, CASE WHEN k.read > let THEN let ELSE k.read END,
  CASE WHEN k.write > let THEN let ELSE k.write END, CASE WHEN k.manage > let THEN let ELSE k.manage END
