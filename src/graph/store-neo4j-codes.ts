/**
 * Codes in what is published. In a snapshot they are ranks, so one more principal moves all that sort behind it, and
 * with them every row that names one. Published codes sort the same way but leave gaps: what was published keeps its
 * code, what is new takes one between its neighbours, and only where no room is left does everybody get a new one.
 */
import type { DuckDBConnection } from "@duckdb/node-api";

const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const WIDTH = 5;
/** One past the highest code: of principals five digits to base 36, of grants what a double holds exactly. */
const ROOM = { principal: 36 ** WIDTH, grant: 2 ** 52 } as const;

const digits = (column: string): string =>
  Array.from(
    { length: WIDTH },
    (_, i) => `(strpos('${DIGITS}', ${column}[${i + 1}]) - 1) * ${36 ** (WIDTH - 1 - i)}`,
  ).join(" + ");

/**
 * Makes the tables `code_principal` (id, was, code) and `code_grant` (from, to, key, was, code): what a code of the
 * snapshot is called when published. `next` and `last` select principals and grants of the two states.
 */
export async function makeCodes(
  connection: DuckDBConnection,
  next: { principals: string; grants: string },
  last: { principals: string; grants: string },
): Promise<void> {
  await stable(
    connection,
    "principal",
    ["id"],
    next.principals,
    `SELECT id, ${digits("code")} AS old FROM (${last.principals})`,
    (code) => `to_base(${code}, 36, ${WIDTH})`,
  );
  await stable(
    connection,
    "grant",
    ["from", "to", "key"],
    next.grants,
    `SELECT "from", "to", key, code AS old FROM (${last.grants})`,
    (code) => code,
  );
}

async function stable(
  connection: DuckDBConnection,
  what: keyof typeof ROOM,
  key: readonly string[],
  next: string,
  last: string,
  shown: (code: string) => string,
): Promise<void> {
  const keys = key.map((name) => `"${name}"`).join(", ");
  // A run of new ones stands behind the old one before them (`low`) and before the next old one (`high`).
  await connection.run(
    `CREATE OR REPLACE TEMP TABLE placed AS
     WITH joined AS (
       SELECT ${keys}, n.code AS was, old, row_number() OVER (ORDER BY n.code) AS pos FROM (${next}) n LEFT JOIN (${last}) o USING (${keys})
     ), runs AS (SELECT *, count(old) OVER (ORDER BY pos) AS run FROM joined),
     bounds AS (SELECT run, max(old) AS low, count(*) FILTER (old IS NULL) AS new FROM runs GROUP BY run),
     between_ AS (SELECT run, coalesce(low, -1) AS low, new, coalesce(lead(low) OVER (ORDER BY run), ${ROOM[what]}) AS high FROM bounds)
     SELECT runs.*, low, high, new, row_number() OVER (PARTITION BY runs.run, old IS NULL ORDER BY pos) AS nth
     FROM runs JOIN between_ ON runs.run = between_.run`,
  );
  const [row] = (
    await connection.runAndReadAll(
      "SELECT coalesce(bool_and(high - low > new AND high > low), true), count(*) FROM placed",
    )
  ).getRows();
  const room = Math.floor(ROOM[what] / (Number(row?.[1] ?? 0) + 1));
  // A gap times a count passes 64 bits, first where 2,048 grants are new in the widest gap.
  const code =
    row?.[0] === true
      ? "CASE WHEN old IS NOT NULL THEN old ELSE low + ((high - low)::HUGEINT * nth) // (new + 1) END"
      : `pos * ${room}`;
  await connection.run(
    `CREATE OR REPLACE TEMP TABLE code_${what} AS SELECT ${keys}, was, ${shown(`(${code})::BIGINT`)} AS code FROM placed`,
  );
}

/** SELECT of the rows of HAS_RIGHTS_OF with the principals on their paths called by published codes. */
export const recodedPaths = (rows: string, columns: readonly string[]): string => {
  const list = columns.map((name) => (name === "path" ? "coalesce(n.path, r.path) AS path" : `r."${name}"`));
  return `WITH r AS (SELECT *, row_number() OVER () AS nth, strpos(path, ' ') AS space FROM (${rows})),
    steps AS (SELECT nth, unnest(range(0, (length(path) - space) // ${WIDTH})) AS i, path, space FROM r),
    named AS (SELECT nth, any_value(path[:space]) || string_agg(c.code, '' ORDER BY i) AS path
      FROM steps JOIN code_principal c ON c.was = substr(path, space + 1 + i * ${WIDTH}, ${WIDTH}) GROUP BY nth)
    SELECT ${list.join(", ")} FROM r LEFT JOIN named n USING (nth)`;
};
