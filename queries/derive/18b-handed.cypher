// rule: handed
// derives: HANDED
// when: LIST_GRANT
// why: the places that an access list comes down to, with what lies in each: worked out once a place, not once an agent.
MATCH (:Principal)-[:LIST_GRANT]->(y:Scope)
WITH DISTINCT y
MATCH (y)<-[f:INHERITED]-(s:Scope)
OPTIONAL MATCH (s)-[t:TALLY]->(s) WHERE t.below <> 1
OPTIONAL MATCH (s)-[b:BLIND]->(s)
OPTIONAL MATCH (s)-[c:BENEATH]->(s)
WITH s, y, f.level AS level, t.items AS items, t.sensitive AS sensitive, t.unlabeled_sensitive AS unlabeled, b.denies AS blind, coalesce(c.crest, '') AS crest
RETURN s.id, y.id, level, coalesce(items, 0), coalesce(sensitive, 0), coalesce(unlabeled, 0), coalesce(blind, 0), crest
