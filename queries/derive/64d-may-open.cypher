// rule: may-open
// derives: MAY_OPEN
// per: agents
// when: OPENS
// why: the same by agent, for whoever asks what its reach is good for.
MATCH (x:Actor)-[o:OPENS]->(l:Label)
RETURN x.agent, l.id, x.mode, x.via, o.view, o.extract, o.blocked
