// rule: gate
// derives: GATE
// why: places where something besides grants decides, whoever asks: network rules (the request decides), a lock of the site.
// Rules that were not read may take access away.
MATCH (s:Scope)
WHERE s.network IN ['Deny', 'unknown']
RETURN s.id, s.id, CASE WHEN s.network = 'Deny' THEN 2 ELSE 1 END, 0
// and
MATCH (s:Scope)
WHERE s.gates IS NOT NULL
WITH s, CASE WHEN 'lock:NoAccess' IN coalesce(s.gates, ['']) THEN 2 WHEN 'lock:ReadOnly' IN coalesce(s.gates, ['']) THEN 1 ELSE 0 END AS lock
WHERE lock > 0
RETURN s.id, s.id, 0, lock
