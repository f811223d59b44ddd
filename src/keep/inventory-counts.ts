/**
 * Counts items by scope, label and sensitive types, and by scope with all below: HOLDS, TALLY and GUARDED. The inventory counts
 * because it holds the items: a graph store need not, and both stores get the same numbers.
 */
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { DIALECTS } from "../graph/generate.ts";
import { LABEL_UNKNOWN, UNLABELED } from "../schema.ts";
import type { GraphTable } from "./inventory.ts";
import { rowsOf } from "./inventory-db.ts";

const { text } = DIALECTS.duckdb;

/** The two that are no labels are known by their ids as well: a file of records need not describe them. */
const SORT = `coalesce(kind, CASE id WHEN ${text(UNLABELED)} THEN 'None' WHEN ${text(LABEL_UNKNOWN)} THEN 'Unknown' ELSE '' END)`;
/**
 * The labels, ranked. Of several that an item has, as its bytes may say another one than the service, it counts under the first
 * alone, since an agent's items are counted once (reach.md 4.4): under the most sensitive, as what is made from several sources
 * takes the highest label (data reference 2.1, 2.4); a label before none, and what somebody saw before what nobody looked at.
 * A label whose priority was not read comes after those with one; of equals one that encrypts comes first. Of one whose rights
 * somebody has (`named`) it is clear that it does.
 */
const ranked = (labels: string, named: string): string =>
  `SELECT id, sort, priority, coalesce(name, id) AS name, encrypted IS NULL AND id NOT IN (${named}) AS unclear, row_number() OVER (
     ORDER BY CASE sort WHEN 'Unknown' THEN 2 WHEN 'None' THEN 1 ELSE 0 END, priority DESC NULLS LAST, encrypted DESC NULLS LAST, id
   ) AS rank FROM (SELECT *, ${SORT} AS sort FROM ${text(labels)})`;

/** Which item counts for what. A label whose priority was not read is never called the top one. */
const SUMS = `sum(items)::BIGINT AS items,
  sum(CASE WHEN sort NOT IN ('None', 'Unknown') THEN items ELSE 0 END)::BIGINT AS labeled,
  sum(CASE WHEN sort = 'None' THEN items ELSE 0 END)::BIGINT AS unlabeled,
  sum(CASE WHEN sort = 'Unknown' THEN items ELSE 0 END)::BIGINT AS label_unknown,
  sum(CASE WHEN sort NOT IN ('None', 'Unknown') AND unclear THEN items ELSE 0 END)::BIGINT AS label_unclear,
  sum(CASE WHEN types <> '' THEN items ELSE 0 END)::BIGINT AS sensitive,
  sum(CASE WHEN types <> '' AND sort = 'None' THEN items ELSE 0 END)::BIGINT AS unlabeled_sensitive,
  sum(items - inspected)::BIGINT AS not_inspected,
  coalesce(max(CASE WHEN sort NOT IN ('None', 'Unknown') THEN 100000 + priority || name END), '') AS top_label`;

/**
 * Writes them from the exported files into `dir`. `below` of a TALLY is 0 for a scope alone, 1 for it with everything
 * below, and 2 where these are the same. No items: no files.
 */
export async function countItems(
  connection: DuckDBConnection,
  tables: readonly GraphTable[],
  dir: string,
): Promise<GraphTable[]> {
  const file = (kind: string) => tables.find((table) => table.kind === kind)?.file;
  const [items, labels, protectedBy, labeled] = ["Item", "Label", "PROTECTED_BY", "LABELED"].map(file);
  if (items === undefined || labels === undefined || protectedBy === undefined || labeled === undefined)
    return [];
  const within = file("WITHIN");
  const parents =
    within === undefined
      ? "SELECT NULL::VARCHAR AS child, NULL::VARCHAR AS parent WHERE false"
      : `SELECT "from" AS child, "to" AS parent FROM ${text(within)}`;
  // Labels that encrypt, or whose use something limits.
  const onLabels = (kind: string): string[] =>
    tables
      .filter((table) => table.kind === kind && table.to === "Label")
      .map((table) => `SELECT "to" FROM ${text(table.file)}`);
  const named = ["SELECT NULL::VARCHAR WHERE false", ...onLabels("LABEL_RIGHTS")].join(" UNION ");
  const guarded = `SELECT id FROM ${text(labels)} WHERE encrypted UNION ${[named, ...onLabels("GATES")].join(" UNION ")}`;
  await connection.run(`CREATE OR REPLACE TEMP TABLE _ranked AS ${ranked(labels, named)}`);
  await connection.run(
    `CREATE OR REPLACE TEMP TABLE _holds AS
     WITH first AS (SELECT l."from" AS item, min(k.rank) AS rank FROM ${text(labeled)} l JOIN _ranked k ON k.id = l."to" GROUP BY item)
     SELECT p."to" AS "from", k.id AS "to", coalesce(i.types, '') AS types, count(*) AS items,
       coalesce(sum(i.size), 0)::BIGINT AS bytes, count(i.types) AS inspected
     FROM ${text(items)} i JOIN ${text(protectedBy)} p ON p."from" = i.id JOIN first f ON f.item = i.id JOIN _ranked k USING (rank)
     GROUP BY ALL`,
  );
  await connection.run(
    `CREATE OR REPLACE TEMP TABLE _tally AS
     WITH RECURSIVE own AS (SELECT h."from" AS scope, h.*, k.* FROM _holds h JOIN _ranked k ON k.id = h."to"),
     parents AS (${parents}),
     up AS (SELECT DISTINCT scope, scope AS place FROM own
            UNION SELECT up.scope, p.parent FROM up JOIN parents p ON p.child = up.place),
     inner_places AS (SELECT place FROM up GROUP BY place HAVING count(*) > 1 OR min(scope) <> place)
     SELECT scope AS "from", scope AS "to",
       CASE WHEN scope IN (SELECT place FROM inner_places) THEN 0 ELSE 2 END::BIGINT AS below, ${SUMS}
     FROM own GROUP BY scope
     UNION ALL
     SELECT place, place, 1::BIGINT, ${SUMS}
     FROM up JOIN inner_places USING (place) JOIN own USING (scope) GROUP BY place`,
  );
  await connection.run(
    `CREATE OR REPLACE TEMP TABLE _guarded AS
     WITH RECURSIVE own AS (SELECT "from" AS scope, "to" AS label, sum(items)::BIGINT AS items FROM _holds
       WHERE "to" IN (${guarded}) GROUP BY ALL),
     parents AS (${parents}),
     up AS (SELECT DISTINCT scope, scope AS place FROM own
            UNION SELECT up.scope, p.parent FROM up JOIN parents p ON p.child = up.place),
     sums AS (SELECT place, label, sum(items)::BIGINT AS items, bool_and(scope = place) AS alone
              FROM up JOIN own USING (scope) GROUP BY ALL)
     SELECT place AS "from", label AS "to", CASE WHEN alone THEN 2 ELSE 1 END::BIGINT AS below, items FROM sums
     UNION ALL
     SELECT o.scope, o.label, 0::BIGINT, o.items FROM own o
     JOIN sums s ON s.place = o.scope AND s.label = o.label AND NOT s.alone`,
  );
  const counted: GraphTable[] = [];
  for (const [kind, from, to] of [
    ["HOLDS", "Scope", "Label"],
    ["TALLY", "Scope", "Scope"],
    ["GUARDED", "Scope", "Label"],
  ] as const) {
    const target = join(dir, `${kind}.parquet`);
    const source = `_${kind.toLowerCase()}`;
    await connection.run(`COPY ${source} TO ${text(target)} (FORMAT parquet)`);
    const [row] = await rowsOf(connection, `SELECT count(*) AS n FROM ${source}`);
    await connection.run(`DROP TABLE ${source}`);
    counted.push({ kind, from, to, file: target, rows: Number(row?.n) });
  }
  await connection.run("DROP TABLE _ranked");
  return counted;
}
