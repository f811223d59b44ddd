/** Where rows go: to the terminal as they come, or to a file with its companions. The same for every command. */
import { extname } from "node:path";
import type { Answers } from "../app.ts";
import { ConfigError, type Row } from "../model.ts";
import { exportRows } from "./export.ts";
import { type Format, formatRows, type OutputColumn } from "./format.ts";
import { coverageLines, write } from "./print.ts";

export interface OutputOptions {
  format?: Format;
  out?: string;
  excel?: boolean;
}

/** What a manifest says of the run that made a file. */
export interface Made {
  command: string;
  version: string;
}

export type OutputRequest = OutputOptions & Made & Shown & (Known | Named);

/** All columns, as files and programs get them. */
interface Known {
  rows: AsyncIterable<Row>;
  columns: readonly OutputColumn[];
}
/** Rows that end with the names of their columns: those of the first row, if there is one. */
interface Named {
  rows: AsyncGenerator<Row, readonly string[]>;
  columns: undefined;
}

interface Shown {
  answers: Answers;
  /** Those that fit a terminal; default: all. */
  forPeople?: readonly string[];
  /** Rows that a table shows before it says how many more there are. */
  limit?: number;
  /** Version of the columns, for the manifest. */
  schemaVersion: number;
}

const BY_EXTENSION: Readonly<Record<string, Format>> = {
  csv: "csv",
  json: "json",
  jsonl: "json",
  parquet: "parquet",
};

/** The format that was asked for, by name or by the end of the file's. Throws ConfigError before anything is read. */
export function formatOf({ format, out, excel }: OutputOptions): Format {
  if (out === "-")
    throw new ConfigError(
      "out-is-no-file",
      "--out takes a file, and - is none",
      "leave --out away: --format csv or json prints to standard output",
    );
  const extension = out === undefined ? "" : extname(out).slice(1).toLowerCase();
  const found = format ?? (out === undefined ? "table" : BY_EXTENSION[extension]);
  if (found === undefined)
    throw new ConfigError(
      "bad-extension",
      `what to write to ${out} is not clear from its name`,
      `name it .csv, .json, .jsonl or .parquet, or add --format`,
    );
  if (found === "parquet" && out === undefined)
    throw new ConfigError("needs-out", "Parquet goes to a file", "--out FILE.parquet");
  if (found === "table" && out !== undefined)
    throw new ConfigError("needs-format", "a table is for the terminal", "--format csv, or no --out");
  if (excel === true && found !== "csv")
    throw new ConfigError("needs-csv", "--excel is about CSV", "--format csv, or --out FILE.csv");
  return found;
}

/**
 * Prints or writes the rows; resolves to how many there were. Throws ConfigError or StoreError; then no file has changed its
 * content.
 */
export async function deliver(request: OutputRequest): Promise<number> {
  const { answers, out, excel } = request;
  const format = formatOf(request);
  const { columns, rows: found } = await columnsOf(request);
  let count = 0;
  const rows = (async function* () {
    for await (const row of found) {
      count += 1;
      yield row;
    }
  })();
  if (out === undefined) {
    const table = format === "table";
    const shown = table ? request.forPeople?.map((name) => ({ name })) : undefined;
    const width = process.stdout.columns === undefined ? {} : { width: process.stdout.columns };
    const limit = request.limit === undefined ? {} : { limit: request.limit };
    await write(
      formatRows(format as Exclude<Format, "parquet">, table ? called(rows) : rows, shown ?? columns, {
        ...width,
        ...limit,
      }),
    );
    return count;
  }
  const { meta } = answers;
  const { files } = await exportRows({
    ...{ format, out, rows, columns },
    ...(excel === undefined ? {} : { excel }),
    about: {
      view: {
        title: "What the agents can reach",
        tenant: `${meta.tenantName} (${meta.tenant})`,
        ...{ snapshot: meta.snapshot, time: meta.time, coverage: coverageLines(meta) },
      },
      evidence: {
        ...{ schemaVersion: request.schemaVersion, controlTotals: [], configHash: meta.configHash },
        ...{ toolVersion: request.version, command: request.command },
      },
    },
  });
  process.stdout.write(`Wrote ${count.toLocaleString("en-US")} rows: ${files.join(", ")}.\n`);
  return count;
}

/** What is said beside the rows: below a table, and where programs read those, on stderr. */
export const sayBeside = (text: string, format: Format): void => {
  (format === "table" ? process.stdout : process.stderr).write(text);
};

/** For people: what has no name goes by its id. */
async function* called(rows: AsyncIterable<Row>): AsyncGenerator<Row> {
  for await (const row of rows) {
    const nameless = Object.keys(row).filter(
      (key) => key.endsWith("_name") && (row[key] ?? "") === "" && row[idOf(key)] !== undefined,
    );
    yield nameless.length === 0
      ? row
      : { ...row, ...Object.fromEntries(nameless.map((key) => [key, row[idOf(key)]!])) };
  }
}
const idOf = (name: string): string => name.replace(/_name$/, "_id");

/** The columns, looked up in the first row where nobody named them, which is not lost; or at the end, if that comes first. */
async function columnsOf(
  request: Known | Named,
): Promise<{ columns: readonly OutputColumn[]; rows: AsyncIterable<Row> }> {
  if (request.columns !== undefined) return { columns: request.columns, rows: request.rows };
  const source = request.rows;
  const first = await source.next();
  const rows = async function* () {
    try {
      for (let next = first; next.done !== true; next = await source.next()) yield next.value;
    } finally {
      await source.return([]);
    }
  };
  const names = first.done === true ? first.value : Object.keys(first.value);
  return { columns: names.map((name) => ({ name })), rows: rows() };
}
