// rule: sign
// derives: SIGN
// when: TELLS
// why: by what persons can be told apart, in short: how many such marks they have, and the least and greatest, read from the front
// and from the back.
MATCH (p:Principal)-[t:TELLS]->(p)
WHERE p.kind IN ['User', 'Guest']
RETURN p.id, p.id, count(*), min(t.mark) + ' ' + max(t.mark) + ' ' + min(reverse(t.mark)) + ' ' + max(reverse(t.mark))
