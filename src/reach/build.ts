/** From the inventory to a graph that answers: snapshot, load, rules, findings, and what to say beside it. */
import { createHash } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { makeFindings } from "../ask/finding.ts";
import { isFindingQuery, loadQueries, type Query, runQuery } from "../ask/query.ts";
import type { StoreSpec } from "../config.ts";
import type { Connector, Step } from "../connector.ts";
import { loadRules, type Rule } from "../graph/rules.ts";
import type { GraphStore } from "../graph/store.ts";
import { newGraphName, sweepGraphs } from "../graph/store-embedded.ts";
import { type OpenStoreOptions, openStore } from "../graph/store-open.ts";
import { writeBehind } from "../keep/behind.ts";
import { sweepOrphans } from "../keep/files.ts";
import type { CoverageRow, Inventory } from "../keep/inventory.ts";
import { type GraphMeta, knownMeta, writeMeta } from "../keep/meta.ts";
import type { Finding } from "../model.ts";

export interface BuildOptions {
  /** Folder of the data: the graph goes into `graph` in it. */
  folder: string;
  inventory: Inventory;
  connectors: readonly Connector[];
  tenant: { id: string; name: string };
  configHash: string;
  /** Where the graph goes; absent: beside the inventory. */
  store?: StoreSpec;
  askPassword?: OpenStoreOptions["askPassword"];
  /** A scan that still goes on: what its steps have not read yet must not look complete. */
  scan?: { id: string; unread: readonly Step[] } | undefined;
  onStage?: (stage: string, detail: string) => void;
}

type Hides = "grants" | "denies" | "both" | "use";

/** What a gap of each step, or part of a step, may hide; an import may hide anything. */
export function hidesOf(connectors: readonly Connector[]): (step: string) => Hides {
  const known = new Map<string, Hides>();
  for (const { steps } of connectors)
    for (const step of steps) {
      known.set(step.id, step.hides);
      for (const part of step.parts ?? []) known.set(part.id, part.hides);
    }
  return (step) => known.get(step) ?? "both";
}

/** Graphs of the same facts by different rules are different graphs. */
export const hashOfRules = (rules: readonly Rule[]): string =>
  createHash("sha256").update(JSON.stringify(rules)).digest("hex").slice(0, 32);

/** Builds and publishes the graph of what the inventory knows now. Throws StoreError; the old graph then stays. */
export async function buildGraph(options: BuildOptions): Promise<GraphMeta> {
  const { folder, inventory, scan, onStage = () => {} } = options;
  const unread = scan?.unread ?? [];
  const hides = hidesOf(options.connectors);
  const previous = await knownMeta(folder);
  const shows = previous?.graph;
  const graphs = join(folder, "graph");
  // What a killed run left is in the way of nobody but the disk.
  await sweepOrphans(folder, "export");
  if (shows !== undefined) await sweepGraphs(graphs, shows);
  const files = join(folder, `export-${process.pid}`);
  await rm(files, { recursive: true, force: true });
  await mkdir(files, { recursive: true, mode: 0o700 });
  // First answers of a scan that goes on stay here: on a server they would pass for whole.
  const spec: StoreSpec = unread.length === 0 && options.store ? options.store : { kind: "embedded" };
  const graph = newGraphName();
  const store = await openStore({
    ...{ folder, graph, tenant: options.tenant.id, store: spec },
    askPassword: options.askPassword,
    onStage: (detail) => onStage("publish", detail),
  });
  const snapshot = await inventory.snapshot();
  let shown = shows;
  try {
    onStage("snapshot", snapshot.id);
    const tables = await snapshot.export(files);
    const coverage = withUnread(snapshot.coverage, unread).map((row) => ({ ...row, hides: hides(row.step) }));
    // What was skipped by choice may hide denies and conditions as well as what was refused: rules see both.
    const gaps = coverage.filter(({ state }) => state !== "complete");
    onStage("load", `${tables.reduce((sum, { rows }) => sum + rows, 0).toLocaleString("en-US")} records`);
    await store.rebuild({ snapshot: snapshot.id, time: snapshot.time, gaps, tables });
    const rules = loadRules();
    for await (const { rule, rows } of store.derive(rules))
      onStage("derive", `${rule}: ${rows.toLocaleString("en-US")}`);
    const known = previous?.findings ?? [];
    // Findings are judged once all is read: half a crawl makes none new and resolves none.
    const findings =
      unread.length > 0 ? known : await findingsOf(store, known, coverage, options.connectors, snapshot.time);
    const times = coverage
      .flatMap((row) => [row.observedFrom, row.observedTo])
      .filter((time) => time !== undefined);
    const meta: GraphMeta = {
      version: 3,
      tenant: options.tenant.id,
      tenantName: options.tenant.name,
      snapshot: snapshot.id,
      graph,
      time: snapshot.time,
      observedFrom: times.reduce((a, b) => (a < b ? a : b), snapshot.time),
      observedTo: snapshot.time,
      coverage,
      findings,
      configHash: options.configHash,
      rules: hashOfRules(rules),
      ...(scan === undefined ? {} : { scan: scan.id }),
      ...(spec.kind === "neo4j" ? { store: withoutPassword(spec) } : {}),
    };
    // The one moment of publication: readers take the graph that this names, with the coverage beside it.
    await writeMeta(folder, meta);
    shown = graph;
    await writeBehind(folder, { scan: scan?.id, imports: [] });
    return meta;
  } finally {
    await snapshot.release();
    await store.close();
    if (shown !== undefined) await sweepGraphs(graphs, shown);
    await rm(files, { recursive: true, force: true });
  }
}

const withoutPassword = ({ password: _, ...spec }: Extract<StoreSpec, { kind: "neo4j" }>): StoreSpec => spec;

/** Coverage as it is while steps are still being read, whatever an earlier scan said of them. */
export function withUnread(coverage: readonly CoverageRow[], unread: readonly Step[]): CoverageRow[] {
  const known = new Map(coverage.filter(({ scope }) => scope === "").map((row) => [row.step, row]));
  const ids = new Set(unread.map(({ id }) => id));
  const blank = { observedFrom: undefined, observedTo: undefined, records: 0 };
  const going = unread.map(
    ({ id }): CoverageRow => ({
      ...(known.get(id) ?? blank),
      ...{ step: id, scope: "", state: "partial", reason: "not read to its end yet: the scan goes on" },
      ...{ fix: "wait until the scan ends, or run it again if it was stopped", accepted: undefined },
    }),
  );
  return [...coverage.filter(({ step, scope }) => scope !== "" || !ids.has(step)), ...going];
}

async function findingsOf(
  store: GraphStore,
  previous: readonly Finding[],
  coverage: readonly CoverageRow[],
  connectors: readonly Connector[],
  time: string,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const query of (await loadQueries()).filter(isFindingQuery)) {
    const rows = await runQuery((cypher, params) => store.query(cypher, params), query);
    findings.push(...makeFindings(query, rows, previous, isIncomplete(query, coverage, connectors), time));
  }
  return findings;
}

/** True if something that the query reads was not read completely. Derived kinds depend on everything. */
function isIncomplete(
  query: Query,
  coverage: readonly CoverageRow[],
  connectors: readonly Connector[],
): boolean {
  const gaps = new Set(coverage.filter(({ state }) => state !== "complete").map(({ step }) => step));
  if (gaps.size === 0) return false;
  if (query.reads.some((kind) => kind === "CAN_REACH" || kind === "HOLDS" || kind === "TALLY")) return true;
  const producers: Step[] = connectors.flatMap(({ steps }) =>
    steps.filter((step) => step.produces.some((kind) => query.reads.includes(kind))),
  );
  return producers.some((step) => gaps.has(step.id) || (step.parts ?? []).some((part) => gaps.has(part.id)));
}
