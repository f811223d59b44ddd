// rule: grant
// derives: GRANT
// why: what a containment grant is worth, worked out once a grant and not once an agent. Levels: 0 no, 1 unknown, 2 yes but
// something unread could take it away, 3 yes. Special is what adds to a plain row of today: later tiers, keys, the right
// to change permissions. What everyone is granted is for persons, not for applications: theirs is the direct way to everyone.
// Only denies and ADLS lists mean all identities. Rows of *.Selected permissions are an upper bound below broken inheritance; where
// permissions are inherited they hold for sure (list-grant).
MATCH (p:Principal)-[g:GRANTED]->(x:Scope)
WHERE g.flow = 'containment' AND NOT (coalesce(g.source, '') = 'app-role' AND p.id IN ['everyone', 'everyone-except-external'])
  AND (g.expires IS NULL OR g.expires > $time)
WITH p, x, g, CASE WHEN g.certainty = 'upper-bound' OR (g.source = 'app-role' AND x.plane = 'sharepoint' AND coalesce(g.role, '') ENDS WITH '.Selected') THEN 2 ELSE 3 END AS sure, CASE WHEN g.unknown THEN 1 ELSE 0 END AS floor,
  CASE g.tier WHEN 'conditional' THEN 2 WHEN 'potential' THEN 3 WHEN 'latent' THEN 4 ELSE 1 END AS tier,
  CASE WHEN g.setAcl OR g.own OR g.assign THEN 1 ELSE 0 END AS manages,
  CASE WHEN g.listKeys OR g.regenerateKey OR g.accountSas OR g.serviceSas THEN 1 ELSE 0 END AS opens
WITH p, x, g, sure, floor, tier, manages, opens,
  CASE WHEN manages = 1 OR g.see OR g.read OR g.write OR g.add OR g.delete THEN sure ELSE floor END AS discovers
WHERE discovers > 0 OR opens = 1
RETURN p.id, x.id, tier, CASE WHEN g.see THEN sure ELSE floor END, CASE WHEN g.read THEN sure ELSE floor END,
  CASE WHEN g.write THEN sure ELSE floor END, CASE WHEN g.add THEN sure ELSE floor END,
  CASE WHEN g.delete THEN sure ELSE floor END, CASE WHEN g.setAcl THEN sure ELSE floor END,
  CASE WHEN g.own THEN sure ELSE floor END, CASE WHEN g.assign THEN sure ELSE floor END,
  CASE WHEN g.listKeys THEN sure ELSE 0 END, CASE WHEN g.regenerateKey THEN sure ELSE 0 END,
  CASE WHEN g.accountSas THEN sure ELSE 0 END, CASE WHEN g.serviceSas THEN sure ELSE 0 END,
  discovers, CASE WHEN g.read THEN sure ELSE floor END,
  CASE WHEN g.write OR g.add OR g.delete THEN sure ELSE floor END, CASE WHEN manages = 1 THEN sure ELSE floor END, opens,
  CASE WHEN tier > 1 OR manages = 1 OR opens = 1 THEN 1 ELSE 0 END,
  CASE WHEN g.source = 'app-role' OR p.id IN ['everyone', 'everyone-except-external'] THEN 1 ELSE 0 END, floor,
  CASE WHEN manages = 1 OR g.see OR g.read OR g.write OR g.add OR g.delete THEN 1 WHEN floor = 1 THEN NULL ELSE 0 END,
  CASE WHEN g.read THEN 1 WHEN floor = 1 THEN NULL ELSE 0 END,
  CASE WHEN g.write OR g.add OR g.delete THEN 1 WHEN floor = 1 THEN NULL ELSE 0 END,
  CASE WHEN manages = 1 THEN 1 WHEN floor = 1 THEN NULL ELSE 0 END,
  CASE WHEN g.unknown THEN 'unknown' WHEN sure = 2 THEN 'upper-bound' ELSE 'exact' END, CASE WHEN g.read THEN 1 ELSE 0 END, g.reason_code, g.code
// and when: HEIR
// Application permissions of a blueprint's principal are its agents' as well, where the blueprint lets the API's roles
// through; two of them never. Where it was not read whether it does, at most upper-bound.
MATCH (p:Principal)-[h:HEIR]->(:Principal)-[g:GRANTED]->(x:Scope)
WHERE g.flow = 'containment' AND g.source = 'app-role' AND (g.expires IS NULL OR g.expires > $time)
  AND NOT coalesce(g.role, '') IN ['AgentIdentity.CreateAsManager', 'AgentIdUser.ReadWrite.IdentityParentedBy']
UNWIND CASE WHEN size(h.lines) = 0 THEN [''] ELSE h.lines END AS line
WITH p, x, g,
  max(CASE WHEN line = '?' OR g.resource IS NULL THEN 2 WHEN NOT line STARTS WITH (g.resource + ' ') THEN 0 WHEN line ENDS WITH ' roles=allAllowed' THEN 3
    WHEN line ENDS WITH ' roles=unknown' THEN 2 WHEN line =~ ('.* roles=enumerated:(.*,)?\\Q' + g.role + '\\E(,.*)?') THEN 3
    ELSE 0 END) AS let
WHERE let > 0
WITH p, x, g, CASE WHEN g.certainty = 'upper-bound' OR let = 2 OR x.plane = 'sharepoint' AND coalesce(g.role, '') ENDS WITH '.Selected' THEN 2 ELSE 3 END AS sure, CASE WHEN g.unknown THEN 1 ELSE 0 END AS floor,
  CASE g.tier WHEN 'conditional' THEN 2 WHEN 'potential' THEN 3 WHEN 'latent' THEN 4 ELSE 1 END AS tier,
  CASE WHEN g.setAcl OR g.own OR g.assign THEN 1 ELSE 0 END AS manages,
  CASE WHEN g.listKeys OR g.regenerateKey OR g.accountSas OR g.serviceSas THEN 1 ELSE 0 END AS opens, let
WITH p, x, g, sure, floor, tier, manages, opens, let,
  CASE WHEN manages = 1 OR g.see OR g.read OR g.write OR g.add OR g.delete THEN sure ELSE floor END AS discovers
WHERE discovers > 0 OR opens = 1
RETURN p.id, x.id, tier, CASE WHEN g.see THEN sure ELSE floor END, CASE WHEN g.read THEN sure ELSE floor END,
  CASE WHEN g.write THEN sure ELSE floor END, CASE WHEN g.add THEN sure ELSE floor END,
  CASE WHEN g.delete THEN sure ELSE floor END, CASE WHEN g.setAcl THEN sure ELSE floor END,
  CASE WHEN g.own THEN sure ELSE floor END, CASE WHEN g.assign THEN sure ELSE floor END,
  CASE WHEN g.listKeys THEN sure ELSE 0 END, CASE WHEN g.regenerateKey THEN sure ELSE 0 END,
  CASE WHEN g.accountSas THEN sure ELSE 0 END, CASE WHEN g.serviceSas THEN sure ELSE 0 END,
  discovers, CASE WHEN g.read THEN sure ELSE floor END,
  CASE WHEN g.write OR g.add OR g.delete THEN sure ELSE floor END, CASE WHEN manages = 1 THEN sure ELSE floor END, opens,
  CASE WHEN tier > 1 OR manages = 1 OR opens = 1 THEN 1 ELSE 0 END,
  CASE WHEN g.source = 'app-role' THEN 1 ELSE 0 END, floor,
  CASE WHEN manages = 1 OR g.see OR g.read OR g.write OR g.add OR g.delete THEN 1 WHEN floor = 1 THEN NULL ELSE 0 END,
  CASE WHEN g.read THEN 1 WHEN floor = 1 THEN NULL ELSE 0 END,
  CASE WHEN g.write OR g.add OR g.delete THEN 1 WHEN floor = 1 THEN NULL ELSE 0 END,
  CASE WHEN manages = 1 THEN 1 WHEN floor = 1 THEN NULL ELSE 0 END,
  CASE WHEN g.unknown THEN 'unknown' WHEN sure = 2 THEN 'upper-bound' ELSE 'exact' END, CASE WHEN g.read THEN 1 ELSE 0 END, CASE WHEN g.reason_code IS NULL AND let = 2 THEN 'inheritance-unread' ELSE g.reason_code END, g.code
