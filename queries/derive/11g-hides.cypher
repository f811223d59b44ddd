// rule: hides
// derives: HIDES
// when: GATES
// why: DLP rules that keep content of a label out of answers (data reference, 3.1), and how many each names.
MATCH (k:Policy)-[:GATES]->(l:Label)
WHERE k.kind = 'Dlp' AND k.effect = 'block' AND (k.state IS NULL OR k.state = 'enabled')
OPTIONAL MATCH (k)-[t:APPLIES_TO]->(n)
WITH k, l, sum(CASE WHEN t.include = false OR n IS NULL THEN 0 ELSE 1 END) AS targets
RETURN k.id, l.id, targets
