// id: agents-without-sponsor
// title: Which agents does nobody answer for?
// for: identity team, auditor
// reads: Agent, Principal, CAN_REACH, SPONSORS, OWNS, ACTS_AS
// columns: agent, agent_name, platform, estate, places
// why: Without a sponsor or owner nobody notices that an agent is no longer needed, and nobody can be asked why it
//   reaches what it does.

MATCH (a:Agent)
OPTIONAL MATCH (sponsor:Principal)-[:SPONSORS]->(a)
WITH a, count(sponsor) AS sponsors
OPTIONAL MATCH (owner:Principal)-[:OWNS]->(a)
WITH a, sponsors, count(owner) AS owners
OPTIONAL MATCH (a)-[:ACTS_AS]->(:Principal)<-[:OWNS]-(o:Principal)
WITH a, sponsors, owners, count(o) AS others
WHERE sponsors + owners + others = 0 AND (a.owner IS NULL OR a.owner = '')
OPTIONAL MATCH (a)-[r:CAN_REACH]->(s:Scope)
WHERE coalesce(r.discover, true) OR coalesce(r.read, true) OR coalesce(r.write, true) OR coalesce(r.manage, true)
RETURN a.id AS agent, a.name AS agent_name, a.platform AS platform, a.estate AS estate, count(DISTINCT s.id) AS places
ORDER BY places DESC, agent
