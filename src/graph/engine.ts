/** The embedded Cypher engine, loaded when first needed: a connection with plain rows. */
import { createRequire } from "node:module";
import type { Connection, Database, LbugValue, QueryResult } from "@ladybugdb/core";
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
  /** Rows one at a time, for answers that may be large. */
  stream(cypher: string, params?: Params): AsyncGenerator<Row>;
  close(): Promise<void>;
}

export async function openEngine({
  path,
  pool,
  readOnly = false,
  threads = 2,
}: EngineOptions): Promise<EngineConnection> {
  const engine = loadEngine();
  let db: Database;
  let connection: Connection;
  try {
    db = new engine.Database(path, pool, true, readOnly);
    await db.init();
    connection = new engine.Connection(db, threads);
    await connection.init();
  } catch (cause) {
    throw new StoreError(
      "graph-unreadable",
      `cannot open the graph ${path}: ${String(cause)}`,
      "forereach scan",
      { cause },
    );
  }
  const ask = async (cypher: string, params?: Params): Promise<QueryResult> => {
    try {
      const result =
        params === undefined || Object.keys(params).length === 0
          ? await connection.query(cypher)
          : await connection.execute(await connection.prepare(cypher), params as Record<string, LbugValue>);
      return Array.isArray(result) ? result.at(-1)! : result;
    } catch (cause) {
      throw new StoreError(
        "query-failed",
        cause instanceof Error ? cause.message : String(cause),
        undefined,
        { cause },
      );
    }
  };
  const run = async (cypher: string, params?: Params): Promise<Row[]> => {
    const result = await ask(cypher, params);
    const rows = (await result.getAll()).map(plain);
    result.close();
    return rows;
  };
  // A checkpoint after each of many small statements costs more than the statement: whoever writes says when.
  if (!readOnly) await run("CALL auto_checkpoint=false");
  return {
    run,
    async together(statements) {
      await run("BEGIN TRANSACTION");
      for (const statement of statements) await run(statement);
      await run("COMMIT");
    },
    async *stream(cypher, params) {
      const result = await ask(cypher, params);
      try {
        while (result.hasNext()) {
          const row = await result.getNext();
          if (row !== null) yield plain(row);
        }
      } finally {
        result.close();
      }
    },
    async close() {
      await connection.close();
      await db.close();
    },
  };
}

/** Counts come as bigint; all of ours fit a number. */
const plain = (row: Record<string, unknown>): Row => {
  for (const [key, value] of Object.entries(row)) if (typeof value === "bigint") row[key] = Number(value);
  return row;
};
