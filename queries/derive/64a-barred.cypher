// rule: barred
// derives: BARRED
// per: agents
// when: HIDES
// why: such a rule works on one surface, for those whom it names, or for all if it names nobody, and not where an agent acts as
// itself alone (data reference, 3.1).
// Of several persons one that is not barred is enough.
MATCH (k:Policy)-[h:HIDES]->(l:Label)
WITH k, l, h.targets AS targets
MATCH (x:Actor)-[:ASSISTS]->(a:Agent)
WHERE x.mode <> 'app' AND (k.surface IS NULL OR toLower(k.surface) = toLower(coalesce(a.surface, '')))
OPTIONAL MATCH (x)-[m:MEETS]->(k)
WITH x, l, k, targets, min(m.include) AS named
WHERE named = 1 OR (targets = 0 AND named IS NULL)
WITH DISTINCT x, l
OPTIONAL MATCH (x)<-[:SIDE]-(y:Actor)-[:STANDS_FOR]->(:Principal)
WITH x, l, count(y) AS sides
WHERE sides = 0
RETURN x.id, l.id
// and when: SIDE
// An identity that may not act stands for nobody, and has no say.
MATCH (y:Actor)-[b:BARRED]->(l:Label)
WITH y, l
MATCH (y)-[:SIDE]->(x:Actor)
WITH x, y, l
MATCH (y)-[:STANDS_FOR]->(:Principal)
WITH x, l, count(DISTINCT y.id) AS barred
MATCH (x)<-[:SIDE]-(z:Actor)-[:STANDS_FOR]->(:Principal)
WITH x, l, barred, count(DISTINCT z.id) AS sides
WHERE barred = sides
OPTIONAL MATCH (x)-[w:STRANGERS]->(x)
WITH x, l, count(w) AS strangers
WHERE strangers = 0
RETURN x.id, l.id
// and when: STRANGERS
// Beside whom it is not known who may use it: they have to be barred as well.
MATCH (x:Actor)-[:STRANGERS]->(x)
WHERE x.mode <> 'app'
WITH x
MATCH (x)-[:ASSISTS]->(a:Agent)
WITH x, toLower(coalesce(a.surface, '')) AS surface
MATCH (k:Policy)-[h:HIDES]->(l:Label)
WHERE k.surface IS NULL OR toLower(k.surface) = surface
WITH x, k, l, h.targets AS targets
OPTIONAL MATCH (x)-[m:MEETS]->(k)
WITH x, l, k, targets, min(m.include) AS named
WHERE named = 1 OR (targets = 0 AND named IS NULL)
WITH DISTINCT x, l
MATCH (x)<-[:SIDE]-(z:Actor)-[:STANDS_FOR]->(:Principal)
WITH x, l, count(DISTINCT z.id) AS sides
MATCH (x)<-[:SIDE]-(y:Actor)-[:STANDS_FOR]->(:Principal)
WITH DISTINCT x, l, sides, y
MATCH (y)-[:BARRED]->(l)
WITH x, l, sides, count(DISTINCT y.id) AS barred
WHERE barred = sides
RETURN x.id, l.id
