// id: agents-by-readable-items
// title: Which agents can read most?
// for: security architect, data protection officer
// reads: Agent, Scope, CAN_REACH
// columns: agent, agent_name, items, sensitive, unlabeled_sensitive
// params: most=100
// why: How many items each agent reads today, in the mode, and by the server, that reads most: no item counts twice.
//   What was not counted is missing here: see the coverage.

MATCH (a:Agent)-[r:CAN_REACH]->(:Scope)
WHERE r.tier = 'now' AND r.absorbed = false
WITH a, r.mode AS mode, coalesce(r.via, '') AS via, sum(r.readable_items) AS found,
     sum(r.readable_sensitive) AS found_sensitive, sum(r.readable_unlabeled_sensitive) AS found_unlabeled
WITH a, max(found) AS items, max(found_sensitive) AS sensitive, max(found_unlabeled) AS unlabeled_sensitive
WHERE items > 0
RETURN a.id AS agent, a.name AS agent_name, items, sensitive, unlabeled_sensitive
ORDER BY sensitive DESC, items DESC, agent
LIMIT $most
