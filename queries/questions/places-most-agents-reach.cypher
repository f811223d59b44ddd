// id: places-most-agents-reach
// title: Which places do most agents stand at?
// for: data owner, security architect
// reads: Agent, Scope, CAN_REACH, TALLY
// columns: scope, scope_name, scope_kind, agents, writers, items, sensitive
// params: most=100
// why: Many agents at one place make it the one to protect first. Rows at the place itself are counted, and its
//   items with everything below.

MATCH (a:Agent)-[r:CAN_REACH]->(s:Scope)
WHERE r.tier = 'now'
  AND (coalesce(r.discover, true) OR coalesce(r.read, true) OR coalesce(r.write, true) OR coalesce(r.manage, true))
WITH s, a, max(CASE WHEN r.write THEN 1 ELSE 0 END) AS writing
WITH s, count(*) AS agents, sum(writing) AS writers
OPTIONAL MATCH (s)-[t:TALLY]->(s)
WHERE t.below <> 0
RETURN s.id AS scope, s.name AS scope_name, s.kind AS scope_kind, agents, writers, t.items AS items,
       t.sensitive AS sensitive
ORDER BY agents DESC, scope
LIMIT $most
