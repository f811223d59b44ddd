// rule: tally
// derives: TALLY
// why: counts by scope, alone and with everything below, so that no answer has to add them up again.
// A label whose priority was not read is never called the top one.
MATCH (s:Scope)-[h:HOLDS]->(l:Label)
RETURN s.id, s.id, 0, sum(h.items), sum(CASE WHEN l.kind = 'None' OR l.kind = 'Unknown' THEN 0 ELSE h.items END),
  sum(CASE WHEN l.kind = 'None' THEN h.items ELSE 0 END), sum(CASE WHEN l.kind = 'Unknown' THEN h.items ELSE 0 END),
  sum(CASE WHEN h.types <> '' THEN h.items ELSE 0 END),
  sum(CASE WHEN h.types <> '' AND l.kind = 'None' THEN h.items ELSE 0 END), sum(h.items - h.inspected),
  max(CASE WHEN l.priority IS NULL OR l.kind = 'None' OR l.kind = 'Unknown' THEN '' ELSE CAST(100000 + l.priority AS STRING) + coalesce(l.name, l.id) END)
// and
MATCH (y:Scope)<-[b:ABOVE]-(s:Scope)-[h:HOLDS]->(l:Label)
RETURN y.id, y.id, 1, sum(h.items), sum(CASE WHEN l.kind = 'None' OR l.kind = 'Unknown' THEN 0 ELSE h.items END),
  sum(CASE WHEN l.kind = 'None' THEN h.items ELSE 0 END), sum(CASE WHEN l.kind = 'Unknown' THEN h.items ELSE 0 END),
  sum(CASE WHEN h.types <> '' THEN h.items ELSE 0 END),
  sum(CASE WHEN h.types <> '' AND l.kind = 'None' THEN h.items ELSE 0 END), sum(h.items - h.inspected),
  max(CASE WHEN l.priority IS NULL OR l.kind = 'None' OR l.kind = 'Unknown' THEN '' ELSE CAST(100000 + l.priority AS STRING) + coalesce(l.name, l.id) END)
