/** Rows as a Parquet file, by way of a DuckDB file on disk, so that memory does not grow with the rows. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  BIGINT,
  BOOLEAN,
  DOUBLE,
  DuckDBDataChunk,
  DuckDBInstance,
  DuckDBTimestampValue,
  type DuckDBType,
  type DuckDBValue,
  TIMESTAMP,
  VARCHAR,
} from "@duckdb/node-api";
import { ConfigError, type Row } from "../model.ts";
import type { OutputColumn } from "./format.ts";

/** Rows that a column without a type is judged by, and rows that are handed over at once. */
const SAMPLE = 2048;
const MEMORY = "256MB";

/**
 * Writes `rows` to `path` and returns the hash of the file. Throws ConfigError if a value does not fit the
 * type of its column.
 */
export async function writeParquet(
  path: string,
  rows: AsyncIterable<Row>,
  columns: readonly OutputColumn[],
): Promise<string> {
  const folder = await mkdtemp(join(dirname(path), ".parquet-"));
  try {
    // One thread: the same rows then give the same bytes.
    const instance = await DuckDBInstance.create(join(folder, "rows"), {
      memory_limit: MEMORY,
      threads: "1",
    });
    try {
      const connection = await instance.connect();
      try {
        await fill(connection, rows, columns);
        await connection.run(`COPY rows TO ${quote(path)} (FORMAT parquet, COMPRESSION zstd)`);
      } finally {
        connection.closeSync();
      }
    } finally {
      instance.closeSync();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

type Connection = Awaited<ReturnType<DuckDBInstance["connect"]>>;

async function fill(
  connection: Connection,
  rows: AsyncIterable<Row>,
  columns: readonly OutputColumn[],
): Promise<void> {
  let types: DuckDBType[] | undefined;
  let batch: Row[] = [];
  let appender: Awaited<ReturnType<Connection["createAppender"]>> | undefined;
  const flush = async () => {
    types ??= columns.map((column) => typeOf(column, batch));
    if (appender === undefined) {
      const fields = columns.map((column, index) => `${quote(column.name, '"')} ${types?.[index]}`);
      await connection.run(`CREATE TABLE rows (${fields.join(", ")})`);
      appender = await connection.createAppender("rows");
    }
    if (batch.length === 0) return;
    const chunk = DuckDBDataChunk.create(types, batch.length);
    for (const [index, column] of columns.entries()) {
      const type = types[index] ?? VARCHAR;
      chunk.setColumnValues(
        index,
        batch.map((row) => cellOf(row[column.name], type, column.name)),
      );
    }
    appender.appendDataChunk(chunk);
    batch = [];
  };
  for await (const row of rows) {
    batch.push(row);
    if (batch.length === SAMPLE) await flush();
  }
  await flush();
  appender?.closeSync();
}

function typeOf(column: OutputColumn, sample: readonly Row[]): DuckDBType {
  if (column.type === "int") return BIGINT;
  if (column.type === "time") return TIMESTAMP;
  if (column.type === "text") return VARCHAR;
  const values = sample
    .map((row) => row[column.name])
    .filter((value) => value !== null && value !== undefined);
  if (values.length === 0) return VARCHAR;
  if (values.every(isWhole)) return BIGINT;
  if (values.every((value) => typeof value === "number" || typeof value === "bigint")) return DOUBLE;
  return values.every((value) => typeof value === "boolean") ? BOOLEAN : VARCHAR;
}

const isWhole = (value: unknown): boolean => typeof value === "bigint" || Number.isSafeInteger(value);

function cellOf(value: unknown, type: DuckDBType, column: string): DuckDBValue {
  if (value === null || value === undefined) return null;
  if (type === BIGINT && isWhole(value)) return BigInt(value as number | bigint);
  if (type === DOUBLE && (typeof value === "number" || typeof value === "bigint")) return Number(value);
  if (type === BOOLEAN && typeof value === "boolean") return value;
  if (type === TIMESTAMP && value === "") return null;
  if (type === TIMESTAMP && typeof value === "string" && !Number.isNaN(Date.parse(value))) {
    return new DuckDBTimestampValue(BigInt(Date.parse(value)) * 1000n);
  }
  if (type === VARCHAR) return typeof value === "object" ? JSON.stringify(value) : String(value);
  throw new ConfigError(
    "parquet-type",
    `The column ${column} holds values of several types, which Parquet cannot.`,
    "Write it with --format csv or json.",
  );
}

const quote = (text: string, mark = "'"): string => mark + text.replaceAll(mark, mark + mark) + mark;
