// rule: holds
// derives: HOLDS
// per: items
// why: items that share scope, label and sensitive types are one class; nothing is lost by counting them. Items are many,
// so it runs for one slice of the scopes after the other.
MATCH (s:Scope)<-[:PROTECTED_BY]-(i:Item)-[:LABELED]->(l:Label)
WHERE s.code >= $from AND s.code < $to
RETURN s.id, l.id, coalesce(i.types, ''), count(*), sum(i.size), count(i.types)
