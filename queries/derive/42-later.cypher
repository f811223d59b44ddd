// rule: later
// derives: PART
// per: agents
// why: and these rights count like any other part.
MATCH (a:Agent)-[l:LATER]->(x:Scope)
RETURN a.id, x.id, l.tier, l.hops, l.subtree, l.discover, l.read, l.write, l.manage, l.reason, l.path
