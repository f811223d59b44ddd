// id: grants-that-end
// title: Which grants end by a date?
// for: identity team, data owner
// reads: Principal, Scope, GRANTED
// columns: principal, principal_name, scope, scope_name, role, expires
// params: until
// why: Reach that ends by itself needs no clean-up, but somebody may count on it.

MATCH (p:Principal)-[g:GRANTED]->(s:Scope)
WHERE g.expires IS NOT NULL AND g.expires <= $until
RETURN p.id AS principal, p.name AS principal_name, s.id AS scope, s.name AS scope_name, g.role AS role,
       g.expires AS expires
ORDER BY expires, principal, scope, role
