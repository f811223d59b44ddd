/**
 * Removals of an import, spelled as what they mean: a file may name by alias what it named by id before, and the other way
 * round. Connectors spell a record in one way.
 */
import { DIALECTS } from "../graph/generate.ts";
import { isRelKind, type Kind, NODE_KINDS, type NodeKind, type RelKind } from "../schema.ts";
import type { Writer } from "./inventory-db.ts";
import { aliasesOf, namedByAlias, resolvedKey, resolvedRows, stagedRows } from "./inventory-sql.ts";

const { quote, text } = DIALECTS.duckdb;

export interface Spelled {
  step: string;
  staged: bigint;
  /** The live layer that the staged one changes. */
  base: bigint | undefined;
  /** Kinds of the staged layer. */
  kinds: ReadonlySet<Kind>;
}

/** Adds removals to the staged layer, one for each other spelling of what it removes. */
export async function spellRemovals(writer: Writer, spelled: Spelled): Promise<void> {
  const aliased: RelKind[] = [];
  const ends = new Set<unknown>();
  for (const kind of spelled.kinds) {
    if (!isRelKind(kind)) continue;
    const removes = `EXISTS (SELECT 1 FROM ${quote(kind)} WHERE _layer = ${spelled.staged} AND _removed)`;
    const rows = `(SELECT * FROM ${quote(kind)} WHERE ${layersOf(spelled)} AND ${removes})`;
    const named = await writer.rows(`SELECT DISTINCT kind FROM (${namedByAlias(rows, "''")})`);
    if (named.length > 0) aliased.push(kind);
    for (const { kind: end } of named) ends.add(end);
  }
  if (aliased.length === 0) return;
  await writer.run("CREATE OR REPLACE TEMP TABLE _alias (kind VARCHAR, alias VARCHAR, id VARCHAR)");
  for (const end of NODE_KINDS)
    if (ends.has(end))
      await writer.run(`INSERT INTO _alias ${aliasesOf(end, stagedRows(end, declaring(end, spelled)))}`);
  for (const kind of aliased) await writer.run(removalsOf(kind, spelled));
  await writer.run("DROP TABLE _alias");
}

const layersOf = ({ staged, base }: Spelled): string =>
  base === undefined ? `_layer = ${staged}` : `_layer IN (${staged}, ${base})`;

/** Nodes that are known once the import has ended. */
const declaring = (kind: NodeKind, spelled: Spelled): string =>
  `(SELECT * FROM ${quote(kind)} WHERE NOT _removed AND (${layersOf(spelled)} OR _layer IN
     (SELECT layer FROM _partition WHERE layer IS NOT NULL AND step <> ${text(spelled.step)})))`;

/** A record by an alias of several nodes stands for each of them: it goes once all that it stands for is removed. */
const removalsOf = (kind: RelKind, spelled: Spelled): string => {
  const table = quote(kind);
  const key = resolvedKey(kind).map(quote);
  const spelling = ["_f", "_from_alias", "_t", "_to_alias"];
  const rows = `(SELECT *, "from" AS _f, "to" AS _t FROM ${table} WHERE ${layersOf(spelled)})`;
  const rest = key.filter((name) => name !== quote("from") && name !== quote("to"));
  return `INSERT INTO ${table} BY NAME
    WITH ends AS (${resolvedRows(kind, rows, [...spelling, "_seq", "_removed"])}),
    hit AS (SELECT ${[...key, ...spelling].map((name) => `r.${name}`).join(", ")}, max(w._seq) AS seq
      FROM ends r LEFT JOIN ends w ON w._removed AND ${key.map((name) => `w.${name} = r.${name}`).join(" AND ")}
      WHERE NOT r._removed GROUP BY ALL)
    SELECT ${spelled.staged}::BIGINT AS _layer, min(seq) AS _seq, true AS _removed,
      ${rest.join(", ")}, _f AS "from", _from_alias, _t AS "to", _to_alias
    FROM hit GROUP BY ALL HAVING count(*) = count(seq)`;
};
