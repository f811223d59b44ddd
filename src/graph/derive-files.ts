/**
 * What rules leave behind in the embedded store, as Parquet files until all agents are derived: every further load into a
 * table writes again what the table holds.
 */
import { join } from "node:path";
import { StoreError } from "../model.ts";
import type { DerivedKind } from "../schema.ts";
import { type EngineConnection, isPoolFull } from "./engine.ts";
import { DIALECTS, derivedCopy, derivedDdl, derivedDrops } from "./generate.ts";
import type { DerivedRows } from "./store.ts";

const { text } = DIALECTS.embedded;

/** So many loaded rows may wait in the pool before they are written. */
export const ROWS_UNWRITTEN = 100_000;

/** A Parquet file of rows of one kind, ends first. */
export interface RowFile {
  file: string;
  rows: number;
}

/** Files for one load each, of at most `most` rows. */
function batches(files: readonly RowFile[], most: number): RowFile[][] {
  const found: RowFile[][] = [];
  let room = 0;
  for (const file of files) {
    if (file.rows > room) {
      found.push([]);
      room = most;
    }
    found.at(-1)!.push(file);
    room -= file.rows;
  }
  return found;
}
const rowsOf = (files: readonly RowFile[]): number => files.reduce((sum, { rows }) => sum + rows, 0);

/**
 * Loads files into a kind that has no rows yet, at most `most` rows at a time. Where these do not fit the pool it begins
 * again with half of the largest load, in a new table: what a load that failed leaves in the old one is not to be relied on.
 * Throws StoreError where one file alone does not fit.
 */
export async function loadRows(
  engine: EngineConnection,
  kind: DerivedKind,
  files: readonly RowFile[],
  most: number,
): Promise<void> {
  const names = Object.keys(
    (await engine.run(`LOAD FROM ${text(files[0]!.file)} RETURN * LIMIT 1`))[0] ?? {},
  );
  const loads = batches(files, most);
  try {
    for (const load of loads) {
      const paths = load.map(({ file }) => file);
      await engine.run(derivedCopy(kind, paths, names));
      if (rowsOf(files) > ROWS_UNWRITTEN) await engine.run("CHECKPOINT");
    }
  } catch (cause) {
    if (!isPoolFull(cause) || loads.length === files.length) throw cause;
    await engine.together([...derivedDrops([kind]), ...derivedDdl([kind])]);
    await engine.run("CHECKPOINT");
    await loadRows(engine, kind, files, Math.floor(Math.max(...loads.map(rowsOf)) / 2));
  }
}

export interface RowFiles {
  /** Rows of a slice, which is known by where it begins. */
  write(engine: EngineConnection, from: string, kind: DerivedKind, statement: string): Promise<number>;
  /** A slice that failed leaves nothing behind. */
  forget(from: string): void;
  load(engine: EngineConnection): AsyncGenerator<DerivedRows>;
}

/**
 * Rows that rules leave behind, as files until `load` puts them into their tables, in the order of slices, so many at a
 * time.
 */
export function rowFiles(exchange: string, rowsALoad: number): RowFiles {
  const written = new Map<DerivedKind, (RowFile & { from: string })[]>();
  let number = 0;
  return {
    forget(from) {
      for (const [kind, found] of written)
        written.set(
          kind,
          found.filter((file) => file.from !== from),
        );
    },
    async write(engine, from, kind, statement) {
      const file = join(exchange, `${kind}-${number++}.parquet`);
      // To mark the rows that may be needed costs more than it saves where nearly all of them are.
      await engine.run("CALL enable_semi_mask=false");
      try {
        await engine.run(`COPY (${statement}) TO ${text(file)}`);
      } finally {
        await engine.run("CALL enable_semi_mask=true");
      }
      const rows = Number((await engine.run(`LOAD FROM ${text(file)} RETURN count(*) AS n`))[0]?.n ?? 0);
      if (rows > 0) written.set(kind, [...(written.get(kind) ?? []), { file, rows, from }]);
      return rows;
    },
    async *load(engine) {
      for (const [kind, found] of written) {
        if (found.length === 0) continue;
        const start = performance.now();
        const files = found.sort((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : 0));
        const rows = rowsOf(files);
        await loadRows(engine, kind, files, rowsALoad);
        const stored = Number((await engine.run(`MATCH ()-[r:${kind}]->() RETURN count(*) AS n`))[0]?.n);
        if (stored !== rows)
          throw new StoreError("rows-lost", `${rows} rows of ${kind} were derived and ${stored} stored`);
        yield { rule: `store ${kind}`, rows, ms: performance.now() - start };
      }
    },
  };
}
