// id: agents-by-readable-items
// title: Which agents can read most?
// for: security architect, data protection officer
// reads: Agent, Scope, CAN_REACH
// columns: agent, agent_name, items, sensitive, unlabeled_sensitive
// params: most=100
// why: Counts of items, each item once an agent, so that the columns add up. What was not counted is missing here:
//   see the coverage.

MATCH (a:Agent)-[r:CAN_REACH]->(:Scope)
WHERE r.tier = 'now' AND r.absorbed = false
WITH a, sum(r.readable_items) AS items, sum(r.readable_sensitive) AS sensitive,
     sum(r.readable_unlabeled_sensitive) AS unlabeled_sensitive
WHERE items > 0
RETURN a.id AS agent, a.name AS agent_name, items, sensitive, unlabeled_sensitive
ORDER BY sensitive DESC, items DESC, agent
LIMIT $most
