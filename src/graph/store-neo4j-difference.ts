/**
 * What changed between the last published state and the next one, as a set operation: both are files, DuckDB compares
 * them, memory stays bounded, and nothing is asked of the server.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type DuckDBConnection, DuckDBInstance, DuckDBListValue, type DuckDBValue } from "@duckdb/node-api";
import type { PropType } from "../schema.ts";
import { DIALECTS } from "./generate.ts";
import { nodeMark, type Operation, PUBLISHED, type PublishedTable } from "./generate-neo4j.ts";
import { makeCodes, recodedPaths } from "./store-neo4j-codes.ts";

const { quote, text } = DIALECTS.duckdb;
const TYPES: Readonly<Record<PropType, string>> = { ...DIALECTS.duckdb.types, "string[]": "VARCHAR[]" };

/** One row of a batch: what `neo4jWrite` takes. */
export interface BatchRow {
  k?: string;
  f?: string;
  t?: string;
  p: Record<string, unknown>;
}

export interface Change {
  table: PublishedTable;
  operation: Operation;
  rows: number;
}

export interface Difference {
  /** What is to be written, in the order that never shows a reader less than was there: new before stale. */
  changes: readonly Change[];
  /** Rows of each table after it. */
  counts: Readonly<Record<string, number>>;
  batches(change: Change, size: number): AsyncGenerator<BatchRow[]>;
  close(): void;
}

const keysOf = (table: PublishedTable): string[] =>
  table.ends === undefined ? ["id"] : ["from", "to", ...table.identity];
const columnsOf = (table: PublishedTable): { name: string; sql: string }[] => [
  ...(table.ends === undefined
    ? []
    : [
        { name: "from", sql: "VARCHAR" },
        { name: "to", sql: "VARCHAR" },
      ]),
  ...table.columns.map(({ name, type }) => ({ name, sql: TYPES[type] })),
];

/** File of a table in the folder of a state: Parquet as exported, or lines of JSON as read back. */
export const parquetOf = (folder: string, table: PublishedTable): string =>
  join(folder, `${table.name}.parquet`);
export const linesOf = (folder: string, table: PublishedTable): string => join(folder, `${table.name}.jsonl`);

/** SELECT of a table of a state; no rows where it has no file. */
function selectOf(folder: string, table: PublishedTable): string {
  const columns = columnsOf(table);
  const typed = columns.map(({ name, sql }) => `${quote(name)}::${sql} AS ${quote(name)}`).join(", ");
  if (existsSync(parquetOf(folder, table)))
    return `SELECT ${typed} FROM read_parquet(${text(parquetOf(folder, table))})`;
  if (existsSync(linesOf(folder, table))) {
    const declared = columns.map(({ name, sql }) => `${text(name)}: ${text(sql)}`).join(", ");
    return `SELECT ${typed} FROM read_json(${text(linesOf(folder, table))}, format='newline_delimited', columns={${declared}})`;
  }
  const nulls = columns.map(({ name, sql }) => `NULL::${sql} AS ${quote(name)}`).join(", ");
  return `SELECT ${nulls} WHERE false`;
}

/** Opens DuckDB in memory. What does not fit goes to a file in `spill`. */
async function openDuck(spill: string): Promise<{ connection: DuckDBConnection; close(): void }> {
  const instance = await DuckDBInstance.create(":memory:", {
    memory_limit: "768MB",
    threads: "2",
    temp_directory: join(spill, "spill"),
  });
  const connection = await instance.connect();
  return {
    connection,
    close() {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

/**
 * Copies what is published of the tables into a folder. `files` names the file of each table; derived kinds and kinds
 * of the inventory alike have one column a property. Codes become those that were published before (`last`).
 */
export async function keepState(
  folder: string,
  files: ReadonlyMap<string, string>,
  last: string | undefined,
): Promise<void> {
  const { connection, close } = await openDuck(folder);
  const rowsOf = (table: PublishedTable): string | undefined => {
    const file = files.get(table.name);
    if (file === undefined) return undefined;
    const list = columnsOf(table).map(({ name, sql }) => `${quote(name)}::${sql} AS ${quote(name)}`);
    return `SELECT ${list.join(", ")} FROM read_parquet(${text(file)})`;
  };
  const before = (table: PublishedTable): string => selectOf(last ?? folder, table);
  try {
    await makeCodes(
      connection,
      {
        principals: rowsOf(PRINCIPALS) ?? selectOf(folder, PRINCIPALS),
        grants: rowsOf(GRANTS) ?? selectOf(folder, GRANTS),
      },
      { principals: before(PRINCIPALS), grants: before(GRANTS) },
    );
    for (const table of PUBLISHED) {
      const rows = rowsOf(table);
      if (rows !== undefined)
        await connection.run(
          `COPY (${recoded(table, rows)}) TO ${text(parquetOf(folder, table))} (FORMAT parquet)`,
        );
    }
  } finally {
    close();
  }
}

const tableOf = (kind: string): PublishedTable => PUBLISHED.find((table) => table.kind === kind)!;
const PRINCIPALS = tableOf("Principal");
const GRANTS = tableOf("GRANTED");

/** The rows with published codes in place of the snapshot's. */
function recoded(table: PublishedTable, rows: string): string {
  if (table === PRINCIPALS)
    return `SELECT r.* REPLACE (c.code AS code) FROM (${rows}) r JOIN code_principal c USING (id)`;
  if (table === GRANTS)
    return `SELECT r.* REPLACE (c.code AS code) FROM (${rows}) r JOIN code_grant c ON c."from" = r."from" AND c."to" = r."to" AND c.key = r.key`;
  if (table.kind === "CAN_REACH")
    return `SELECT r.* REPLACE (c.code AS "grant") FROM (${rows}) r LEFT JOIN code_grant c ON c.was = r."grant"`;
  if (table.kind === "HAS_RIGHTS_OF")
    return recodedPaths(
      rows,
      columnsOf(table).map(({ name }) => name),
    );
  return rows;
}

/** Compares two folders of tables. `last` may be undefined: nothing was published. */
export async function compareStates(last: string | undefined, next: string): Promise<Difference> {
  const { connection, close } = await openDuck(next);
  const count = async (name: string): Promise<number> => {
    const [row] = (await connection.runAndReadAll(`SELECT count(*) FROM ${name}`)).getRows();
    return Number(row?.[0] ?? 0);
  };
  const found: Change[] = [];
  const counts: Record<string, number> = {};
  try {
    for (const table of PUBLISHED) {
      const after = selectOf(next, table);
      counts[table.name] = await count(`(${after})`);
      const before = last === undefined ? `${after} LIMIT 0` : selectOf(last, table);
      const join = keysOf(table)
        .map((name) => `b.${quote(name)} IS NOT DISTINCT FROM a.${quote(name)}`)
        .join(" AND ");
      const make = async (operation: Operation, select: string) => {
        const name = quote(`${operation} ${table.name}`);
        await connection.run(`CREATE TEMP TABLE ${name} AS ${select}`);
        const rows = await count(name);
        if (rows > 0) found.push({ table, operation, rows });
      };
      await connection.run(`CREATE OR REPLACE TEMP TABLE changed AS (${after}) EXCEPT (${before})`);
      const only = (kind: "ANTI" | "SEMI", a: string, b: string) =>
        `SELECT a.* FROM ${a} a ${kind} JOIN ${b} b ON ${join}`;
      await make("put", only("ANTI", "changed", `(${before})`));
      await make("set", only("SEMI", "changed", `(${before})`));
      await make("remove", only("ANTI", `(${before})`, `(${after})`));
    }
  } catch (error) {
    close();
    throw error;
  }
  return {
    changes: found.sort((a, b) => rank(a) - rank(b)),
    counts,
    close,
    async *batches({ table, operation }, size) {
      const result = await connection.stream(`SELECT * FROM ${quote(`${operation} ${table.name}`)}`);
      const names = result.columnNames();
      let batch: BatchRow[] = [];
      for (;;) {
        const chunk = await result.fetchChunk();
        if (chunk === null || chunk.rowCount === 0) break;
        for (const values of chunk.getRows()) {
          batch.push(rowOf(table, operation, names, values));
          if (batch.length < size) continue;
          yield batch;
          batch = [];
        }
      }
      if (batch.length > 0) yield batch;
    },
  };
}

/** Nodes before what hangs on them, what is new before what goes; nodes go last. */
const rank = ({ table, operation }: Change): number =>
  table.ends === undefined ? (operation === "remove" ? 3 : 0) : operation === "remove" ? 2 : 1;

function rowOf(
  table: PublishedTable,
  operation: Operation,
  names: readonly string[],
  values: readonly DuckDBValue[],
): BatchRow {
  const row = new Map(names.map((name, index) => [name, plainValue(values[index]!)]));
  const wanted = operation === "remove" ? table.identity : table.columns.map(({ name }) => name);
  const p = Object.fromEntries(wanted.map((name) => [name, row.get(name)]));
  if (table.ends === undefined) return { k: nodeMark(table.kind, String(row.get("id"))), p };
  return {
    f: nodeMark(table.ends.from, String(row.get("from"))),
    t: nodeMark(table.ends.to, String(row.get("to"))),
    p,
  };
}

/** Whole numbers stay bigint: the driver sends those as integers. */
export const plainValue = (value: DuckDBValue): unknown =>
  value instanceof DuckDBListValue ? value.items.map((item) => (item === null ? "" : String(item))) : value;
