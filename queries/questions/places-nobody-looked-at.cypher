// id: places-nobody-looked-at
// title: Which places were not read completely, and who stands there?
// for: auditor
// reads: Agent, Scope, CAN_REACH, BLIND
// columns: scope, scope_name, agents, unread_denies
// why: What was not read is unknown, not empty. unread_denies: something that takes access away may be among it,
//   so that rows there are upper bounds.

MATCH (s:Scope)-[b:BLIND]->(s)
WITH s, max(b.denies) AS unread_denies
OPTIONAL MATCH (a:Agent)-[r:CAN_REACH]->(s)
WHERE coalesce(r.discover, true) OR coalesce(r.read, true) OR coalesce(r.write, true) OR coalesce(r.manage, true)
RETURN s.id AS scope, s.name AS scope_name, count(DISTINCT a.id) AS agents, unread_denies
ORDER BY agents DESC, scope
