// id: groups-that-bring-agents-somewhere
// title: Which groups give agents their reach?
// for: identity team, security architect
// reads: Agent, Principal, Scope, ACTS_AS, MEMBER_OF, GRANTED
// columns: group_id, group_name, agents, grants
// why: A group made for people that agents joined gives them all that people need. Direct members and grants of
//   the group itself are counted.

MATCH (a:Agent)-[:ACTS_AS]->(:Principal)-[:MEMBER_OF]->(g:Principal)
WITH g, count(DISTINCT a.id) AS agents
MATCH (g)-[x:GRANTED]->(:Scope)
RETURN g.id AS group_id, g.name AS group_name, agents, count(x) AS grants
ORDER BY agents DESC, grants DESC, group_id
