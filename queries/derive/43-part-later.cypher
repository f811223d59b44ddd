// rule: part-later
// derives: PART
// per: agents
// when: LATER
// why: and these rights count like any other part.
MATCH (x:Actor)-[l:LATER]->(s:Scope)
RETURN x.id, s.id, l.tier, l.hops, l.subtree, l.discover, l.read, l.write, l.manage, l.reason, l.rank, l.path, l.grant, l.regrant, l.who
