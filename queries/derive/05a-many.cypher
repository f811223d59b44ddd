// rule: many
// derives: MANY
// per: agents
// why: what binds one identity (denies, policies, groups that must be had together) does not bind the others of the same
// agent and mode, so each is followed by itself; so is whoever consents limit.
MATCH (a:Agent)-[l:LENT]->(p:Principal)
WITH a, l.mode AS mode, l.via AS via, count(DISTINCT p.id) AS identities
WHERE identities > 1 OR mode IN ['agent-user', 'on-behalf-of']
RETURN a.id, a.id, mode, via
