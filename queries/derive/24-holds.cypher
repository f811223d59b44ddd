// rule: holds
// derives: HOLDS
// reads items: yes
// why: items that share scope, label and sensitive types are one class; nothing is lost by counting them (reach.md 2).
MATCH (s:Scope)<-[:PROTECTED_BY]-(i:Item)-[:LABELED]->(l:Label)
RETURN s.id, l.id, coalesce(i.types, ''), count(*), sum(coalesce(i.size, 0)), sum(CASE WHEN i.types IS NULL THEN 0 ELSE 1 END)
