/**
 * What answers look up of many nodes at a time, kept as a whole. The embedded engine reads through all places for those
 * of one agent, again in every question; so once several answers have needed it, it is read once, and then at hand.
 */
import type { GraphStore } from "../graph/store.ts";
import { type Row, StoreError } from "../model.ts";

type Query = GraphStore["query"];

/** A question about nodes of one kind. `by`: the id of the node, as the pattern names it. */
export interface Question {
  match: string;
  by: string;
  columns: string;
}

/** So many answers are asked for without: one answer alone is quicker. */
const ANSWERS_WITHOUT = 2;
/** More rows than these are not kept. */
const ROWS_AT_MOST = 1_000_000;

interface Whole {
  asked: number;
  read?: Promise<unknown>;
}
const wholes = new WeakMap<Query, Map<string, Whole>>();

/**
 * From now on keeps what questions of this store read as a whole. Only for the embedded engine: another has an index for
 * them, and its graph may change while it is open.
 */
export function keepWholes(query: Query): void {
  wholes.set(query, new Map());
}

/** Rows of these nodes, each with the id of its node as `of`; undefined while they are not kept: then ask for them. */
export async function keptRows(
  query: Query,
  { match, by, columns }: Question,
  ids: Iterable<string>,
): Promise<Row[] | undefined> {
  const rows = await kept(query, match, `${match} RETURN ${by} AS of, ${columns}`, byNode);
  return rows === undefined ? undefined : [...new Set(ids)].flatMap((id) => rows.get(id) ?? []);
}

/** Where places lie in the engine's table. */
export interface Places {
  idAt(at: unknown): string | undefined;
  at(id: string): number | undefined;
}

/**
 * The places of the graph. Beside a row `offset(id(s))` costs nothing, `s.id` more than all the rest of it. Undefined while
 * they are not kept.
 */
export const keptPlaces = (query: Query): Promise<Places | undefined> =>
  kept(query, "MATCH (s:Scope)", "MATCH (s:Scope) RETURN offset(id(s)) AS at, s.id AS id", (rows) => {
    const ids: string[] = [];
    const places = new Map<string, number>();
    for (const { at, id } of rows) {
      ids[Number(at)] = String(id);
      places.set(String(id), Number(at));
    }
    return { idAt: (at) => ids[Number(at)], at: (id) => places.get(id) };
  });

async function kept<T>(
  query: Query,
  match: string,
  question: string,
  made: (rows: readonly Row[]) => T,
): Promise<T | undefined> {
  const known = wholes.get(query);
  if (known === undefined) return undefined;
  const whole = known.get(question) ?? { asked: 0 };
  known.set(question, whole);
  whole.asked++;
  const read = async () => {
    try {
      const [counted] = await query(`${match} RETURN count(*) AS n`);
      return Number(counted?.n ?? 0) > ROWS_AT_MOST ? undefined : made(await query(question));
    } catch (error) {
      // What does not fit the engine's memory as a whole may fit in parts: these are asked for as before.
      if (error instanceof StoreError) return undefined;
      throw error;
    }
  };
  if (whole.asked > ANSWERS_WITHOUT) whole.read ??= read();
  return (await whole.read) as T | undefined;
}

function byNode(rows: readonly Row[]): ReadonlyMap<string, readonly Row[]> {
  const nodes = new Map<string, Row[]>();
  for (const row of rows) {
    const same = nodes.get(String(row.of));
    if (same === undefined) nodes.set(String(row.of), [row]);
    else same.push(row);
  }
  return nodes;
}
