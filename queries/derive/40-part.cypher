// rule: part
// derives: PART
// per: agents
// why: what each grant gives at a place, after denies: primitive actions become the four rights (reach.md 4.7). Latent
// rights act as another principal, so the agent’s own denies do not touch them; what a grant of unknown worth gives stays unknown. WITH as in nested; four ways to write one variable, because the
// embedded engine loads only the last of columns that are the same variable.
MATCH (a:Agent)-[:MARK]->(x:Scope)-[b:ABOVE]->(y:Scope)
WITH a, x, y, b
MATCH (a)-[q:POINT]->(y)
OPTIONAL MATCH (a)-[t:TAKEN]->(x)
WITH a, x, b, q, t
WHERE t IS NULL OR q.tier = 4
RETURN a.id, x.id, q.tier, q.hops, 1, q.discover, q.read, q.write, q.manage, q.reason,
  CAST(CAST(substring(q.path, 1, 3) AS INT64) + b.level AS STRING) + substring(q.path, 4, 4000)
// and when: TAKEN
MATCH (a:Agent)-[t:TAKEN]->(x:Scope)-[b:ABOVE]->(y:Scope)
WITH a, t, x, b, y
MATCH (a)-[q:POINT]->(y)
WHERE q.tier < 4
WITH a, x, b, q, CASE WHEN t.see = 1 AND substring(q.levels, 1, 1) <> '1' THEN 0 ELSE CAST(substring(q.levels, 1, 1) AS INT64) END AS seeLeft,
  CASE WHEN t.read = 1 AND substring(q.levels, 2, 1) <> '1' THEN 0 ELSE CAST(substring(q.levels, 2, 1) AS INT64) END AS readLeft,
  CASE WHEN t.write = 1 AND substring(q.levels, 3, 1) <> '1' THEN 0 ELSE CAST(substring(q.levels, 3, 1) AS INT64) END AS writeLeft,
  CASE WHEN t.add = 1 AND substring(q.levels, 4, 1) <> '1' THEN 0 ELSE CAST(substring(q.levels, 4, 1) AS INT64) END AS addLeft,
  CASE WHEN t.delete = 1 AND substring(q.levels, 5, 1) <> '1' THEN 0 ELSE CAST(substring(q.levels, 5, 1) AS INT64) END AS deleteLeft,
  CASE WHEN t.setAcl = 1 AND substring(q.levels, 6, 1) <> '1' THEN 0 ELSE CAST(substring(q.levels, 6, 1) AS INT64) END AS setAclLeft,
  CASE WHEN t.own = 1 AND substring(q.levels, 7, 1) <> '1' THEN 0 ELSE CAST(substring(q.levels, 7, 1) AS INT64) END AS ownLeft,
  CASE WHEN t.assign = 1 AND substring(q.levels, 12, 1) <> '1' THEN 0 ELSE CAST(substring(q.levels, 12, 1) AS INT64) END AS assignLeft
WITH a, x, b, q, seeLeft AS v, readLeft AS r,
  CASE WHEN writeLeft >= addLeft AND writeLeft >= deleteLeft THEN writeLeft WHEN addLeft >= deleteLeft THEN addLeft ELSE deleteLeft END AS w,
  CASE WHEN setAclLeft >= ownLeft AND setAclLeft >= assignLeft THEN setAclLeft WHEN ownLeft >= assignLeft THEN ownLeft ELSE assignLeft END AS m
RETURN a.id, x.id, q.tier, q.hops, 1,
  CASE WHEN v >= r AND v >= w AND v >= m THEN v WHEN r >= w AND r >= m THEN r WHEN w >= m THEN w ELSE m END,
  r, w, m, q.reason,
  CAST(CAST(substring(q.path, 1, 3) AS INT64) + b.level AS STRING) + substring(q.path, 4, 4000)
// and
MATCH (a:Agent)-[k:KEYED]->(y:Scope)
OPTIONAL MATCH (a)-[t:TAKEN]->(y)
WITH a, k, y, CASE WHEN t.listKeys = 1 AND k.tier < 4 THEN 0 ELSE CAST(substring(k.levels, 8, 1) AS INT64) END AS k1,
  CASE WHEN t.regenerateKey = 1 AND k.tier < 4 THEN 0 ELSE CAST(substring(k.levels, 9, 1) AS INT64) END AS k2,
  CASE WHEN t.accountSas = 1 AND k.tier < 4 THEN 0 ELSE CAST(substring(k.levels, 10, 1) AS INT64) END AS k3,
  CASE WHEN t.serviceSas = 1 AND k.tier < 4 THEN 0 ELSE CAST(substring(k.levels, 11, 1) AS INT64) END AS k4
WITH a, k, y, CASE WHEN k1 >= k2 AND k1 >= k3 AND k1 >= k4 THEN k1 WHEN k2 >= k3 AND k2 >= k4 THEN k2 WHEN k3 >= k4 THEN k3 ELSE k4 END AS sure
WHERE sure > 1
MATCH (y)<-[b:ABOVE]-(x:Scope)
WITH a, k, b, x, sure
MATCH (a)-[:MARK]->(x)
RETURN a.id, x.id, k.tier, k.hops, 1, sure, sure + 0, 0 + sure, sure * 1, k.reason,
  CAST(CAST(substring(k.path, 1, 3) AS INT64) + b.level AS STRING) + substring(k.path, 4, 4000)
// and
MATCH (a:Agent)-[l:LISTED]->(x:Scope)
RETURN a.id, x.id, l.tier, l.hops, 0, l.discover, l.read, l.write, l.manage, l.reason, l.path
