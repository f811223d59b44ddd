// id: public-places
// title: Which places can anybody read?
// for: data owner, security architect
// reads: Scope, TALLY
// columns: scope, scope_name, public_access, items, labeled, sensitive
// why: What anybody may read needs no agent to leak. Counts are those of the place alone, and missing where nobody
//   counted.

MATCH (s:Scope)
WHERE s.publicAccess IS NOT NULL AND s.publicAccess <> 'None'
OPTIONAL MATCH (s)-[t:TALLY]->(s)
WHERE t.below <> 1
RETURN s.id AS scope, s.name AS scope_name, s.publicAccess AS public_access, t.items AS items, t.labeled AS labeled,
       t.sensitive AS sensitive
ORDER BY scope
