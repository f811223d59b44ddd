// rule: picky
// derives: PICKY
// when: GATES
// why: policies that block persons and leave out some of those whom they name, or block whom they do not name: who is bound by one
// is not who is in a principal.
MATCH (k:Policy)-[:GATES]->(:Scope)
WHERE k.kind = 'SiteRestriction' AND (k.state IS NULL OR k.state = 'enabled')
RETURN DISTINCT k.id, k.id
// and
MATCH (k:Policy)-[t:APPLIES_TO]->()
WHERE k.kind = 'ConditionalAccess' AND k.effect = 'block' AND (k.state IS NULL OR k.state = 'enabled') AND t.include = false
RETURN DISTINCT k.id, k.id
