/**
 * Runs the rules in the file of the embedded store. What is the same for all agents comes first, once; then the agents,
 * slice by slice, each from clean tables, as many slices at a time as there are threads: the engine writes one statement
 * after the other, so each works in a copy of the file. What is kept of a slice goes to Parquet files,
 * which are loaded at the end: loads into a table that holds rows already cost more each time.
 */
import { copyFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { StoreError } from "../model.ts";
import { DERIVED_NODE_KINDS, DERIVED_REL_KINDS, type DerivedKind, PUBLISHED_KINDS } from "../schema.ts";
import { EVERYTHING, type RuleTarget, runRule } from "./derive.ts";
import { type RowFiles, rowFiles } from "./derive-files.ts";
import { agentSlices, halves, Slices } from "./derive-slices.ts";
import { type EngineConnection, isPoolFull, openEngine } from "./engine.ts";
import { DIALECTS, derivedDdl, derivedDrops } from "./generate.ts";
import type { Rule } from "./rules.ts";
import type { DerivedRows, Gap, Seed } from "./store.ts";
import { concerns, GAPS_DDL, GAPS_DROPS, POLICIES_ON_PLACES, unreadNodes } from "./store-gaps.ts";

/** The pool for which these are measured. */
const POOL = 512 * 1024 * 1024;
/** Derived rows that may wait before they are written: they leave less room for what a rule joins. */
const ROWS_A_CHECKPOINT = 2_000_000;
/** Derived rows that are loaded at a time: 1,250,000 of CAN_REACH fit, and 1,500,000 do not. */
const ROWS_A_LOAD = 1_200_000;
/** Agents that are derived at a time. */
const AGENTS_A_SLICE = 5_000;
/** As many as another pool has room for. */
const scaled = (many: number, pool: number): number => Math.max(1, Math.floor(many * (pool / POOL)));

export interface Derivation {
  /** The graph file, filled with records. */
  file: string;
  /** The engine that filled it, if it is still open; it is closed here. */
  engine: EngineConnection | undefined;
  /** Rows of each kind in it; of every other kind there are none. */
  filled: ReadonlyMap<string, number>;
  /** An empty folder for what is kept in between; it is removed at the end. */
  exchange: string;
  /** Cap of all buffer pools together, in bytes. */
  pool: number;
  threads: number;
  rules: readonly Rule[];
  gaps: readonly Gap[];
  /** The snapshot's now: what expired before it gives nothing. */
  time: string;
  seed: Seed | undefined;
}

/** Derives everything into the file, and reports the rows of each run of each rule. Throws StoreError. */
export async function* deriveEmbedded(derivation: Derivation): AsyncGenerator<DerivedRows> {
  const { file, exchange, pool, threads, rules, time } = derivation;
  const counts = new Map(derivation.filled);
  const files = rowFiles(exchange, scaled(ROWS_A_LOAD, pool));
  const perAgent = rules.filter((rule) => rule.per === "agents");
  const shared = rules.filter((rule) => rule.per !== "agents");
  // What shared rules derive, too, holds for the next slice.
  const own = [...new Set(perAgent.map((rule) => rule.derives))].filter(
    (kind) => isScratch(kind) && !shared.some((rule) => rule.derives === kind),
  );
  const finish = async function* (engine: EngineConnection): AsyncGenerator<DerivedRows> {
    await engine.together([...derivedDrops(SCRATCH_KINDS), ...GAPS_DROPS]);
    yield* files.load(engine);
  };
  try {
    let slices = new Slices([]);
    let workers = 1;
    const slicesIn = (engine: EngineConnection, share: number, clean = true) =>
      deriveSlices({
        ...{ engine, pool: share, clean, slices, counts: new Map(counts) },
        ...{ rules: perAgent, own, files, time },
      });
    yield* inEngine({ file, pool, threads, engine: derivation.engine }, async function* (engine) {
      for (const [kind, rows] of await loadGaps(engine, derivation.gaps, file)) counts.set(kind, rows);
      const tables = tablesOf(engine, counts);
      const run = runner(engine, pool, (rule) => runRule(rule, tables, { ...EVERYTHING, time }));
      for (const rule of shared) yield run(rule);
      const found = await agentSlices(engine, scaled(AGENTS_A_SLICE, pool / threads), derivation.seed);
      // One agent is not worth a copy of the graph.
      workers = derivation.seed === undefined ? Math.min(threads, found.length) : 1;
      slices = new Slices(found);
      if (workers > 1) return;
      for (let clean = true; yield* slicesIn(engine, pool, clean); clean = false)
        await engine.run("CHECKPOINT");
      yield* finish(engine);
    });
    if (workers === 1) return;

    const share = { pool: Math.floor(pool / workers), threads: Math.ceil(threads / workers), passing: true };
    const remove = async (place: string): Promise<void> => {
      for (const old of [place, `${place}.wal`]) await rm(old, { force: true });
    };
    const lane = async function* (place: string): AsyncGenerator<DerivedRows> {
      for (let more = true; more; ) {
        await remove(place);
        await copyFile(file, place);
        more = yield* inEngine({ file: place, ...share }, (engine) => slicesIn(engine, share.pool));
      }
    };
    const places = Array.from({ length: workers }, (_, i) => join(exchange, `graph-${i}.db`));
    yield* merged(places.map(lane), () => slices.close());
    // Large files take a while to remove, and the load below leaves a thread idle.
    const removed = Promise.allSettled(places.map(remove));
    yield* inEngine({ file, pool, threads }, finish);
    await removed;
  } finally {
    await rm(exchange, { recursive: true, force: true });
  }
}

/** Opens an engine for some work, or takes an open one; unless it is `passing`, the work is on disk when this ends. */
async function* inEngine<T, R>(
  {
    file,
    pool,
    threads,
    engine: open,
    passing = false,
  }: {
    file: string;
    pool: number;
    threads: number;
    engine?: EngineConnection | undefined;
    passing?: boolean;
  },
  work: (engine: EngineConnection) => AsyncGenerator<T, R>,
): AsyncGenerator<T, R> {
  const engine = open ?? (await openEngine({ path: file, pool, threads }));
  try {
    const result = yield* work(engine);
    if (!passing) await engine.run("CHECKPOINT");
    return result;
  } finally {
    await engine.close();
  }
}

/** Times a rule, and writes to disk what waits in the pool before it is too much. */
function runner(
  engine: EngineConnection,
  pool: number,
  work: (rule: Rule) => Promise<number>,
): (rule: Rule) => Promise<DerivedRows> {
  let unwritten = 0;
  return async (rule) => {
    const start = performance.now();
    const rows = await work(rule);
    unwritten += rows;
    if (unwritten > scaled(ROWS_A_CHECKPOINT, pool)) {
      await engine.run("CHECKPOINT");
      unwritten = 0;
    }
    return { rule: rule.id, rows, ms: performance.now() - start };
  };
}

/**
 * Derives slices for as long as there are some. One that does not fit the pool comes back in halves, and true says that
 * there is more to do, in another engine if there can be one: what has failed in this one leaves memory taken.
 */
async function* deriveSlices({
  engine,
  pool,
  clean,
  slices,
  counts,
  rules,
  own,
  files,
  time,
}: {
  engine: EngineConnection;
  pool: number;
  /** The kinds `own` have no rows yet. */
  clean: boolean;
  slices: Slices;
  /** Rows of each kind that has some. */
  counts: Map<string, number>;
  rules: readonly Rule[];
  /** Kinds that are empty when a slice begins. */
  own: readonly DerivedKind[];
  files: RowFiles;
  time: string;
}): AsyncGenerator<DerivedRows, boolean> {
  const tables = tablesOf(engine, counts);
  let ready = clean;
  for (let slice = await slices.take(); slice !== undefined; slice = await slices.take()) {
    if (!ready) await tables.renew(own);
    ready = false;
    const { from, to } = slice;
    const target: RuleTarget = {
      ...tables,
      write: (kind, statement) =>
        isScratch(kind) ? tables.write(kind, statement) : files.write(engine, from, kind, statement),
    };
    const run = runner(engine, pool, (rule) => runRule(rule, target, { from, to, time }));
    try {
      for (const rule of rules) yield await run(rule);
      slices.done();
    } catch (cause) {
      if (!isPoolFull(cause)) throw cause;
      files.forget(from);
      slices.done(halves(slice, cause));
      return true;
    }
  }
  return false;
}

/** Yields what several sources yield, as it comes. The first failure ends all, each after its step; `stop` lets none wait. */
async function* merged<T>(sources: readonly AsyncGenerator<T>[], stop: () => void): AsyncGenerator<T> {
  const step = async (source: AsyncGenerator<T>) => ({ source, result: await source.next() });
  const steps = new Map(sources.map((source) => [source, step(source)]));
  try {
    while (steps.size > 0) {
      const { source, result } = await Promise.race(steps.values());
      if (result.done === true) steps.delete(source);
      else {
        steps.set(source, step(source));
        yield result.value;
      }
    }
  } finally {
    stop();
    await Promise.allSettled(steps.values());
    await Promise.allSettled(sources.map((source) => source.return(undefined)));
  }
}

const SCRATCH_KINDS: readonly DerivedKind[] = [
  ...DERIVED_REL_KINDS.filter((kind) => !PUBLISHED_KINDS.includes(kind)),
  ...DERIVED_NODE_KINDS,
];
const isScratch = (kind: DerivedKind): boolean => SCRATCH_KINDS.includes(kind);

/** Derived tables of the graph itself. Rows are counted here: most rules have nothing to do, and asking costs as much as a rule. */
function tablesOf(
  engine: EngineConnection,
  counts: Map<string, number>,
): RuleTarget & { renew(kinds: readonly DerivedKind[]): Promise<void> } {
  const number = async (cypher: string) => Number((await engine.run(cypher))[0]?.n ?? 0);
  return {
    count: async (kind) => counts.get(kind) ?? 0,
    async write(kind, statement) {
      const said = String((await engine.run(`COPY ${kind} FROM (${statement})`))[0]?.result ?? "");
      const copied = /^(\d+) tuples? /.exec(said)?.[1];
      if (copied === undefined) throw new StoreError("engine-unknown", `the graph engine said: ${said}`);
      counts.set(kind, (counts.get(kind) ?? 0) + Number(copied));
      return Number(copied);
    },
    deepest: (kind) => number(`MATCH ()-[r:${kind}]->() RETURN max(r.level) AS n`),
    async renew(kinds) {
      for (const kind of kinds) counts.delete(kind);
      await engine.together([...derivedDrops(kinds), ...derivedDdl(kinds)]);
    },
  };
}

/** Gaps as nodes, loaded from files beside this path; rows of each kind. */
export async function loadGaps(
  engine: EngineConnection,
  gaps: readonly Gap[],
  besides: string,
): Promise<readonly [string, number][]> {
  await engine.together(GAPS_DDL);
  if (gaps.length === 0) return [];
  const roots = (
    await engine.run(
      "MATCH (s:Scope) OPTIONAL MATCH (s)-[w:WITHIN]->(:Scope) WITH s, count(w) AS n WHERE n = 0 RETURN s.id AS id",
    )
  ).map((row) => String(row.id));
  const asked = [...new Set(gaps.map((gap) => gap.scope).filter((scope) => scope !== ""))];
  const known = async (kind: "Scope" | "Principal") =>
    new Set(
      (
        await engine.run(`UNWIND $ids AS id MATCH (n:${kind}) WHERE n.id = id RETURN n.id AS id`, {
          ids: asked,
        })
      ).map((row) => String(row.id)),
    );
  const scopes = { places: await known("Scope"), principals: await known("Principal") };
  const cell = (value: string): string => `"${value.replaceAll('"', '""')}"`;
  const nodes = unreadNodes(gaps).map(({ id, step, rank, denies }) =>
    [id, cell(step), rank, denies].join(","),
  );
  const guarded = Number((await engine.run(POLICIES_ON_PLACES))[0]?.n ?? 0) > 0;
  const links = concerns(gaps, roots, guarded, scopes).map(({ unread, scope }) => `${unread},${cell(scope)}`);
  const load = async (table: string, lines: readonly string[]) => {
    const file = `${besides}.${table}.csv`;
    await writeFile(file, `${lines.join("\n")}\n`, { mode: 0o600 });
    if (lines.length > 0)
      await engine.run(`COPY ${table} FROM ${DIALECTS.embedded.text(file)} (header=false, parallel=false)`);
    await rm(file);
  };
  await load("Unread", nodes);
  await load("CONCERNS", links);
  return [
    ["Unread", nodes.length],
    ["CONCERNS", links.length],
  ];
}
