/** Rows as text: a table for people, CSV and JSON lines for programs. Everything but the table streams. */
import Table from "cli-table3";
import { csvText } from "../../reports/csv.ts";
import type { Row } from "../model.ts";

export const FORMATS = ["table", "csv", "json", "parquet"] as const;
export type Format = (typeof FORMATS)[number];

export interface OutputColumn {
  readonly name: string;
  /** Text if absent; Parquet then looks at the values. */
  readonly type?: "text" | "int" | "time";
}

export interface FormatOptions {
  /** Characters that a line may have; absent: as wide as it is. */
  width?: number;
  /** Rows that a table shows before it says how many more there are. */
  limit?: number;
}

/** `rows` in a text format, in chunks. */
export function formatRows(
  format: Exclude<Format, "parquet">,
  rows: AsyncIterable<Row>,
  columns: readonly OutputColumn[],
  options: FormatOptions = {},
): AsyncGenerator<string> {
  const names = columns.map((column) => column.name);
  if (format === "csv") return csvText(rows, names);
  return format === "json" ? jsonLines(rows, names) : tableText(rows, names, options);
}

/** One object a line, properties in the order of the columns; what is not known is null. */
export async function* jsonLines(
  rows: AsyncIterable<Row>,
  columns: readonly string[],
): AsyncGenerator<string> {
  for await (const row of rows) {
    const line = Object.fromEntries(columns.map((column) => [column, row[column] ?? null]));
    yield `${JSON.stringify(line, (_, value: unknown) => (typeof value === "bigint" ? plainInteger(value) : value))}\n`;
  }
}

/** A count that fits a number is one; what does not is kept exact, as text. */
const plainInteger = (value: bigint): number | string =>
  value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value.toString();

/** Narrowest that a column is cut to. */
const NARROWEST = 6;
const GAP = 2;
const PLAIN = Object.fromEntries(
  "top top-mid top-left top-right bottom bottom-mid bottom-left bottom-right left left-mid mid mid-mid right right-mid"
    .split(" ")
    .map((part) => [part, ""]),
);

/** A table for people: numbers to the right, the widest columns cut until a line fits. */
export async function* tableText(
  rows: AsyncIterable<Row>,
  columns: readonly string[],
  options: FormatOptions = {},
): AsyncGenerator<string> {
  const limit = options.limit ?? 1000;
  const shown: string[][] = [];
  const numeric = columns.map(() => true);
  let more = 0;
  for await (const row of rows) {
    if (shown.length === limit) {
      more++;
      continue;
    }
    shown.push(
      columns.map((column, index) => {
        const value = row[column];
        const isNumber = typeof value === "number" || typeof value === "bigint";
        if (!isNumber && value !== null && value !== undefined) numeric[index] = false;
        return isNumber ? value.toLocaleString("en-US") : printable(value);
      }),
    );
  }
  if (shown.length === 0) {
    yield "No rows.\n";
    return;
  }
  const head = columns.map((column) => column.replaceAll("_", " "));
  const natural = head.map((name, index) =>
    Math.max(cellWidth(name), ...shown.map((cells) => cellWidth(cells[index] ?? ""))),
  );
  const widths = fitWidths(natural, options.width);
  const table = new Table({
    chars: { ...PLAIN, middle: " ".repeat(GAP) },
    style: { head: [], border: [], compact: true, "padding-left": 0, "padding-right": 0 },
    colWidths: widths,
    colAligns: numeric.map((isNumber) => (isNumber ? "right" : "left")),
  });
  table.push(
    head,
    widths.map((width) => "─".repeat(width)),
    ...shown,
  );
  yield `${table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n")}\n`;
  if (more > 0) {
    yield `… and ${more.toLocaleString("en-US")} more rows: --format csv --out FILE writes them all.\n`;
  }
}

/** Takes width from the widest column, again and again, until the line fits or nothing is left to take. */
function fitWidths(natural: readonly number[], width: number | undefined): number[] {
  const widths = [...natural];
  const gaps = GAP * (widths.length - 1);
  let surplus = width === undefined ? 0 : widths.reduce((sum, each) => sum + each, gaps) - width;
  while (surplus > 0) {
    const widest = Math.max(...widths);
    if (widest <= NARROWEST) break;
    widths[widths.indexOf(widest)] = widest - 1;
    surplus--;
  }
  return widths;
}

/** A value on one line. Control and direction characters of a tenant’s names must not steer the terminal. */
export function printable(value: unknown): string {
  if (value === null || value === undefined) return "";
  const text = Array.isArray(value)
    ? value.map(printable).join("; ")
    : value instanceof Date
      ? value.toISOString()
      : typeof value === "object"
        ? JSON.stringify(value)
        : String(value);
  return text.replace(/[\p{Cc}\p{Bidi_Control}]/gu, "\u{FFFD}");
}

/** Columns that a text takes on a terminal: East Asian wide characters and emoji take two, marks none. */
function cellWidth(text: string): number {
  let width = 0;
  for (const char of text) {
    if (!/\p{M}/u.test(char)) width += WIDE.test(char) ? 2 : 1;
  }
  return width;
}
const WIDE =
  /[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6\u{1F300}-\u{1FAFF}\u{20000}-\u{3FFFD}]/u;
