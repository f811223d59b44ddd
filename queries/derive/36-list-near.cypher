// rule: list-near
// derives: NEAR
// per: agents
// when: LIST_GRANT
// why: what near says of plain grants, said of access lists: several paths, later tiers, the right to change the list; and,
// where containment grants meet lists, those grants, every place with a list and what lies just below it, to which the list
// is perhaps not handed on.
MATCH (x:Actor)-[i:STANDS_FOR]->(p:Principal)-[g:LIST_GRANT]->(:Scope)<-[f:INHERITED]-(s:Scope)-[:CROWDED]->(s)
WHERE x.capped = 0 AND (g.app = 0 OR i.direct = 1) AND (g.here = 0 OR f.level = 0)
WITH x, s, count(*) AS grants, max(g.special) AS special
WHERE grants > 1 OR special = 1
RETURN x.id, s.id
// and
MATCH (x:Actor)-[i:STANDS_FOR]->(p:Principal)-[g:LIST_GRANT]->(:Scope)<-[f:INHERITED]-(s:Scope)
WHERE x.capped = 0 AND i.tier > 1 AND (g.app = 0 OR i.direct = 1) AND (g.here = 0 OR f.level = 0)
RETURN DISTINCT x.id, s.id
// and when: BOTH
MATCH (x:Actor)-[:BOTH]->(x)
WITH DISTINCT x
MATCH (x)-[i:STANDS_FOR]->(p:Principal)-[g:LIST_GRANT]->(:Scope)<-[f:INHERITED]-(s:Scope)
WHERE (g.app = 0 OR i.direct = 1) AND (g.here = 0 OR f.level = 0)
RETURN DISTINCT x.id, s.id
// and when: BOTH
MATCH (x:Actor)-[:BOTH]->(x)
WITH DISTINCT x
MATCH (x)-[i:STANDS_FOR]->(p:Principal)-[g:LIST_GRANT]->(:Scope)<-[f:INHERITED]-(:Scope)<-[:WITHIN]-(s:Scope)
WHERE (g.app = 0 OR i.direct = 1) AND (g.here = 0 OR f.level = 0)
RETURN DISTINCT x.id, s.id
// and when: BOTH
MATCH (x:Actor)-[i:STANDS_FOR]->(p:Principal)-[g:GRANT]->(s:Scope)-[:MIXED]->(s)
WHERE g.app = 0 OR i.direct = 1
RETURN DISTINCT x.id, s.id
// and when: SIDE
MATCH (x:Actor)-[:SIDE]->(:Actor)
WHERE x.capped = 0
WITH x
MATCH (x)-[i:STANDS_FOR]->(p:Principal)-[g:LIST_GRANT]->(:Scope)<-[f:INHERITED]-(s:Scope)
WHERE (g.app = 0 OR i.direct = 1) AND (g.here = 0 OR f.level = 0)
RETURN DISTINCT x.id, s.id
// and when: SERVED
MATCH (x:Actor)-[:SIDE]->(:Actor)
WHERE x.capped = 1
WITH x
MATCH (x)-[i:STANDS_FOR]->(p:Principal)-[g:LIST_GRANT]->(:Scope)<-[f:INHERITED]-(s:Scope)
WHERE (g.app = 0 OR i.direct = 1) AND (g.here = 0 OR f.level = 0)
WITH DISTINCT x, s
MATCH (s)-[v:SERVED]->(:Scope)
WHERE v.level > 0
RETURN DISTINCT x.id, s.id
// and when: GATE
MATCH (s:Scope)-[:SHUT]->(s)
WITH DISTINCT s
MATCH (s)-[f:INHERITED]->(:Scope)<-[g:LIST_GRANT]-(p:Principal)
WITH s, f, g, p
MATCH (x:Actor)-[i:STANDS_FOR]->(p)
WHERE x.capped = 0 AND (g.app = 0 OR i.direct = 1) AND (g.here = 0 OR f.level = 0)
RETURN DISTINCT x.id, s.id
// and when: UNEVEN
MATCH (x:Actor)-[:UNEVEN]->(:Scope)
WHERE x.capped = 0
WITH DISTINCT x
MATCH (x)-[i:STANDS_FOR]->(p:Principal)-[g:LIST_GRANT]->(:Scope)<-[f:INHERITED]-(s:Scope)
WHERE (g.app = 0 OR i.direct = 1) AND (g.here = 0 OR f.level = 0)
WITH DISTINCT x, s
MATCH (s)-[:COVERS]->(z:Scope)
WITH x, s, z
MATCH (x)-[:UNEVEN]->(z)
RETURN DISTINCT x.id, s.id
// and when: FORKED
MATCH (x:Actor)-[i:STANDS_FOR]->(p:Principal)-[g:LIST_GRANT]->(:Scope)<-[f:INHERITED]-(s:Scope)-[:FORKED]->(s)
WHERE x.capped = 0 AND (g.app = 0 OR i.direct = 1) AND (g.here = 0 OR f.level = 0)
RETURN DISTINCT x.id, s.id
