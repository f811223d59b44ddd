// rule: actor
// derives: Actor
// per: agents
// why: the rights of one mode, or of one lender, never mix with those of another: an actor is the agent in one of them.
MATCH (a:Agent)-[l:LENT]->(:Principal)
WITH DISTINCT a, l.mode AS mode, l.via AS via
RETURN a.id + '|' + mode + '|' + via, a.id, mode, CASE WHEN via = '' THEN NULL ELSE via END, a.code
