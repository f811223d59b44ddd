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
import { type CoverageRow, type ImportLine, type Inventory, openInventory } from "../keep/inventory.ts";
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
  /**
   * Asked once all lines were read: whom to derive for; undefined: every agent. `unread`: whether something else is unread
   * with the changes than without, which may concern anybody.
   */
  seed: (unread: boolean) => Promise<readonly string[] | undefined>;
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
    const { tables, id, coverage } = await exported(options, temporary.path, stage);
    const meta = metaWith(options, id, coverage);
    store = openEmbeddedStore({ folder: join(temporary.path, "graph"), file: meta.graph });
    stage("load", `${tables.reduce((sum, { rows }) => sum + rows, 0).toLocaleString("en-US")} records`);
    const gaps = meta.coverage.filter(isGap);
    // What expires is judged as in the answer that this one is compared with.
    await store.rebuild({ snapshot: meta.snapshot, time: meta.time, gaps, tables });
    await rm(join(temporary.path, "export"), { recursive: true });
    const agents = await options.seed(saidOf(gaps) !== saidOf(options.meta.coverage.filter(isGap)));
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
    const before = await mustBePublished(inventory, meta);
    const stated = new Map<string, Coverage>();
    const changes = async function* (): AsyncGenerator<Change> {
      for await (const line of lines)
        if ("coverage" in line) stated.set(keyOf(line.coverage), line.coverage);
        else yield line;
    };
    const supposed = await inventory.suppose(changes(), () =>
      step.startsWith("import.") ? { step, stated: [...stated.values()] } : undefined,
    );
    stage("snapshot", supposed.id);
    const tables = await supposed.export(join(temporary, "export"));
    return {
      tables: tables.filter(({ kind }) => !COUNTED.has(kind)),
      id: supposed.id,
      coverage: {
        ...{ before, after: supposed.coverage },
        // What is said of others is restated, whoever said what is known of them.
        restated: [...stated.values()].filter((said) => said.step !== step),
      },
    };
  } finally {
    await inventory.close();
  }
}

const isGap = ({ state }: Coverage): boolean => state !== "complete";
const saidOf = (gaps: readonly Coverage[]): string =>
  JSON.stringify(gaps.map(({ step, scope, state }) => [step, scope, state].join("\n")).sort());
const keyOf = ({ step, scope }: Pick<Coverage, "step" | "scope">): string => JSON.stringify([step, scope]);

/** Both answers must differ by the changes alone: not by what was read since, and not by other rules. Resolves to coverage. */
async function mustBePublished(inventory: Inventory, meta: GraphMeta): Promise<readonly CoverageRow[]> {
  const snapshot = await inventory.snapshot();
  await snapshot.release();
  if (snapshot.id === meta.snapshot && hashOfRules(loadRules()) === meta.rules) return snapshot.coverage;
  throw new StoreError(
    "graph-stale",
    snapshot.id === meta.snapshot
      ? "the graph was derived by another version of forereach: its answers cannot be compared"
      : "the graph does not show what the inventory holds now: a scan was interrupted or is under way",
    "forereach scan, which goes on where one stopped, builds it anew; without a tenant: forereach import FILE.jsonl",
  );
}

interface Coverages {
  /** As the inventory has it, and as an import of the changes would leave it. */
  before: readonly CoverageRow[];
  after: readonly CoverageRow[];
  restated: readonly Coverage[];
}

/** What stands beside the graph: coverage with the changes, the snapshot as on top of which one. */
function metaWith({ meta, connectors }: SupposeOptions, id: string, coverages: Coverages): GraphMeta {
  const { store: _, ...rest } = meta;
  return {
    ...{ ...rest, findings: [], coverage: coverageWith(meta.coverage, coverages, hidesOf(connectors)) },
    snapshot: id === meta.snapshot ? id : `${meta.snapshot}+${id.slice(0, 8)}`,
  };
}

/** What is published of parts that the inventory says nothing of, or something better, stays: a scan goes on. */
function coverageWith(
  published: GraphMeta["coverage"],
  { before, after, restated }: Coverages,
  hides: ReturnType<typeof hidesOf>,
): GraphMeta["coverage"] {
  const known = new Map(before.map((row) => [keyOf(row), row]));
  const rows = new Map(after.map((row) => [keyOf(row), { ...row, hides: hides(row.step) }]));
  for (const row of published) {
    const old = known.get(keyOf(row));
    if (old?.state !== row.state || old.reason !== row.reason) rows.set(keyOf(row), row);
  }
  for (const said of restated) {
    const { records = 0, observedFrom, observedTo } = rows.get(keyOf(said)) ?? {};
    const facts = { records, observedFrom, observedTo };
    rows.set(keyOf(said), { ...said, ...facts, accepted: undefined, hides: hides(said.step) });
  }
  return [...rows.values()];
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
