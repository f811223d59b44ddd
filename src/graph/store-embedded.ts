/**
 * The default store: one file of the embedded engine, built anew beside its place and moved there at the end; readers
 * open it read-only. Rules run in the new file before that; what only they need is dropped at the end.
 */
import { randomUUID } from "node:crypto";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { GraphTable } from "../keep/inventory.ts";
import { StoreError } from "../model.ts";
import { DERIVED_NODE_KINDS, DERIVED_REL_KINDS } from "../schema.ts";
import { deriveEmbedded } from "./derive-embedded.ts";
import { ROWS_UNWRITTEN } from "./derive-files.ts";
import { type EngineConnection, openEngine } from "./engine.ts";
import { derivedDdl, embeddedCopy, embeddedDdl } from "./generate.ts";
import type { GraphSource, GraphStore } from "./store.ts";

export interface EmbeddedOptions {
  /** Folder of the graph files. */
  folder: string;
  /** Name of the file of this graph; `newGraphName` gives one that nobody reads yet. */
  file?: string;
  /** Cap of each buffer pool in bytes. */
  pool?: number;
  threads?: number;
}

const POOL = 512 * 1024 * 1024;
export const GRAPH_NAME = "graph.db";
export const newGraphName = (): string => `graph-${randomUUID()}.db`;

/** Opens the store in a folder. Nothing is read before the first call. Throws StoreError. */
export function openEmbeddedStore({
  folder,
  file: name = GRAPH_NAME,
  pool = POOL,
  threads = 2,
}: EmbeddedOptions): GraphStore {
  const place = join(folder, name);
  let reader: Promise<EngineConnection> | undefined;
  let building: { file: string; source: GraphSource; engine: EngineConnection | undefined } | undefined;

  const openReader = async (): Promise<EngineConnection> => {
    try {
      return await openEngine({ path: place, pool, readOnly: true, threads });
    } catch (error) {
      reader = undefined;
      throw error;
    }
  };
  /** What was built and never derived. */
  const forget = async () => {
    const open = building?.engine;
    building = undefined;
    await open?.close();
  };
  const closeReader = async () => {
    const open = reader;
    reader = undefined;
    await (await open?.catch(() => undefined))?.close();
  };

  return {
    async rebuild(source) {
      await forget();
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const file = join(folder, `new-${name}`);
      for (const left of [file, `${file}.wal`]) await rm(left, { force: true });
      const engine = await openEngine({ path: file, pool, threads });
      try {
        const written = await fill(engine, source);
        // A small graph is written when its rules have run: tables that only they need are gone then.
        building = { file, source, engine: written ? undefined : engine };
      } finally {
        if (building?.engine !== engine) await engine.close();
      }
    },

    async *derive(rules, seed) {
      if (building === undefined)
        throw new StoreError("not-rebuilt", "a graph is derived only right after it was rebuilt");
      const { file, source, engine } = building;
      const exchange = join(folder, `exchange-${randomUUID()}`);
      await mkdir(exchange, { mode: 0o700 });
      building = undefined;
      const { gaps, time } = source;
      const filled = rowsByKind(source.tables);
      yield* deriveEmbedded({ file, engine, filled, exchange, pool, threads, rules, gaps, time, seed });
      await closeReader();
      // Readers see the old graph or the new one, never half of either.
      await rename(file, place);
    },

    async update() {
      throw new StoreError("rebuild-only", "the embedded graph is rebuilt, not updated", "forereach scan");
    },

    async query(cypher, params) {
      // Kept before it is open: questions come together, and share one. A store without a graph may have one later.
      reader ??= openReader();
      return (await reader).run(cypher, params);
    },

    async close() {
      await forget();
      await closeReader();
    },
  };
}

/** Makes all tables and loads records; true if everything is on disk. */
async function fill(engine: EngineConnection, source: GraphSource): Promise<boolean> {
  await engine.together([...embeddedDdl(), ...derivedDdl([...DERIVED_NODE_KINDS, ...DERIVED_REL_KINDS])]);
  let unwritten = 0;
  let written = false;
  for (const table of source.tables) {
    await engine.run(embeddedCopy(table));
    unwritten += table.rows;
    if (unwritten < ROWS_UNWRITTEN) continue;
    await engine.run("CHECKPOINT");
    unwritten = 0;
    written = true;
  }
  if (written) await engine.run("CHECKPOINT");
  return written;
}

/** A kind of relationship has a table for each pair of kinds that it connects. */
function rowsByKind(tables: readonly GraphTable[]): Map<string, number> {
  const found = new Map<string, number>();
  for (const { kind, rows } of tables) found.set(kind, (found.get(kind) ?? 0) + rows);
  return found;
}

/** Removes graphs but the one of this name: they are left over from a stop or an older scan. */
export async function sweepGraphs(folder: string, kept: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => []))
    if (/^(new-)?graph-|^exchange-/.test(name) && !name.startsWith(kept))
      await rm(join(folder, name), { recursive: true, force: true });
}
