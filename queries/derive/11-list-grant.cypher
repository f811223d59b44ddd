// rule: list-grant
// derives: LIST_GRANT
// why: the same for access lists; those that give nothing are no path. ADLS lists (flow posix) have been followed from the root
// by the connector. Narrow: who is in the group does not hold it without more; that
// a group is no member of itself is nothing more. What everyone is given on an access list is for
// persons, not for applications: theirs is the direct way to everyone. Rows of *.Selected permissions are granted by containment, and hold
// for sure where permissions are inherited.
MATCH (p:Principal)-[g:GRANTED]->(x:Scope)
WHERE (g.flow IN ['acl', 'posix'] OR (g.flow = 'containment' AND g.source = 'app-role' AND x.plane = 'sharepoint' AND coalesce(g.role, '') ENDS WITH '.Selected')) AND NOT (g.flow <> 'posix' AND coalesce(g.source, '') = 'app-role' AND p.id IN ['everyone', 'everyone-except-external'])
  AND (g.expires IS NULL OR g.expires > $time)
WITH p, x, g, CASE WHEN g.certainty = 'upper-bound' THEN 2 ELSE 3 END AS sure, CASE WHEN g.unknown THEN 1 ELSE 0 END AS floor,
  CASE g.tier WHEN 'conditional' THEN 2 WHEN 'potential' THEN 3 WHEN 'latent' THEN 4 ELSE 1 END AS tier,
  CASE WHEN g.setAcl OR g.own OR g.assign THEN 1 ELSE 0 END AS manages,
  coalesce(size(g.together), 0) + coalesce(size(g.excluded), 0) - CASE WHEN p.kind = 'Group' AND p.id IN coalesce(g.excluded, ['']) THEN 1 ELSE 0 END AS limits
WITH p, x, g, sure, floor, tier, manages, CASE WHEN limits > 0 THEN 1 ELSE 0 END AS narrow
WITH p, x, g, sure, floor, tier, manages, narrow,
  CASE WHEN manages = 1 OR g.see OR g.read OR g.write OR g.add OR g.delete THEN sure ELSE floor END AS discovers
WHERE discovers > 0
RETURN p.id, x.id, tier, discovers, CASE WHEN g.read THEN sure ELSE floor END,
  CASE WHEN g.write OR g.add OR g.delete THEN sure ELSE floor END, CASE WHEN manages = 1 THEN sure ELSE floor END,
  CASE WHEN tier > 1 OR manages = 1 OR narrow = 1 THEN 1 ELSE 0 END, CASE WHEN g.source = 'app-role' THEN 1 WHEN g.flow = 'acl' AND p.id IN ['everyone', 'everyone-except-external'] THEN 1 ELSE 0 END,
  CASE WHEN manages = 1 OR g.see OR g.read OR g.write OR g.add OR g.delete THEN 1 WHEN floor = 1 THEN NULL ELSE 0 END,
  CASE WHEN g.read THEN 1 WHEN floor = 1 THEN NULL ELSE 0 END,
  CASE WHEN g.write OR g.add OR g.delete THEN 1 WHEN floor = 1 THEN NULL ELSE 0 END,
  CASE WHEN manages = 1 THEN 1 WHEN floor = 1 THEN NULL ELSE 0 END,
  CASE WHEN g.unknown THEN 'unknown' WHEN sure = 2 THEN 'upper-bound' ELSE 'exact' END, CASE WHEN g.read THEN 1 ELSE 0 END,
  CASE WHEN g.flow = 'posix' THEN 1 ELSE 0 END, narrow, coalesce(g.together, ['']), coalesce(g.excluded, ['']), CASE WHEN g.see THEN sure ELSE floor END, g.reason_code, g.code
// and when: HEIR
MATCH (p:Principal)-[h:HEIR]->(:Principal)-[g:GRANTED]->(x:Scope)
WHERE (g.flow = 'acl' OR (g.flow = 'containment' AND x.plane = 'sharepoint' AND coalesce(g.role, '') ENDS WITH '.Selected')) AND g.source = 'app-role' AND (g.expires IS NULL OR g.expires > $time)
  AND NOT coalesce(g.role, '') IN ['AgentIdentity.CreateAsManager', 'AgentIdUser.ReadWrite.IdentityParentedBy']
UNWIND CASE WHEN size(h.lines) = 0 THEN [''] ELSE h.lines END AS line
WITH p, x, g,
  max(CASE WHEN line = '?' OR g.resource IS NULL THEN 2 WHEN NOT line STARTS WITH (g.resource + ' ') THEN 0 WHEN line ENDS WITH ' roles=allAllowed' THEN 3
    WHEN line ENDS WITH ' roles=unknown' THEN 2 WHEN line =~ ('.* roles=enumerated:(.*,)?\\Q' + g.role + '\\E(,.*)?') THEN 3
    ELSE 0 END) AS let
WHERE let > 0
WITH p, x, g, CASE WHEN g.certainty = 'upper-bound' OR let = 2 THEN 2 ELSE 3 END AS sure, CASE WHEN g.unknown THEN 1 ELSE 0 END AS floor,
  CASE g.tier WHEN 'conditional' THEN 2 WHEN 'potential' THEN 3 WHEN 'latent' THEN 4 ELSE 1 END AS tier,
  CASE WHEN g.setAcl OR g.own OR g.assign THEN 1 ELSE 0 END AS manages, let
WITH p, x, g, sure, floor, tier, manages, let,
  CASE WHEN manages = 1 OR g.see OR g.read OR g.write OR g.add OR g.delete THEN sure ELSE floor END AS discovers
WHERE discovers > 0
RETURN p.id, x.id, tier, discovers, CASE WHEN g.read THEN sure ELSE floor END,
  CASE WHEN g.write OR g.add OR g.delete THEN sure ELSE floor END, CASE WHEN manages = 1 THEN sure ELSE floor END,
  CASE WHEN tier > 1 OR manages = 1 THEN 1 ELSE 0 END, 1,
  CASE WHEN manages = 1 OR g.see OR g.read OR g.write OR g.add OR g.delete THEN 1 WHEN floor = 1 THEN NULL ELSE 0 END,
  CASE WHEN g.read THEN 1 WHEN floor = 1 THEN NULL ELSE 0 END,
  CASE WHEN g.write OR g.add OR g.delete THEN 1 WHEN floor = 1 THEN NULL ELSE 0 END,
  CASE WHEN manages = 1 THEN 1 WHEN floor = 1 THEN NULL ELSE 0 END,
  CASE WHEN g.unknown THEN 'unknown' WHEN sure = 2 THEN 'upper-bound' ELSE 'exact' END, CASE WHEN g.read THEN 1 ELSE 0 END,
  0, 0, [''], [''], CASE WHEN g.see THEN sure ELSE floor END, CASE WHEN g.reason_code IS NULL AND let = 2 THEN 'inheritance-unread' ELSE g.reason_code END, g.code
