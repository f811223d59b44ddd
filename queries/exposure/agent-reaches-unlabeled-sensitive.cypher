// id: agent-reaches-unlabeled-sensitive
// title: Agent can read sensitive items that carry no label
// severity: high
// reads: Agent, Principal, Scope, CAN_REACH, SPONSORS, OWNS
// columns: agent, agent_name, agent_owner, scope, scope_name, scope_kind, unlabeled_sensitive_items
// identity: agent, scope
// why: Label policies, encryption and prompts of a Copilot look at the label. Sensitive content without one
//   passes them all, so nothing stands between the agent and an answer that holds it.
// fix: Label the items (auto-labeling by the types found), or take the scope away from the agent
//   (`forereach explain AGENT SCOPE` names the grant).

// One scope may be reached in several modes and by several servers: it is still one finding.
MATCH (a:Agent)-[r:CAN_REACH]->(s:Scope)
WHERE r.tier = 'now' AND r.readable_unlabeled_sensitive > 0
WITH a, s, max(r.readable_unlabeled_sensitive) AS unlabeled_sensitive_items
// One of those who answer for the agent: the rows of reach name them all.
OPTIONAL MATCH (o:Principal)-[:SPONSORS|OWNS]->(a)
WITH a, s, unlabeled_sensitive_items, min(coalesce(o.name, o.id)) AS answers
RETURN a.id AS agent, a.name AS agent_name, coalesce(answers, a.owner) AS agent_owner, s.id AS scope, s.name AS scope_name,
       s.kind AS scope_kind, unlabeled_sensitive_items
ORDER BY unlabeled_sensitive_items DESC, agent, scope
