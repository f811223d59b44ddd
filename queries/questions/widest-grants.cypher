// id: widest-grants
// title: Which grants do most agents hang on?
// for: security architect
// reads: Agent, Principal, Scope, CAN_REACH, GRANTED
// columns: grant_id, role, principal, principal_name, scope, scope_name, agents, rows
// params: most=100
// why: Taking one of these away, or narrowing it, changes most. Each row counts for the grant on its witness, the
//   shortest path.

MATCH (a:Agent)-[r:CAN_REACH]->(:Scope)
WHERE r.tier = 'now' AND r.absorbed = false
  AND (coalesce(r.discover, true) OR coalesce(r.read, true) OR coalesce(r.write, true) OR coalesce(r.manage, true))
WITH r.grant AS witness, a, count(*) AS places
WITH witness, count(*) AS agents, sum(places) AS rows
MATCH (p:Principal)-[g:GRANTED]->(s:Scope)
WHERE g.code = witness
RETURN g.key AS grant_id, g.role AS role, p.id AS principal, p.name AS principal_name, s.id AS scope, s.name AS scope_name,
       agents, rows
ORDER BY agents DESC, rows DESC, grant_id, principal, scope
LIMIT $most
