/** Rows to files: CSV with its companions, JSON lines, Parquet, or a table. All of a request, or nothing. */
import { createHash } from "node:crypto";
import { basename, extname } from "node:path";
import { csvText, renderCoverageCsv, renderManifest } from "../../reports/csv.ts";
import type { Evidence, ReportView } from "../../reports/index.ts";
import { type Draft, draft, draftText } from "../keep/files.ts";
import type { Row } from "../model.ts";
import { type Format, formatRows, type OutputColumn } from "./format.ts";

/** Rows of a worksheet, its header included. */
const EXCEL_ROWS = 1_048_576;

export interface ExportRequest {
  format: Format;
  /** Path of the file; companions and further parts stand beside it. */
  out: string;
  rows: AsyncIterable<Row>;
  columns: readonly OutputColumn[];
  /** Byte-order mark, and a new file where a worksheet is full. */
  excel?: boolean;
  /** Rows of one worksheet, for tests. */
  excelRows?: number;
  /** What the companions of the rows say; without it there are none. */
  about?: {
    view: Pick<ReportView, "title" | "tenant" | "snapshot" | "time" | "coverage">;
    evidence: Omit<Evidence, "rows" | "sha256" | "files">;
  };
}

/**
 * Writes the file, and its coverage and manifest beside it. Each file appears whole, the
 * manifest last. Throws ConfigError or StoreError; then no file has changed its content.
 */
export async function exportRows(request: ExportRequest): Promise<{ rows: number; files: string[] }> {
  const drafts: Draft[] = [];
  try {
    const parts: { name: string; rows: number; sha256: string }[] = [];
    for await (const part of writeParts(request)) {
      drafts.push(part.draft);
      parts.push({ name: basename(part.draft.path), rows: part.rows, sha256: part.draft.sha256 });
    }
    const rows = parts.reduce((sum, part) => sum + part.rows, 0);
    if (request.about !== undefined) {
      const sha256 = parts.length === 1 ? parts[0]!.sha256 : hashOf(parts.map((part) => part.sha256));
      const view: ReportView = {
        ...request.about.view,
        agents: [],
        paths: [],
        totals: [],
        evidence: { ...request.about.evidence, rows, sha256, files: parts },
      };
      drafts.push(await draftText(companion(request, ".coverage.csv"), renderCoverageCsv(view)));
      drafts.push(await draftText(companion(request, ".manifest.json"), renderManifest(view)));
    }
    for (const each of drafts) await each.publish();
    return { rows, files: drafts.map((each) => each.path) };
  } catch (error) {
    await Promise.all(drafts.map((each) => each.discard()));
    throw error;
  }
}

async function* writeParts(request: ExportRequest): AsyncGenerator<{ draft: Draft; rows: number }> {
  const { format, out, columns } = request;
  const source = request.rows[Symbol.asyncIterator]();
  const full = format === "csv" && request.excel === true ? (request.excelRows ?? EXCEL_ROWS) - 1 : Infinity;
  const names = columns.map((column) => column.name);
  let next = await source.next();
  try {
    for (let part = 1; part === 1 || next.done !== true; part++) {
      let count = 0;
      const rows = async function* () {
        for (; next.done !== true && count < full; next = await source.next()) {
          count++;
          yield next.value;
        }
      };
      const path = part === 1 ? out : beside(out, `-${part}${extname(out)}`);
      const written =
        format === "parquet"
          ? await draft(path, async (temporary) => {
              const { writeParquet } = await import("./parquet.ts");
              return writeParquet(temporary, rows(), columns);
            })
          : await draftText(
              path,
              format === "csv"
                ? csvText(rows(), names, { bom: request.excel ?? false })
                : formatRows(format, rows(), columns),
            );
      yield { draft: written, rows: count };
    }
  } finally {
    await source.return?.();
  }
}

/**
 * Of `reach.csv` it is `reach.manifest.json`. Of another format the ending stays, `reach.json.manifest.json`: files of one
 * name would take each other's evidence.
 */
function companion({ out, format }: ExportRequest, ending: string): string {
  if (format === "csv") return beside(out, ending);
  return `${out}${extname(out) === "" ? `.${format}` : ""}${ending}`;
}

/** `reach.csv` and `.coverage.csv` give `reach.coverage.csv`. */
const beside = (path: string, ending: string): string =>
  path.slice(0, path.length - extname(path).length) + ending;

const hashOf = (hashes: readonly string[]): string =>
  createHash("sha256").update(hashes.join("\n")).digest("hex");
