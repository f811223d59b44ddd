/** CSV as auditors get it, and its two companions: what was not read, and the manifest. */
import { Readable } from "node:stream";
import { stringify } from "csv-stringify";
import { COVERAGE_STATES, type Row } from "../src/model.ts";
import type { CoverageLine, ReportView } from "./index.ts";

/**
 * Rows as CSV: RFC 4180, UTF-8, `\r\n`, header first. A cell that a spreadsheet would run as a formula gets an
 * apostrophe in front (https://owasp.org/www-community/attacks/CSV_Injection); numbers stay numbers. `bom`
 * for Excel, which takes a file without a byte-order mark for the local code page.
 */
export async function* csvText(
  rows: AsyncIterable<Row> | Iterable<Row>,
  columns: readonly string[],
  options: { bom?: boolean } = {},
): AsyncGenerator<string> {
  const cells = async function* () {
    for await (const row of rows) yield columns.map((column) => csvCell(row[column]));
  };
  const lines = stringify({
    columns: [...columns],
    header: true,
    bom: options.bom ?? false,
    record_delimiter: "windows",
    quote_record_delimiter: true,
    escape_formulas: true,
    cast: { boolean: (value) => String(value) },
  });
  const source = Readable.from(cells());
  // An error of the rows must end the reading of the lines, too: a cut file never looks like a whole one.
  source.on("error", (error) => lines.destroy(error));
  source.pipe(lines).setEncoding("utf8");
  try {
    for await (const chunk of lines) yield String(chunk);
  } finally {
    source.destroy();
  }
}

/** Lists are joined for people; what has no plain form is written as JSON. */
function csvCell(value: unknown): unknown {
  if (value === null || value === undefined) return "";
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map((part) => String(csvCell(part))).join("; ");
  return typeof value === "object" ? JSON.stringify(value) : value;
}

const COVERAGE_COLUMNS = [
  "step",
  "scope",
  "state",
  "reason",
  "fix",
  "accepted_reason",
  "accepted_until",
  "hides",
  "agents_concerned",
] as const;

/** Every part that is not complete, in a fixed order. No line but the header: everything was read. */
export function renderCoverageCsv(view: Pick<ReportView, "coverage">): AsyncGenerator<string> {
  const rows = view.coverage
    .filter((line) => line.state !== "complete")
    .toSorted((a, b) => bytewise(a.step, b.step) || bytewise(a.scope, b.scope))
    .map(
      (line): Row => ({
        ...line,
        accepted_reason: line.acceptedReason,
        accepted_until: line.acceptedUntil,
        agents_concerned: line.agentsConcerned,
      }),
    );
  return csvText(rows, COVERAGE_COLUMNS);
}

/** What the file was made from, by what, and how to check that nobody changed it since. */
export async function* renderManifest(view: ReportView): AsyncGenerator<string> {
  const evidence = view.evidence;
  const manifest = {
    schema_version: evidence?.schemaVersion,
    tenant: view.tenant,
    snapshot: view.snapshot,
    snapshot_time: view.time,
    rows: evidence?.rows,
    sha256: evidence?.sha256,
    files: evidence?.files,
    coverage: countStates(view.coverage),
    control_totals: evidence?.controlTotals.map((total) => ({ ...total, theirs: total.theirs ?? null })),
    config_hash: evidence?.configHash,
    tool_version: evidence?.toolVersion,
    command: evidence?.command,
  };
  yield `${JSON.stringify(manifest, null, 2)}\n`;
}

/** For each step, how many of its scopes are in which state. */
function countStates(coverage: readonly CoverageLine[]): Record<string, Record<string, number>> {
  const steps: Record<string, Record<string, number>> = {};
  for (const step of [...new Set(coverage.map((line) => line.step))].sort(bytewise)) {
    const counts: Record<string, number> = {};
    for (const state of COVERAGE_STATES) {
      const count = coverage.filter((line) => line.step === step && line.state === state).length;
      if (count > 0) counts[state] = count;
    }
    steps[step] = counts;
  }
  return steps;
}

const bytewise = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
