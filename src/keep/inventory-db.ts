/** The DuckDB file of an inventory: opening and locking it, one writer at a time, errors that say what to do. */
import { chmodSync, existsSync, mkdirSync, realpathSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import {
  type DuckDBAppender,
  type DuckDBConnection,
  DuckDBInstance,
  type DuckDBPreparedStatement,
  type DuckDBValue,
} from "@duckdb/node-api";
import { DIALECTS, inventoryColumns, inventoryDdl } from "../graph/generate.ts";
import { ForereachError, type Row, StoreError } from "../model.ts";
import { type Kind, NODE_KINDS, REL_KINDS } from "../schema.ts";

/** Raised when the meaning of stored rows changes; new kinds and properties are added without it. */
const VERSION = 1;

/** Beside the facts. Times are ISO strings; `_layer` numbers tie facts to a partition or to an open pass. */
const BOOKKEEPING = [
  "CREATE TABLE IF NOT EXISTS _meta (version INTEGER)",
  // Whose facts these are: one row, from the first scan on.
  "CREATE TABLE IF NOT EXISTS _tenant (id VARCHAR, name VARCHAR)",
  `CREATE TABLE IF NOT EXISTS _partition (step VARCHAR, scope VARCHAR, layer BIGINT, kinds VARCHAR,
    fingerprint VARCHAR, token VARCHAR, state VARCHAR, reason VARCHAR, fix VARCHAR,
    observed_from VARCHAR, observed_to VARCHAR, ended_at VARCHAR, records BIGINT, PRIMARY KEY (step, scope))`,
  `CREATE TABLE IF NOT EXISTS _pass (step VARCHAR, scope VARCHAR, layer BIGINT, mode VARCHAR, cursor VARCHAR,
    token VARCHAR, fingerprint VARCHAR, seq BIGINT, kinds VARCHAR, removals BOOLEAN, gaps BOOLEAN,
    started_at VARCHAR, PRIMARY KEY (step, scope))`,
  // A gap belongs to the partition whose pass met it; `layer` is set while that pass is open.
  `CREATE TABLE IF NOT EXISTS _gap (owner_step VARCHAR, owner_scope VARCHAR, layer BIGINT,
    step VARCHAR, scope VARCHAR, state VARCHAR, reason VARCHAR, fix VARCHAR)`,
  "CREATE TABLE IF NOT EXISTS _accepted (step VARCHAR, scope VARCHAR, reason VARCHAR, until VARCHAR)",
  // Principals that a partition said are gone, while memberships of theirs may still stand in another.
  "CREATE TABLE IF NOT EXISTS _tombstone (step VARCHAR, scope VARCHAR, id VARCHAR, PRIMARY KEY (step, scope, id))",
  `CREATE TABLE IF NOT EXISTS _scan (id VARCHAR, fingerprint VARCHAR, started_at VARCHAR, ended_at VARCHAR,
    state VARCHAR)`,
];

const { quote, text } = DIALECTS.duckdb;
const ALL_KINDS: readonly Kind[] = [...NODE_KINDS, ...REL_KINDS];

export interface DatabaseOptions {
  readOnly?: boolean;
  /** DuckDB's `memory_limit`, such as 512MB; more than that goes to a directory beside the file. */
  memoryLimit?: string;
  /** That directory; default: beside the file. */
  spill?: string;
  threads?: number;
}

/** Two openings in one process would not see each other's file lock. */
const openHere = new Set<string>();

const storeError = (error: unknown, path: string): ForereachError => {
  if (error instanceof ForereachError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const wrap = (code: string, what: string, fix: string) =>
    new StoreError(code, `${what} (${path})`, fix, { cause: error });
  if (/conflicting lock|could not set lock/i.test(message))
    return wrap("busy", "another scan is running: the inventory is in use", "wait until it ends, or stop it");
  if (/no space left|disk quota|file too large|max_temp_directory_size|disk full/i.test(message))
    return wrap(
      "disk-full",
      "the disk is full; nothing was changed",
      "free some space and run the same command again: it continues",
    );
  if (/permission denied|read-only file system/i.test(message))
    return wrap("no-access", "the inventory cannot be opened or written", "check who owns the file");
  if (/out of memory/i.test(message))
    return wrap(
      "out-of-memory",
      "the inventory needs more memory; nothing was changed",
      "raise the memory limit",
    );
  if (/not a valid duckdb|storage version|serialized.*newer|corrupt/i.test(message))
    return wrap(
      "unreadable",
      `the inventory cannot be read: ${message}`,
      "move the file away and scan again",
    );
  return wrap(
    "store-failed",
    `the inventory failed; nothing was changed: ${message}`,
    "run the command again",
  );
};

const prepareFile = (path: string, readOnly: boolean): string => {
  const absolute = resolve(path);
  if (readOnly && !existsSync(absolute))
    throw new StoreError("no-inventory", `there is no inventory at ${absolute}`, "run: forereach scan");
  mkdirSync(dirname(absolute), { recursive: true, mode: 0o700 });
  return join(realpathSync(dirname(absolute)), basename(absolute));
};

/**
 * One connection inside one transaction, with bulk appenders that live as long as the connection. A statement with
 * parameters is kept, so its text must be one of few: what varies is a parameter.
 */
export interface Writer {
  run(sql: string, params?: readonly DuckDBValue[]): Promise<number>;
  rows(sql: string, params?: readonly DuckDBValue[]): Promise<Row[]>;
  /** Appended rows belong to the transaction; `work` must not throw between the columns of a row. */
  append(table: string, work: (appender: DuckDBAppender) => void): Promise<void>;
}

/** Names of a kind's stored columns in the order of its table, which differs from the schema's after an upgrade. */
export type Layout = ReadonlyMap<Kind, readonly string[]>;

export class Database {
  readonly path: string;
  readonly readOnly: boolean;
  readonly layout: Layout;
  readonly #instance: DuckDBInstance;
  readonly #connection: DuckDBConnection;
  readonly #appenders = new Map<string, DuckDBAppender>();
  /** Statements with parameters, planned once: small passes consist of little else. */
  readonly #statements = new Map<string, DuckDBPreparedStatement>();
  readonly #readers = new Set<DuckDBConnection>();
  #queue: Promise<unknown> = Promise.resolve();
  #lastLayer: bigint;
  #closed = false;

  private constructor(
    path: string,
    readOnly: boolean,
    instance: DuckDBInstance,
    connection: DuckDBConnection,
    layout: Layout,
    lastLayer: bigint,
  ) {
    this.path = path;
    this.readOnly = readOnly;
    this.#instance = instance;
    this.#connection = connection;
    this.layout = layout;
    this.#lastLayer = lastLayer;
  }

  /** Opens or creates the file. Throws StoreError `busy`, `newer-version`, `no-inventory`, `no-access`… */
  static async open(path: string, options: DatabaseOptions = {}): Promise<Database> {
    const readOnly = options.readOnly ?? false;
    const inMemory = path === ":memory:";
    let file = path;
    let instance: DuckDBInstance | undefined;
    try {
      if (!inMemory) file = prepareFile(path, readOnly);
      if (openHere.has(file))
        throw new StoreError(
          "busy",
          `another scan is running: the inventory is open in this process (${file})`,
          "wait until it ends",
        );
      instance = await DuckDBInstance.create(file, {
        access_mode: readOnly ? "READ_ONLY" : "READ_WRITE",
        memory_limit: options.memoryLimit ?? "512MB",
        ...(options.threads === undefined ? {} : { threads: String(options.threads) }),
        ...(inMemory ? {} : { temp_directory: options.spill ?? `${file}.tmp` }),
        // Rows stay in memory until then, whatever the limit says; compressing them costs more than writing them.
        checkpoint_threshold: "32MB",
        autoinstall_known_extensions: "false",
        autoload_known_extensions: "false",
      });
      if (!inMemory && !readOnly) chmodSync(file, 0o600);
      const connection = await instance.connect();
      await migrate(connection, file, readOnly);
      const layout = await readLayout(connection);
      const [last] = await rowsOf(
        connection,
        "SELECT coalesce(max(layer), 0) AS layer FROM (SELECT layer FROM _pass UNION ALL SELECT layer FROM _partition)",
      );
      if (!inMemory) openHere.add(file);
      return new Database(file, readOnly, instance, connection, layout, BigInt(String(last?.layer)));
    } catch (error) {
      instance?.closeSync();
      throw storeError(error, file);
    }
  }

  /** A number for the rows of a new pass. Only one process writes, so counting here is enough. */
  newLayer(): bigint {
    this.#lastLayer += 1n;
    return this.#lastLayer;
  }

  /** Runs `work` alone and in one transaction: all of it is saved, or nothing. */
  write<T>(work: (writer: Writer) => Promise<T>): Promise<T> {
    return this.#alone(async () => {
      if (this.readOnly)
        throw new StoreError("read-only", `the inventory is open for reading only (${this.path})`);
      await this.#connection.run("BEGIN TRANSACTION");
      try {
        const result = await work(this.#writer());
        await this.#connection.run("COMMIT");
        return result;
      } catch (error) {
        await this.#rollback();
        throw error;
      }
    });
  }

  /** Rows of one statement, outside of any transaction under way. */
  rows(sql: string, params: readonly DuckDBValue[] = []): Promise<Row[]> {
    return this.#alone(() => this.#rows(sql, params));
  }

  async #rows(sql: string, params: readonly DuckDBValue[]): Promise<Row[]> {
    if (params.length === 0) return rowsOf(this.#connection, sql);
    return (await (await this.#bound(sql, params)).runAndReadAll()).getRowObjectsJS();
  }

  /** The statement with these parameters, to be run before the next is asked for. */
  async #bound(sql: string, params: readonly DuckDBValue[]): Promise<DuckDBPreparedStatement> {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = await this.#connection.prepare(sql);
      this.#statements.set(sql, statement);
    }
    statement.bind([...params]);
    return statement;
  }

  /** A connection of its own for a long read. The caller gives it back with `release`. */
  async connect(): Promise<DuckDBConnection> {
    this.#mustBeOpen();
    const connection = await this.#instance.connect();
    this.#readers.add(connection);
    return connection;
  }

  release(connection: DuckDBConnection): void {
    if (this.#readers.delete(connection)) connection.closeSync();
  }

  /** The error as a person should see it. */
  error(cause: unknown): ForereachError {
    return storeError(cause, this.path);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    await this.#queue;
    this.#closed = true;
    this.#dropAppenders();
    for (const statement of this.#statements.values()) statement.destroySync();
    for (const connection of [...this.#readers]) this.release(connection);
    this.#connection.closeSync();
    this.#instance.closeSync();
    openHere.delete(this.path);
  }

  #mustBeOpen(): void {
    if (this.#closed) throw new StoreError("closed", `the inventory is closed (${this.path})`);
  }

  #alone<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#queue.then(async () => {
      this.#mustBeOpen();
      try {
        return await work();
      } catch (error) {
        throw storeError(error, this.path);
      }
    });
    // The queue goes on after a failure; the failure itself reaches its caller through `next`.
    this.#queue = next.catch(() => undefined);
    return next;
  }

  #writer(): Writer {
    const connection = this.#connection;
    return {
      run: async (sql, params = []) => {
        const running = params.length === 0 ? connection.run(sql) : (await this.#bound(sql, params)).run();
        return (await running).rowsChanged;
      },
      rows: (sql, params = []) => this.#rows(sql, params),
      append: async (table, work) => {
        let appender = this.#appenders.get(table);
        if (appender === undefined) {
          appender = await connection.createAppender(table);
          this.#appenders.set(table, appender);
        }
        work(appender);
        appender.flushSync();
      },
    };
  }

  async #rollback(): Promise<void> {
    this.#dropAppenders();
    // A failed COMMIT has ended the transaction already.
    await this.#connection.run("ROLLBACK").catch(() => undefined);
  }

  #dropAppenders(): void {
    for (const appender of this.#appenders.values()) {
      appender.clear();
      appender.closeSync();
    }
    this.#appenders.clear();
  }
}

/** A text column; null is undefined. */
export const asText = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

export const rowsOf = async (
  connection: DuckDBConnection,
  sql: string,
  params: readonly DuckDBValue[] = [],
): Promise<Row[]> => (await connection.runAndReadAll(sql, [...params])).getRowObjectsJS();

const migrate = async (connection: DuckDBConnection, path: string, readOnly: boolean): Promise<void> => {
  const known = await rowsOf(connection, "SELECT 1 FROM duckdb_tables() WHERE table_name = '_meta'");
  const versions = known.length === 0 ? [] : await rowsOf(connection, "SELECT version FROM _meta");
  const version = Number(versions[0]?.version ?? 0);
  if (version > VERSION)
    throw new StoreError(
      "newer-version",
      `the inventory was written by a newer version of forereach (its format is ${version}, this one reads up to ${VERSION}): ${path}`,
      "update forereach, or choose another directory with --data",
    );
  const complete = (layout: Layout) =>
    ALL_KINDS.every((kind) => inventoryColumns(kind).every(({ name }) => layout.get(kind)?.includes(name)));
  if (readOnly) {
    if (version === 0)
      throw new StoreError("no-inventory", `there is no inventory in ${path}`, "run: forereach scan");
    if (!complete(await readLayout(connection)))
      throw new StoreError(
        "older-version",
        `the inventory was written by an older version of forereach (${path})`,
        "run: forereach scan, which brings it up to date",
      );
    return;
  }
  for (const statement of version === VERSION ? BOOKKEEPING : []) await connection.run(statement);
  if (version === VERSION && complete(await readLayout(connection))) return;
  await connection.run("BEGIN TRANSACTION");
  for (const statement of [...BOOKKEEPING, ...inventoryDdl()]) await connection.run(statement);
  if (version === 0) await connection.run(`INSERT INTO _meta VALUES (${VERSION})`);
  const stored = await readLayout(connection);
  for (const kind of ALL_KINDS)
    for (const column of inventoryColumns(kind))
      if (!stored.get(kind)?.includes(column.name))
        await connection.run(`ALTER TABLE ${quote(kind)} ADD COLUMN ${quote(column.name)} ${column.sql}`);
  await connection.run("COMMIT");
};

const readLayout = async (connection: DuckDBConnection): Promise<Layout> => {
  const layout = new Map<Kind, string[]>(ALL_KINDS.map((kind) => [kind, []]));
  const rows = await rowsOf(
    connection,
    `SELECT table_name AS "table", column_name AS "column" FROM duckdb_columns()
     WHERE database_name = current_database() AND table_name IN (${ALL_KINDS.map(text).join(", ")})
     ORDER BY table_name, column_index`,
  );
  const byName = new Map<string, string[]>(layout);
  for (const row of rows) byName.get(String(row.table))?.push(String(row.column));
  return layout;
};
