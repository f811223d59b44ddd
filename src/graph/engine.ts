/** The embedded Cypher engine, loaded when first needed: a connection with plain rows. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { setImmediate } from "node:timers/promises";
import type { Connection, Database, LbugValue, PreparedStatement, QueryResult } from "@ladybugdb/core";
import { type Params, type Row, StoreError } from "../model.ts";

type Engine = typeof import("@ladybugdb/core");

/** The engine for this platform; its package holds the whole of it. */
const PLATFORM_PACKAGE = `@ladybugdb/core-${process.platform}-${process.arch}`;

/**
 * Loads the engine. Its install script only copies the binding of this platform into place; where scripts are switched
 * off (`npm ci --ignore-scripts`) the package of the platform is taken itself. By `require`, because Node 20 ends the
 * process if a binding fails below `import`. Throws StoreError.
 */
export function loadEngine(): Engine {
  const here = createRequire(import.meta.url);
  // npm may keep the package of the platform below the engine's own: it is looked up from there.
  const loads = [
    () => here("@ladybugdb/core"),
    () => createRequire(here.resolve("@ladybugdb/core"))(PLATFORM_PACKAGE),
  ];
  const failures: unknown[] = [];
  for (const load of loads)
    try {
      return load();
    } catch (cause) {
      failures.push(cause);
    }
  throw new StoreError(
    "engine-missing",
    `the embedded graph engine did not load on ${process.platform}-${process.arch}: ${failures.map(String).join("; ")}`,
    `npm install, without --omit=optional: it brings ${PLATFORM_PACKAGE}`,
    { cause: failures[0] },
  );
}

export interface EngineOptions {
  /** File, or `:memory:`. */
  path: string;
  /** Cap of the buffer pool in bytes; the process stays a few hundred MB above it. */
  pool: number;
  readOnly?: boolean;
  threads?: number;
}

export interface EngineConnection {
  run(cypher: string, params?: Params): Promise<Row[]>;
  /** Statements that return nothing, in one transaction: to make a table costs less than to commit it. */
  together(statements: readonly string[]): Promise<void>;
  /** Rows one at a time, for answers that may be large; the names of their columns at the end. */
  stream(cypher: string, params?: Params): AsyncGenerator<Row, readonly string[]>;
  close(): Promise<void>;
}

/** The last is a write that ended early, which is all that the engine says of it then. */
const DISK_FULL = /no space left|disk quota|file too large|numBytesWritten: \d/i;

/** What was written is not there to be read: so ends a checkpoint that a full disk cut short. */
const CUT_SHORT = /cannot read from file.*numBytesRead: 0\b/is;

/** A disk that is full is no wrong question. `writes`: the engine may write. */
export function failure(cause: unknown, writes = false): StoreError {
  const said = cause instanceof Error ? cause.message : String(cause);
  return DISK_FULL.test(said) || (writes && CUT_SHORT.test(said))
    ? new StoreError(
        "disk-full",
        `the disk is full: ${said}`,
        "free some space and run the same command again",
        { cause },
      )
    : new StoreError("query-failed", said, undefined, { cause });
}

/** What the engine says when a statement needs more than the pool. */
export const isPoolFull = (cause: unknown): boolean =>
  cause instanceof StoreError && cause.message.includes("buffer pool is full");

/** One question at a time, and what it was asked before, ready to run. */
interface Lane {
  connection: Connection;
  prepared: Map<string, PreparedStatement>;
}

/** So many questions are answered at a time where nobody writes. */
const READERS = 2;
/** So many prepared questions are kept: planning a long one takes longer than looking up its answer. */
const KEPT = 200;
/** So many rows are taken in one go. */
const AT_ONCE = 1_000;

/**
 * Most bytes of a graph. The engine reserves so much address space for each that is open, 8 TiB unless told: with some sixteen of
 * them, or less where the system allows a process less, no more could be opened.
 */
const MOST_BYTES = 2 ** 40;

export async function openEngine({
  path,
  pool,
  readOnly = false,
  threads = 2,
}: EngineOptions): Promise<EngineConnection> {
  const engine = loadEngine();
  let db: Database;
  const lanes: Lane[] = [];
  if (readOnly && !existsSync(path))
    throw new StoreError(
      "no-graph",
      `there is no graph at ${path}; a scan that ended meanwhile may have replaced it`,
      "run the command again, and if that does not help: forereach scan",
    );
  try {
    db = new engine.Database(path, pool, true, readOnly, MOST_BYTES);
    await db.init();
    for (let i = 0; i < (readOnly ? READERS : 1); i++) {
      const connection = new engine.Connection(db, threads);
      await connection.init();
      lanes.push({ connection, prepared: new Map() });
    }
  } catch (cause) {
    throw new StoreError(
      "graph-unreadable",
      `cannot open the graph ${path}: ${String(cause)}`,
      "forereach scan",
      { cause },
    );
  }
  const idle = [...lanes];
  const waiting: ((lane: Lane) => void)[] = [];
  const free = (lane: Lane): void => {
    const next = waiting.shift();
    if (next === undefined) idle.push(lane);
    else next(lane);
  };
  const statement = async ({ connection, prepared }: Lane, cypher: string): Promise<PreparedStatement> => {
    const known = prepared.get(cypher);
    if (known !== undefined) return known;
    const made = await connection.prepare(cypher);
    if (!readOnly) return made;
    if (prepared.size >= KEPT) prepared.clear();
    // Nothing changes in a graph that is only read, so its plans hold.
    if (made.isSuccess()) prepared.set(cypher, made);
    return made;
  };
  const ask = async (lane: Lane, cypher: string, params?: Params): Promise<QueryResult> => {
    try {
      const result =
        params === undefined || Object.keys(params).length === 0
          ? await lane.connection.query(cypher)
          : await lane.connection.execute(await statement(lane, cypher), params as Record<string, LbugValue>);
      return Array.isArray(result) ? result.at(-1)! : result;
    } catch (cause) {
      throw failure(cause, !readOnly);
    }
  };
  async function* stream(cypher: string, params?: Params): AsyncGenerator<Row, readonly string[]> {
    const lane = idle.pop() ?? (await new Promise<Lane>((resolve) => waiting.push(resolve)));
    try {
      const result = await ask(lane, cypher, params);
      try {
        for (let taken = 1; result.hasNext(); taken++) {
          // A row at a time from the engine’s thread costs more than the row; all at once would hold up everybody else.
          if (taken % AT_ONCE === 0) await setImmediate();
          const row = result.getNextSync();
          if (row !== null) yield plain(row);
        }
        return result.getColumnNamesSync();
      } finally {
        result.close();
      }
    } finally {
      free(lane);
    }
  }
  const run = async (cypher: string, params?: Params): Promise<Row[]> => {
    const rows: Row[] = [];
    for await (const row of stream(cypher, params)) rows.push(row);
    return rows;
  };
  // A checkpoint after each of many small statements costs more than the statement: whoever writes says when. Also at the
  // end: where a disk was full, the engine never comes back from one that it makes as it closes.
  if (!readOnly)
    for (const setting of ["auto_checkpoint", "force_checkpoint_on_close"])
      await run(`CALL ${setting}=false`);
  return {
    run,
    async together(statements) {
      await run("BEGIN TRANSACTION");
      for (const statement of statements) await run(statement);
      await run("COMMIT");
    },
    stream,
    async close() {
      for (const { connection } of lanes) await connection.close();
      await db.close();
    },
  };
}

/** Counts come as bigint; all of ours fit a number. */
const plain = (row: Record<string, unknown>): Row => {
  for (const key in row) {
    const value = row[key];
    if (typeof value === "bigint") row[key] = Number(value);
  }
  return row;
};
