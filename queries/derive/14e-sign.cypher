// rule: sign
// derives: SIGN
// when: TOLD
// why: by what persons can be told apart, in short: how many named principals they are in, and the least and greatest of their
// codes, from the front and from the back.
MATCH (p:Principal)-[t:TOLD]->(q:Principal)
WHERE p.kind IN ['User', 'Guest']
WITH p, q.code + CASE t.tier WHEN 1 THEN '' ELSE '?' END AS code
RETURN p.id, p.id, count(*), min(code) + ' ' + max(code) + ' ' + min(reverse(code)) + ' ' + max(reverse(code))
