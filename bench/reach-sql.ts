/**
 * The same answer by SQL: what a database does with the same facts, level by level, stored, with absorption and a
 * witness. It knows what the estate holds and no more (no denies, no later membership, no gaps), so it flatters SQL.
 */
import { join } from "node:path";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { Meter } from "./meter.ts";

export interface SqlResult {
  seconds: number;
  cpu: number;
  rows: number;
  pairs: number;
  reads: number;
  writes: number;
  manages: number;
}

/** Facts with numbers for ids, as a load into the graph gives them; not timed, as that load is not. */
const LOAD = (folder: string): string[] => {
  const file = (kind: string) => `'${join(folder, `${kind}.parquet`)}'`;
  return [
    `CREATE TABLE agent AS SELECT row_number() OVER (ORDER BY id)::INT n, id FROM ${file("Agent")}`,
    `CREATE TABLE principal AS SELECT row_number() OVER (ORDER BY id)::INT n, id, code FROM ${file("Principal")}`,
    `CREATE TABLE scope AS SELECT row_number() OVER (ORDER BY id)::INT n, id, kind, code FROM ${file("Scope")}`,
    `CREATE TABLE acts AS SELECT a.n f, p.n t FROM ${file("ACTS_AS")} r JOIN agent a ON a.id = r."from" JOIN principal p ON p.id = r."to"`,
    `CREATE TABLE member AS SELECT a.n f, p.n t FROM ${file("MEMBER_OF")} r JOIN principal a ON a.id = r."from" JOIN principal p ON p.id = r."to"`,
    `CREATE TABLE granted AS SELECT p.n p, s.n s, 1::TINYINT d, coalesce(r.read, false)::TINYINT r, coalesce(r.write, false)::TINYINT w,
       coalesce(r.assign, false)::TINYINT m, coalesce(r."listKeys", false)::TINYINT k, r.flow, r.code::INT g
     FROM ${file("GRANTED")} r JOIN principal p ON p.id = r."from" JOIN scope s ON s.id = r."to"`,
    `CREATE TABLE within AS SELECT a.n f, b.n t FROM ${file("WITHIN")} r JOIN scope a ON a.id = r."from" JOIN scope b ON b.id = r."to"`,
    `CREATE TABLE inherits AS SELECT a.n f, b.n t FROM ${file("INHERITS")} r JOIN scope a ON a.id = r."from" JOIN scope b ON b.id = r."to"`,
  ];
};

const CLOSURES: readonly { name: string; first: string; next: (level: number) => string }[] = [
  {
    name: "stands",
    first: `SELECT a.f a, a.t p, 1 AS level, p.code path FROM acts a JOIN principal p ON p.n = a.t`,
    next: (
      level,
    ) => `SELECT s.a, m.t, ${level + 1}, min(s.path || p.code) FROM stands s JOIN member m ON m.f = s.p
      JOIN principal p ON p.n = m.t WHERE s.level = ${level}
      AND NOT EXISTS (FROM stands k WHERE k.a = s.a AND k.p = m.t) GROUP BY s.a, m.t`,
  },
  {
    name: "above",
    first: `SELECT f s, t y, 1 AS level FROM within`,
    next: (
      level,
    ) => `SELECT DISTINCT b.s, w.t, ${level + 1} FROM above b JOIN within w ON w.f = b.y WHERE b.level = ${level}
      AND NOT EXISTS (FROM above k WHERE k.s = b.s AND k.y = w.t)`,
  },
  {
    name: "inherited",
    first: `SELECT s, s y, 1 AS level FROM (SELECT DISTINCT s FROM granted WHERE flow = 'acl')`,
    next: (
      level,
    ) => `SELECT DISTINCT i.f, b.y, ${level + 1} FROM inherited b JOIN inherits i ON i.t = b.s WHERE b.level = ${level}
      AND NOT EXISTS (FROM inherited k WHERE k.s = i.f AND k.y = b.y)`,
  },
];

/**
 * `own`: what a path gives where it arrives; `extra`: what it gives further down, and a step later; `row_`: these added
 * up; `shown`: what a row says beyond earlier tiers and the row above. The witness has the fewest relationships, then the
 * fewest memberships, then the smallest ids, and gives something that the row shows.
 */
const STEPS: readonly string[] = [
  `CREATE TABLE own AS
   SELECT i.a, g.s, true AS sub, g.d, g.r, g.w, g.m, g.k, (i.level + 1) * 1000 + i.level AS rank, i.p, g.g
   FROM stands i JOIN granted g ON g.p = i.p WHERE g.flow = 'containment'`,
  `INSERT INTO own
   SELECT o.a, y.n, true, 1, 1, 1, 1, 0, o.rank + 1000 * b.level, o.p, o.g
   FROM own o JOIN (SELECT s, y, level FROM above UNION ALL SELECT n, n, 0 FROM scope) b ON b.y = o.s JOIN scope y ON y.n = b.s
   WHERE o.k = 1 AND y.kind = 'StorageAccount'`,
  `INSERT INTO own
   SELECT i.a, f.s, false, g.d, g.r, g.w, g.m, 0, (i.level + f.level) * 1000 + i.level, i.p, g.g
   FROM stands i JOIN granted g ON g.p = i.p JOIN inherited f ON f.y = g.s WHERE g.flow = 'acl'`,
  // Only what stands above other places can add to what is held there.
  "CREATE TABLE parent AS SELECT DISTINCT t AS s FROM within",
  "CREATE TABLE wide AS FROM own WHERE sub AND s IN (FROM parent)",
  `CREATE TABLE place AS
   SELECT DISTINCT a, s FROM own WHERE a IN (SELECT a FROM wide)
   UNION SELECT o.a, w.f FROM own o JOIN within w ON w.t = o.s WHERE NOT o.sub AND o.a IN (SELECT a FROM wide)`,
  `CREATE TABLE extra AS
   SELECT p.a, p.s, 1::TINYINT AS tier, true AS sub, o.d, o.r, o.w, o.m, o.rank + 1000 * b.level AS rank, o.p, o.g
   FROM place p JOIN wide o ON o.a = p.a JOIN above b ON b.s = p.s AND b.y = o.s`,
  "CREATE VIEW part AS SELECT a, s, 1::TINYINT AS tier, sub, d, r, w, m, rank, p, g FROM own UNION ALL FROM extra",
  "INSERT INTO extra SELECT a, s, 4, sub, 1, 1, 1, 0, rank + 1000000, p, g FROM part WHERE m = 1",
  `CREATE TABLE row_ AS
   SELECT a, s, tier, bool_or(sub) AS sub, max(d) AS d, max(r) AS r, max(w) AS w, max(m) AS m, count(*) AS parts, min(rank) AS rank, min(g) AS g
   FROM part GROUP BY a, s, tier`,
  "CREATE TABLE high AS FROM row_ WHERE sub AND s IN (FROM parent)",
  `CREATE TABLE upper AS
   SELECT p.a, p.s, p.tier, arg_min(q.d, b.level) AS d, arg_min(q.r, b.level) AS r, arg_min(q.w, b.level) AS w, arg_min(q.m, b.level) AS m
   FROM (FROM row_ WHERE a IN (SELECT a FROM high)) p JOIN high q ON q.a = p.a AND q.tier = p.tier JOIN above b ON b.s = p.s AND b.y = q.s
   GROUP BY p.a, p.s, p.tier`,
  `CREATE TABLE shown AS
   SELECT a, s, tier, d - ed AS d, r - er AS r, w - ew AS w, m - em AS m, d = ud AND r = ur AND w = uw AND m = um AS absorbed, parts, rank, g
   FROM (
     SELECT p.*, coalesce(u.d, 0) AS ud, coalesce(u.r, 0) AS ur, coalesce(u.w, 0) AS uw, coalesce(u.m, 0) AS um,
       least(p.d, coalesce(e.d, 0)) AS ed, least(p.r, coalesce(e.r, 0)) AS er, least(p.w, coalesce(e.w, 0)) AS ew, least(p.m, coalesce(e.m, 0)) AS em
     FROM row_ p LEFT JOIN upper u ON u.a = p.a AND u.s = p.s AND u.tier = p.tier
     LEFT JOIN (SELECT *, 4::TINYINT AS later FROM row_ WHERE tier = 1 AND m = 1) e ON e.later = p.tier AND e.a = p.a AND e.s = p.s)
   WHERE d - ed + r - er + w - ew + m - em > 0 OR d < ud OR r < ur OR w < uw OR m < um`,
  `CREATE TABLE witness AS
   SELECT q.a, q.s, q.tier, min({rank: p.rank + CASE WHEN q.d * p.d + q.r * p.r + q.w * p.w + q.m * p.m > 0 THEN 0 ELSE 1000000000 END,
     path: i.path || x.code, g: p.g}) AS best
   FROM shown q JOIN part p ON p.a = q.a AND p.s = q.s AND p.tier = q.tier JOIN stands i ON i.a = p.a AND i.p = p.p
   JOIN granted g ON g.g = p.g JOIN scope x ON x.n = g.s WHERE q.parts > 1 GROUP BY q.a, q.s, q.tier`,
  `CREATE TABLE reach AS
   SELECT q.a, q.s, q.tier, q.d, q.r, q.w, q.m, q.absorbed, coalesce(v.best.rank, q.rank) % 1000000 // 1000 AS steps, coalesce(v.best.g, q.g) AS g
   FROM shown q LEFT JOIN witness v ON v.a = q.a AND v.s = q.s AND v.tier = q.tier`,
  "CHECKPOINT",
];

/** Makes the rows in a database of its own below `work`; `exported` gets those that are shown. */
export async function reachBySql(folder: string, work: string, exported: string): Promise<SqlResult> {
  const db = await DuckDBInstance.create(join(work, "reach.duckdb"), { threads: "2" });
  const c = await db.connect();
  for (const sql of LOAD(folder)) await c.run(sql);
  const meter = new Meter(0);
  for (const closure of CLOSURES) await close(c, closure);
  for (const sql of STEPS) {
    await c.run(sql);
  }
  const seconds = meter.wallSeconds();
  const cpu = meter.cpuSeconds();
  await c.run(
    `COPY (SELECT a.id AS agent, s.id AS scope, CASE r.tier WHEN 1 THEN 'now' ELSE 'latent' END AS tier, r.d, r.r, r.w, r.m, r.steps, r.g
     FROM reach r JOIN agent a ON a.n = r.a JOIN scope s ON s.n = r.s
       WHERE NOT r.absorbed) TO '${exported}' (FORMAT parquet)`,
  );
  const [counts] = await (
    await c.runAndReadAll(
      `SELECT count(*)::DOUBLE n, (SELECT count(*) FROM (SELECT DISTINCT a, s FROM reach WHERE NOT absorbed))::DOUBLE pairs,
         sum(r)::DOUBLE r, sum(w)::DOUBLE w, sum(m)::DOUBLE m FROM reach WHERE NOT absorbed`,
    )
  ).getRowObjects();
  const number = (name: string) => Number(counts?.[name]);
  c.closeSync();
  db.closeSync();
  return {
    ...{ seconds, cpu, rows: number("n"), pairs: number("pairs") },
    ...{ reads: number("r"), writes: number("w"), manages: number("m") },
  };
}

/** A loop of inserts: a level is one join, and only what is new goes on. */
async function close(c: DuckDBConnection, { name, first, next }: (typeof CLOSURES)[number]): Promise<void> {
  await c.run(`CREATE TABLE ${name} AS ${first}`);
  for (let level = 1; ; level++) {
    const { rowsChanged } = await c.run(`INSERT INTO ${name} ${next(level)}`);
    if (rowsChanged === 0) return;
  }
}
