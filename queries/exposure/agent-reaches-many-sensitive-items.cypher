// id: agent-reaches-many-sensitive-items
// title: Agent can read many sensitive items
// severity: high
// reads: Agent, Principal, Scope, CAN_REACH, SPONSORS, OWNS
// columns: agent, agent_name, agent_owner, sensitive_items, unknown_scopes
// identity: agent
// params: threshold=100
// why: Whatever an agent can read, it can repeat to whoever talks to it, or be tricked into sending away.
//   The more sensitive items it reads, the more one bad prompt can cost.
// fix: Grant it the containers it needs instead of the account or subscription, and take the wide role away
//   (`forereach explain AGENT SCOPE` names the grant). To accept it, raise `threshold`.

// A row counts only what no row above it counted, so that the rows of one mode, by one server, add up. Modes and
// servers overlap: the widest one counts.
MATCH (a:Agent)-[r:CAN_REACH]->(s:Scope)
WHERE r.tier = 'now' AND r.absorbed = false
WITH a, r.mode AS mode, coalesce(r.via, '') AS via, sum(r.readable_sensitive) AS sensitive,
     sum(CASE WHEN r.read IS NULL THEN 1 ELSE 0 END) AS unread
WITH a, max(sensitive) AS sensitive_items, sum(unread) AS unknown_scopes
WHERE sensitive_items > $threshold
// One of those who answer for the agent: the rows of reach name them all.
OPTIONAL MATCH (o:Principal)-[:SPONSORS|OWNS]->(a)
WITH a, sensitive_items, unknown_scopes, min(coalesce(o.name, o.id)) AS answers
RETURN a.id AS agent, a.name AS agent_name, coalesce(answers, a.owner) AS agent_owner, sensitive_items, unknown_scopes
ORDER BY sensitive_items DESC, agent
