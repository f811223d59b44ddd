/** Ids that records name and of which nothing is known: one with a slip in it looks like something new that has nothing. */
import { DIALECTS } from "../graph/generate.ts";
import type { Row } from "../model.ts";
import {
  EVERYONE,
  EXCEPT_EXTERNAL,
  isRelKind,
  LABEL_UNKNOWN,
  NODE_KINDS,
  REL_KINDS,
  type RelKind,
  UNLABELED,
} from "../schema.ts";
import { asKinds } from "./inventory-pass.ts";
import { partitionRows } from "./inventory-sql.ts";

const { text } = DIALECTS.duckdb;

type Read = (sql: string, params?: readonly string[]) => Promise<Row[]>;

/** Every tenant has these, whether a record says so or not. */
export const ALWAYS: ReadonlySet<string> = new Set([EVERYONE, EXCEPT_EXTERNAL, UNLABELED, LABEL_UNKNOWN]);
/** So many are said by name. */
const NAMED = 5;

/** Ids of which nothing is known: how many, and the first few as `Principal "x"`. */
export interface Strangers {
  count: number;
  named: readonly string[];
}

/** What to say of them, and what to do; undefined if there are none. */
export function sayStrangers({ count, named }: Strangers): { reason: string; fix: string } | undefined {
  if (count === 0) return undefined;
  const shown = named.slice(0, NAMED);
  const more = count > shown.length ? ` and ${count - shown.length} more` : "";
  return {
    reason: `nothing is known of ${shown.join(", ")}${more}, and no line puts ${count === 1 ? "it" : "them"}`,
    fix: "correct the id in the file, or put the node if it is new",
  };
}

/**
 * Ids that relationships of an import lead to, or away from, and that nothing else names; the first by kind and id. An id that
 * they lead to and away from is a link that the file makes.
 */
export async function strangersOf(read: Read, step: string): Promise<Strangers> {
  const [partition] = await read("SELECT kinds FROM _partition WHERE step = $1", [step]);
  const own = asKinds(partition?.kinds).filter(isRelKind);
  if (own.length === 0) return { count: 0, named: [] };
  const named = `SELECT kind, id FROM (${own.flatMap((kind) => ends(kind, "=")).join(" UNION ALL ")})
    GROUP BY kind, id HAVING count(DISTINCT side) = 1`;
  const known = [
    ...NODE_KINDS.map((kind) => `SELECT '${kind}' AS kind, id FROM ${partitionRows(kind)}`),
    ...REL_KINDS.flatMap((kind) => ends(kind, "<>")).map((rows) => `SELECT kind, id FROM (${rows})`),
  ];
  const rows = await read(
    `SELECT n.kind, n.id, count(*) OVER () AS all FROM (${named}) n ANTI JOIN (${known.join(" UNION ALL ")}) k
     ON k.kind = n.kind AND k.id = n.id
     WHERE n.id NOT IN (${[...ALWAYS].map(text).join(", ")}) ORDER BY n.kind, n.id LIMIT ${NAMED}`,
    [step],
  );
  return { count: Number(rows[0]?.all ?? 0), named: rows.map(({ kind, id }) => `${kind} "${id}"`) };
}

/** Ends by id of relationships of the step, or of all others. */
const ends = (kind: RelKind, which: "=" | "<>"): string[] =>
  (["from", "to"] as const).map(
    (side) =>
      `SELECT _${side}_kind AS kind, "${side}" AS id, '${side}' AS side FROM ${partitionRows(kind)}
       WHERE step ${which} $1 AND NOT _${side}_alias`,
  );
