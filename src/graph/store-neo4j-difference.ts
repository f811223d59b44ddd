/**
 * What changed between the last published state and the next one, as a set operation: both are files, DuckDB compares
 * them, memory stays bounded, and nothing is asked of the server.
 */
import { existsSync } from "node:fs";
import { copyFile, link } from "node:fs/promises";
import { join } from "node:path";
import { type DuckDBConnection, DuckDBInstance, DuckDBListValue, type DuckDBValue } from "@duckdb/node-api";
import type { PropType } from "../schema.ts";
import { DIALECTS } from "./generate.ts";
import {
  columnsOfBatch,
  nodeMark,
  type Operation,
  PUBLISHED,
  type PublishedTable,
} from "./generate-neo4j.ts";
import { makeCodes, recodedPaths } from "./store-neo4j-codes.ts";

const { quote, text } = DIALECTS.duckdb;
const TYPES: Readonly<Record<PropType, string>> = { ...DIALECTS.duckdb.types, "string[]": "VARCHAR[]" };

/** One row of a batch: the mark of a node, or those of both ends, then the values of `columnsOfBatch`. */
export type BatchRow = readonly unknown[];

export interface Change {
  table: PublishedTable;
  operation: Operation;
  rows: number;
}

/** A state as files of a folder. */
export interface State {
  folder: string;
  /** Of each table: its rows, and a print of the file that it was made from. Absent: read back from the server. */
  tables: Readonly<Record<string, { rows: number; print: string }>>;
}

export interface Difference extends Pick<State, "tables"> {
  /** What is to be written, one stage after the other, so that a reader never sees less than was there: new before stale. */
  stages: readonly (readonly Change[])[];
  /** Rows of a change, as many at a time. Several changes may be read at once. */
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
const parquetOf = (folder: string, table: PublishedTable): string => join(folder, `${table.name}.parquet`);
export const linesOf = (folder: string, table: PublishedTable): string => join(folder, `${table.name}.jsonl`);

/** Bytes of a line that was read back, at most: DuckDB holds twice as much for each thread. */
const LONGEST_LINE = 4 * 1024 * 1024;
/** SELECT of a table of a state; no rows where it has no file. */
function selectOf(folder: string, table: PublishedTable): string {
  const columns = columnsOf(table);
  const typed = columns.map(({ name, sql }) => `${quote(name)}::${sql} AS ${quote(name)}`).join(", ");
  if (existsSync(parquetOf(folder, table)))
    return `SELECT ${typed} FROM read_parquet(${text(parquetOf(folder, table))})`;
  if (existsSync(linesOf(folder, table))) {
    const declared = columns.map(({ name, sql }) => `${text(name)}: ${text(sql)}`).join(", ");
    return `SELECT ${typed} FROM read_json(${text(linesOf(folder, table))}, format='newline_delimited', maximum_object_size=${LONGEST_LINE}, columns={${declared}})`;
  }
  const nulls = columns.map(({ name, sql }) => `NULL::${sql} AS ${quote(name)}`).join(", ");
  return `SELECT ${nulls} WHERE false`;
}

interface Duck {
  connection: DuckDBConnection;
  /** A further connection: a result that is streamed ends where its connection is asked anything else. */
  connect(): Promise<DuckDBConnection>;
  close(): void;
}

/** Opens DuckDB in memory. What does not fit goes to a file in `spill`. */
async function openDuck(spill: string): Promise<Duck> {
  const instance = await DuckDBInstance.create(":memory:", {
    memory_limit: "192MB",
    threads: "2",
    temp_directory: join(spill, "spill"),
  });
  const connection = await instance.connect();
  return {
    connection,
    connect: () => instance.connect(),
    close() {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

/**
 * Makes the next state in `folder` and says what changed since the last one (undefined: nothing was published). `files`
 * names the file of each table. Codes become those that were published before. A table whose file has the same rows as
 * the one before is taken over as it is: most are, and comparing them would cost more than all else.
 */
export async function nextState(
  folder: string,
  files: ReadonlyMap<string, string>,
  last: State | undefined,
): Promise<Difference> {
  const { connection, connect, close } = await openDuck(folder);
  try {
    const prints = await printsOf(connection, files);
    const same = (table: PublishedTable): boolean => {
      const was = last?.tables[table.name];
      return was !== undefined && was.print === prints.get(table.name)?.print;
    };
    const kept = (table: PublishedTable): boolean =>
      [table, ...(NAMED_BY.get(table.kind) ?? [])].every(same) &&
      last !== undefined &&
      existsSync(parquetOf(last.folder, table));
    const changed = PUBLISHED.filter((table) => !kept(table));
    for (const table of PUBLISHED)
      if (!changed.includes(table)) await takeOver(parquetOf(last!.folder, table), parquetOf(folder, table));
    await keepState(connection, folder, files, changed, last?.folder);
    const changes: Change[] = [];
    for (const table of changed) changes.push(...(await compare(connection, table, folder, last?.folder)));
    return {
      stages: [0, 1, 2, 3].map((stage) => changes.filter((change) => stageOf(change) === stage)),
      tables: Object.fromEntries(prints),
      close,
      async *batches(change, size) {
        const own = await connect();
        try {
          yield* batches(own, change, size);
        } finally {
          own.closeSync();
        }
      },
    };
  } catch (error) {
    close();
    throw error;
  }
}

/** A second name for a file; where the disk has no such thing, a copy. */
const takeOver = (from: string, to: string): Promise<void> => link(from, to).catch(() => copyFile(from, to));

/** Rows of a file of each table, and a sum over their hashes, which does not ask for their order. */
async function printsOf(
  connection: DuckDBConnection,
  files: ReadonlyMap<string, string>,
): Promise<Map<string, { rows: number; print: string }>> {
  const asked = PUBLISHED.flatMap((table) => {
    const rows = rowsOf(table, files);
    if (rows === undefined) return [];
    const row = columnsOf(table).map(({ name }) => quote(name));
    return `SELECT ${text(table.name)} AS name, count(*) AS rows, concat_ws('-', count(*), bit_xor(h), sum(h)) AS print FROM (SELECT hash(${row.join(", ")}) AS h FROM (${rows}))`;
  });
  if (asked.length === 0) return new Map();
  const found = (await connection.runAndReadAll(asked.join(" UNION ALL "))).getRows();
  return new Map(
    found.map(([name, rows, print]) => [String(name), { rows: Number(rows), print: String(print) }]),
  );
}

/** SELECT of a table from its file; undefined where it has none. */
function rowsOf(table: PublishedTable, files: ReadonlyMap<string, string>): string | undefined {
  const file = files.get(table.name);
  if (file === undefined) return undefined;
  const list = columnsOf(table).map(({ name, sql }) => `${quote(name)}::${sql} AS ${quote(name)}`);
  return `SELECT ${list.join(", ")} FROM read_parquet(${text(file)})`;
}

/** Copies what is published of the tables into a folder, with published codes. */
async function keepState(
  connection: DuckDBConnection,
  folder: string,
  files: ReadonlyMap<string, string>,
  tables: readonly PublishedTable[],
  last: string | undefined,
): Promise<void> {
  const given = (table: PublishedTable): string => rowsOf(table, files) ?? selectOf(folder, table);
  const before = (table: PublishedTable): string => selectOf(last ?? folder, table);
  if (tables.some(({ kind }) => CODED.has(kind)))
    await makeCodes(
      connection,
      { principals: given(PRINCIPALS), grants: given(GRANTS) },
      { principals: before(PRINCIPALS), grants: before(GRANTS) },
    );
  for (const table of tables) {
    const rows = rowsOf(table, files);
    if (rows !== undefined)
      await connection.run(
        `COPY (${recoded(table, rows)}) TO ${text(parquetOf(folder, table))} (FORMAT parquet)`,
      );
  }
}

const tableOf = (kind: string): PublishedTable => PUBLISHED.find((table) => table.kind === kind)!;
const PRINCIPALS = tableOf("Principal");
const GRANTS = tableOf("GRANTED");
/** Whose codes the rows of a kind name things by. */
const NAMED_BY: ReadonlyMap<string, readonly PublishedTable[]> = new Map([
  ["CAN_REACH", [GRANTS]],
  ["HAS_RIGHTS_OF", [PRINCIPALS]],
]);
const CODED: ReadonlySet<string> = new Set([PRINCIPALS.kind, GRANTS.kind, ...NAMED_BY.keys()]);

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

/** Compares a table of two folders; leaves what is to be written in tables of the connection. */
async function compare(
  connection: DuckDBConnection,
  table: PublishedTable,
  next: string,
  last: string | undefined,
): Promise<Change[]> {
  const count = async (of: string): Promise<number> =>
    Number((await connection.runAndReadAll(`SELECT count(*) FROM ${of}`)).getRows()[0]?.[0] ?? 0);
  const [after, before] = [next, last].map((folder) => folder !== undefined && hasFile(folder, table));
  if (!after && !before) return [];
  const names = columnsOf(table).map(({ name }) => quote(name));
  const nextRows = selectOf(next, table);
  const found: Change[] = [];
  // What is new altogether stays in its file: in memory it would be most of what there is.
  const make = async (operation: Operation, select: string, as: "VIEW" | "TABLE" = "VIEW") => {
    const name = nameOf(table, operation);
    await connection.run(`CREATE ${as} ${name} AS ${select}`);
    const rows = await count(name);
    if (rows > 0) found.push({ table, operation, rows });
  };
  if (!before || last === undefined) {
    await make("put", nextRows);
    return found;
  }
  // As statements find them: what is empty and what is not there are one key.
  const keys = keysOf(table).map(quote);
  const sameKey = keys
    .map((name) => `coalesce(b.${name}::VARCHAR, '') = coalesce(a.${name}::VARCHAR, '')`)
    .join(" AND ");
  // Of rows that may be the same, one side is kept in memory: with their prints in place of all that they hold. Prints have 64
  // bits: one change in 2^64 would be missed.
  const print = (of: string) => `hash(${names.map((name) => `${of}.${name}`).join(", ")})`;
  const lastRows = selectOf(last, table);
  const changed = quote(`changed ${table.name}`);
  await connection.run(
    `CREATE TABLE ${changed} AS SELECT a.*, b.print_ IS NULL AS new_ FROM (${nextRows}) a
     LEFT JOIN (SELECT ${keys.join(", ")}, ${print("l")} AS print_ FROM (${lastRows}) l) b ON ${sameKey}
     WHERE b.print_ IS NULL OR b.print_ <> ${print("a")}`,
  );
  await make("put", `SELECT * EXCLUDE (new_) FROM ${changed} WHERE new_`);
  await make("remove", `SELECT a.* FROM (${lastRows}) a ANTI JOIN (${nextRows}) b ON ${sameKey}`, "TABLE");
  await make("set", `SELECT * EXCLUDE (new_) FROM ${changed} WHERE NOT new_`);
  return found;
}

const nameOf = (table: PublishedTable, operation: Operation): string => quote(`${operation} ${table.name}`);
const hasFile = (folder: string, table: PublishedTable): boolean =>
  existsSync(parquetOf(folder, table)) || existsSync(linesOf(folder, table));

async function* batches(
  connection: DuckDBConnection,
  { table, operation }: Change,
  size: number,
): AsyncGenerator<BatchRow[]> {
  const result = await connection.stream(
    `SELECT ${rowSql(table, operation)} FROM ${nameOf(table, operation)}`,
  );
  let batch: BatchRow[] = [];
  for (;;) {
    const chunk = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) break;
    for (const values of chunk.getRows()) {
      batch.push(values.map(plainValue));
      if (batch.length < size) continue;
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) yield batch;
}

/** Marks, then the values of the columns. */
function rowSql(table: PublishedTable, operation: Operation): string {
  const { ends } = table;
  const marks =
    ends === undefined ? [markSql(table.kind, "id")] : [markSql(ends.from, "from"), markSql(ends.to, "to")];
  return [...marks, ...columnsOfBatch(table, operation).map(({ name }) => quote(name))].join(", ");
}
const markSql = (kind: string, column: string): string => `${text(nodeMark(kind, ""))} || ${quote(column)}`;

/** Nodes before what hangs on them, what is new before what goes; nodes go last. */
const stageOf = ({ table, operation }: Change): number =>
  table.ends === undefined ? (operation === "remove" ? 3 : 0) : operation === "remove" ? 2 : 1;

/** Whole numbers stay bigint: the driver sends those as integers. */
export const plainValue = (value: DuckDBValue): unknown =>
  value instanceof DuckDBListValue ? value.items.map((item) => (item === null ? "" : String(item))) : value;
