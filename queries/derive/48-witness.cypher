// rule: witness
// derives: WITNESS
// per: agents
// when: OFFER
// why: the witness has the fewest steps of control, then the fewest relationships, then the fewest memberships, then the
// smallest ids (principals, the granted place, the grant).
MATCH (x:Actor)-[o:OFFER]->(s:Scope)
WITH x, s, o.tier AS tier, min(o.rank) AS rank, max(o.reason) AS reason
MATCH (x)-[o:OFFER]->(s)
WHERE o.tier = tier AND o.rank = rank
WITH x, s, tier, rank, reason, min(o.path) AS path
MATCH (x)-[o:OFFER]->(s)
WHERE o.tier = tier AND o.rank = rank AND o.path = path
RETURN x.id, s.id, tier, min(o.hops), reason, rank, min(o.grant), min(o.regrant), min(o.who)
