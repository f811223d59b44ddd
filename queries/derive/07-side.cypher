// rule: side
// derives: SIDE
// per: agents
// when: MANY
// why: which actor an identity belongs to.
MATCH (x:Actor)
WHERE x.side = 1
RETURN x.id, x.whole
