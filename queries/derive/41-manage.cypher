// rule: manage
// derives: LATER
// per: agents
// why: whoever changes permissions can give itself the rest: latent, one step more (reach.md 4.5).
MATCH (a:Agent)-[p:PART]->(x:Scope)
WHERE p.manage > 1
RETURN a.id, x.id, 4, p.hops + 1, p.subtree, 0, p.manage, p.manage, 0, p.reason, p.path
