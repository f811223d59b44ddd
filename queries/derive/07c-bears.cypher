// rule: bears
// derives: BEARS
// per: agents
// when: CARRIES
// why: content that an agent carries (carries), for each actor of the agent.
MATCH (a:Agent)-[c:CARRIES]->(s:Scope)
WITH a, c.via AS via, c.level AS level, c.copy AS copy, s
MATCH (a)-[k:SPEAKS]->(a)
RETURN a.id + '|' + k.mode + '|' + via, s.id, level, copy
