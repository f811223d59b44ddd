// id: agent-can-change-permissions
// title: Agent can change who has access
// severity: critical
// reads: Agent, Principal, Scope, CAN_REACH, SPONSORS, OWNS
// columns: agent, agent_name, agent_owner, scope, scope_name, scope_kind, covers, certainty
// identity: agent, scope
// why: Who assigns permissions can give itself, or anyone, every right there. What the agent reads today is
//   then no limit at all.
// fix: Replace the role by one that reads or writes data but assigns nothing (instead of Owner or User
//   Access Administrator), or restrict by a condition which roles it may assign.

// min and max pick the surest path and the widest cover: exact < unknown < upper-bound, class < scope < subtree.
MATCH (a:Agent)-[r:CAN_REACH]->(s:Scope)
WHERE r.tier = 'now' AND r.manage AND r.absorbed = false
WITH a, s, max(CASE WHEN s.kind = 'Class' THEN 'class' WHEN r.subtree THEN 'subtree' ELSE 'scope' END) AS covers, min(r.certainty) AS certainty
// One of those who answer for the agent: the rows of reach name them all.
OPTIONAL MATCH (o:Principal)-[:SPONSORS|OWNS]->(a)
WITH a, s, covers, certainty, min(coalesce(o.name, o.id)) AS answers
RETURN a.id AS agent, a.name AS agent_name, coalesce(answers, a.owner) AS agent_owner, s.id AS scope, s.name AS scope_name,
       s.kind AS scope_kind, covers, certainty
ORDER BY agent, scope
