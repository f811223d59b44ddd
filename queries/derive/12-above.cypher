// rule: above
// derives: ABOVE
// growth: doubling
// why: containment goes from the tenant root to the container. Each pass joins the longest chains known with all
// shorter ones, so depth d takes log d passes. Chains over 64 are a loop in bad data: cut there.
MATCH (s:Scope)
RETURN s.id, s.id, 0
// and
MATCH (s:Scope)-[:WITHIN]->(x:Scope)
WHERE s.id <> x.id
RETURN s.id, x.id, 1
// next level
MATCH (s:Scope)-[b:ABOVE]->(m:Scope)-[d:ABOVE]->(x:Scope)
WHERE b.level = $level AND d.level > 0 AND b.level + d.level <= 64 AND s.id <> x.id
RETURN s.id, x.id, b.level + d.level
