// rule: assists
// derives: ASSISTS
// per: agents
// why: with whose application it acts: consents to that one limit it, and policies name that one.
MATCH (x:Actor)
WHERE x.lender <> '' AND x.capped = 1
RETURN x.id, x.lender
// and when: GATES
MATCH (x:Actor)
WHERE x.lender <> '' AND x.capped = 0
RETURN x.id, x.lender
