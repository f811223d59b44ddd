/**
 * A graph of what would be known if changes were applied. Inventory and published graph stay as they are: it is built
 * in a folder of its own, which goes when it is closed, on errors, and when the process ends.
 */
import { rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Connector } from "../connector.ts";
import { loadRules } from "../graph/rules.ts";
import type { GraphStore } from "../graph/store.ts";
import { openEmbeddedStore } from "../graph/store-embedded.ts";
import { sweepOrphans } from "../keep/files.ts";
import { type ImportLine, type Inventory, openInventory } from "../keep/inventory.ts";
import { aliasGap } from "../keep/inventory-aliases.ts";
import { joined } from "../keep/inventory-coverage.ts";
import type { GraphMeta } from "../keep/meta.ts";
import { checkLine } from "../keep/records.ts";
import { type Coverage, Interrupted, StoreError } from "../model.ts";
import type { Change } from "../schema.ts";
import { hashOfRules, hidesOf } from "./build.ts";

export interface SupposeOptions {
  /** Folder of the inventory and the published graph. */
  folder: string;
  /** Of the published graph. */
  meta: GraphMeta;
  connectors: readonly Connector[];
  /** Step that an import of these lines would be. */
  step: string;
  lines: AsyncIterable<ImportLine>;
  /** Asked once all lines were read: whom to derive for; undefined: every agent. */
  seed: () => Promise<readonly string[] | undefined>;
  signal?: AbortSignal;
  onStage?: (stage: string, detail: string) => void;
}

export interface SupposedGraph {
  /** Folder of its data. */
  folder: string;
  store: GraphStore;
  meta: GraphMeta;
  close(): Promise<void>;
}

/** Rules and answers read counts of items, never items: these need not be loaded. */
const COUNTED: ReadonlySet<string> = new Set(["Item", "PROTECTED_BY", "LABELED"]);
/** A slice for each agent is slower for more than these than all agents together. */
const SEEDED = 40;

/** Checks lines as an import does. Throws ConfigError with the number of the first that is wrong. */
export async function* checkedLines(name: string, lines: AsyncIterable<string>): AsyncGenerator<ImportLine> {
  let number = 0;
  for await (const text of lines) {
    number += 1;
    const line = checkLine(text, number, name);
    if (line !== undefined) yield line;
  }
}

/** Throws ConfigError for a wrong line, StoreError if the published graph does not show what the inventory holds. */
export async function supposeGraph(options: SupposeOptions): Promise<SupposedGraph> {
  const { signal, onStage = () => {} } = options;
  const stage = (name: string, detail: string) => {
    if (signal?.aborted === true) throw new Interrupted("interrupted", "interrupted; nothing was changed");
    onStage(name, detail);
  };
  const temporary = await newFolder(options.folder);
  let store: GraphStore | undefined;
  const close = async () => {
    await store?.close();
    await temporary.remove();
  };
  try {
    const { tables, id, stated, unresolved } = await exported(options, temporary.path, stage);
    const meta = metaWith(options, id, withAliases(options, stated, unresolved));
    store = openEmbeddedStore({ folder: join(temporary.path, "graph"), file: meta.graph });
    stage("load", `${tables.reduce((sum, { rows }) => sum + rows, 0).toLocaleString("en-US")} records`);
    const gaps = meta.coverage.filter(({ state }) => state !== "complete");
    // What expires is judged as in the answer that this one is compared with.
    await store.rebuild({ snapshot: meta.snapshot, time: meta.time, gaps, tables });
    await rm(join(temporary.path, "export"), { recursive: true });
    const agents = await options.seed();
    const seed = agents === undefined || agents.length > SEEDED ? undefined : { agents };
    for await (const { rule, rows } of store.derive(loadRules(), seed))
      stage("derive", `${rule}: ${rows.toLocaleString("en-US")}`);
    return { folder: temporary.path, store, meta, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The files of the snapshot with the changes on top. The inventory is let go of before anything is built from them. */
async function exported(
  { folder, meta, lines, step }: SupposeOptions,
  temporary: string,
  stage: (name: string, detail: string) => void,
) {
  const inventory = await openInventory(join(folder, "inventory.duckdb"), {
    ...{ readOnly: true, spill: join(temporary, "spill") },
  });
  try {
    await mustBePublished(inventory, meta);
    const stated = new Map<string, Coverage>();
    const changes = async function* (): AsyncGenerator<Change> {
      for await (const line of lines)
        if ("coverage" in line) stated.set(keyOf(line.coverage), line.coverage);
        else yield line;
    };
    const supposed = await inventory.suppose(changes(), () => {
      const own = [...stated.values()].filter((one) => one.step === step);
      const whole = own.some(({ scope, state }) => scope === "" && state === "complete");
      return whole && own.every(({ state }) => state === "complete") ? step : undefined;
    });
    stage("snapshot", supposed.id);
    const tables = await supposed.export(join(temporary, "export"));
    return {
      tables: tables.filter(({ kind }) => !COUNTED.has(kind)),
      id: supposed.id,
      stated,
      unresolved: supposed.unresolved,
    };
  } finally {
    await inventory.close();
  }
}

const keyOf = ({ step, scope }: Pick<Coverage, "step" | "scope">): string => JSON.stringify([step, scope]);

/** Both answers must differ by the changes alone: not by what was read since, and not by other rules. */
async function mustBePublished(inventory: Inventory, meta: GraphMeta): Promise<void> {
  const snapshot = await inventory.snapshot();
  await snapshot.release();
  if (snapshot.id === meta.snapshot && hashOfRules(loadRules()) === meta.rules) return;
  throw new StoreError(
    "graph-stale",
    snapshot.id === meta.snapshot
      ? "the graph was derived by another version of forereach: its answers cannot be compared"
      : "the graph does not show what the inventory holds now: a scan was interrupted or is under way",
    "forereach scan, which goes on where one stopped, builds it anew; without a tenant: forereach import FILE.jsonl",
  );
}

/** What the changes state, and that they name what nothing declares: a gap of the step that their import would be. */
function withAliases(
  { meta, step }: SupposeOptions,
  stated: ReadonlyMap<string, Coverage>,
  aliases: readonly string[],
): ReadonlyMap<string, Coverage> {
  const gap = aliasGap(step, aliases);
  if (gap === undefined) return stated;
  const known = meta.coverage.find((row) => keyOf(row) === keyOf(gap));
  const { state, reason, fix } = stated.get(keyOf(gap)) ?? known ?? gap;
  const said: Coverage = { step, scope: "", state, ...(reason ? { reason } : {}), ...(fix ? { fix } : {}) };
  return new Map([...stated, [keyOf(gap), joined(said, gap)]]);
}

/** What stands beside the graph: coverage as the changes state it, the snapshot as on top of which one. */
function metaWith(
  { meta, connectors }: SupposeOptions,
  id: string,
  stated: ReadonlyMap<string, Coverage>,
): GraphMeta {
  const hides = hidesOf(connectors);
  const known = new Set(meta.coverage.map(keyOf));
  const restated = meta.coverage.map((row) => {
    const said = stated.get(keyOf(row));
    const { reason: _, fix: __, ...rest } = row;
    return said === undefined ? row : { ...rest, ...said, accepted: undefined };
  });
  const added = [...stated.values()]
    .filter((said) => !known.has(keyOf(said)))
    .map((said) => ({
      ...{ ...said, hides: hides(said.step), records: 0, accepted: undefined },
      ...{ observedFrom: undefined, observedTo: undefined },
    }));
  const { store: _, ...rest } = meta;
  return {
    ...{ ...rest, findings: [], coverage: [...restated, ...added] },
    snapshot: id === meta.snapshot ? id : `${meta.snapshot}+${id.slice(0, 8)}`,
  };
}

/** A folder of this process; those of processes that were killed go. */
async function newFolder(data: string): Promise<{ path: string; remove(): Promise<void> }> {
  await sweepOrphans(data, "whatif");
  const path = await mkdtemp(join(data, `whatif-${process.pid}-`)).catch((cause: unknown) => {
    throw new StoreError(
      "no-access",
      `cannot write to ${data}, where the graph of what would be is built: ${String(cause)}`,
      "ask its owner, or free some space",
      { cause },
    );
  });
  // Also where a second Ctrl-C ends the process at once.
  const atExit = () => rmSync(path, { recursive: true, force: true });
  process.once("exit", atExit);
  return {
    path,
    async remove() {
      process.off("exit", atExit);
      await rm(path, { recursive: true, force: true });
    },
  };
}
