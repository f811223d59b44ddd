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
import { type Bounds, EVERYTHING, type RuleTarget, runRule, slicesOf } from "./derive.ts";
import { type EngineConnection, openEngine } from "./engine.ts";
import { derivedCopy, derivedDdl } from "./generate.ts";
import type { Rule } from "./rules.ts";
import type { DerivedRows, Gap, Seed } from "./store.ts";
import { concerns, GAPS_DDL, POLICIES_ON_PLACES, unreadNodes } from "./store-gaps.ts";

/** So many loaded rows may wait in the pool before they are written. */
export const ROWS_UNWRITTEN = 100_000;
/** In an engine with such a pool, */
const POOL = 512 * 1024 * 1024;
/** so many derived rows may wait: what waits leaves less room for what a rule joins; */
const ROWS_A_CHECKPOINT = 2_000_000;
/** so many derived rows are loaded at a time: 1,250,000 of CAN_REACH fit, and 1,500,000 do not; */
const ROWS_A_LOAD = 1_200_000;
/** so many agents are derived at a time, */
const AGENTS_A_SLICE = 5_000;
/** where one that acts for people counts like as many of them, up to so many: it may do what each of them may. */
const MOST_PERSONS = 100;

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
  const files = rowFiles(exchange, Math.floor(ROWS_A_LOAD * (pool / POOL)));
  const perAgent = rules.filter((rule) => rule.per === "agents");
  const shared = rules.filter((rule) => rule.per !== "agents");
  // What shared rules derive, too, holds for the next slice.
  const own = [...new Set(perAgent.map((rule) => rule.derives))].filter(
    (kind) => isScratch(kind) && !shared.some((rule) => rule.derives === kind),
  );
  const finish = async function* (engine: EngineConnection): AsyncGenerator<DerivedRows> {
    await engine.together(drops([...SCRATCH_KINDS, "CONCERNS", "Unread"]));
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
      const found = await agentSlices(engine, pool / threads, derivation.seed);
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
    const lane = async function* (place: string): AsyncGenerator<DerivedRows> {
      for (let more = true; more; ) {
        await copyFile(file, place);
        more = yield* inEngine({ file: place, ...share }, (engine) => slicesIn(engine, share.pool));
        for (const old of [place, `${place}.wal`]) await rm(old, { force: true });
      }
    };
    yield* merged(
      Array.from({ length: workers }, (_, i) => lane(join(exchange, `graph-${i}.db`))),
      () => slices.close(),
    );
    yield* inEngine({ file, pool, threads }, finish);
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
  const engine = open ?? (await openEngine({ path: file, pool, threads, passing }));
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
    if (unwritten > ROWS_A_CHECKPOINT * (pool / POOL)) {
      await engine.run("CHECKPOINT");
      unwritten = 0;
    }
    return { rule: rule.id, rows, ms: performance.now() - start };
  };
}

/**
 * Derives slices for as long as there are some. One that does not fit the pool comes back in halves, and true says that
 * more should be done in another engine: what has failed in this one leaves memory taken.
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

/** What the engine says when a statement needs more than the pool. */
const isPoolFull = (cause: unknown): boolean =>
  cause instanceof StoreError && cause.message.includes("buffer pool is full");

/** Throws StoreError where one agent alone is too much. */
function halves({ from, to, agents }: Slice, cause: unknown): Slice[] {
  const middle = agents.length >> 1;
  const between = agents[middle];
  if (middle === 0 || between === undefined)
    throw new StoreError(
      "pool-full",
      "what one agent reaches does not fit the memory of the graph engine",
      "leave scopes out: `exclude` of the tenant in forereach.yaml",
      { cause },
    );
  return [
    { from, to: between, agents: agents.slice(0, middle) },
    { from: between, to, agents: agents.slice(middle) },
  ];
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

/** Bounds of some agents, and their codes, in order. */
type Slice = Pick<Bounds, "from" | "to"> & { agents: readonly string[] };

/** Slices that several work on: who finds none waits as long as another may bring one back in halves. */
class Slices {
  readonly #waiting: Slice[];
  #working = 0;
  #closed = false;
  #wake: (() => void)[] = [];

  constructor(slices: readonly Slice[]) {
    this.#waiting = [...slices];
  }

  /** Undefined once all are done, or nobody wants more. */
  async take(): Promise<Slice | undefined> {
    while (this.#waiting.length === 0 && this.#working > 0 && !this.#closed)
      await new Promise<void>((wake) => this.#wake.push(wake));
    const slice = this.#closed ? undefined : this.#waiting.shift();
    if (slice !== undefined) this.#working++;
    return slice;
  }

  /** One that was taken is done, but for these parts. */
  done(left: readonly Slice[] = []): void {
    this.#working--;
    this.#waiting.unshift(...left);
    this.#wakeAll();
  }

  close(): void {
    this.#closed = true;
    this.#wakeAll();
  }

  #wakeAll(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}

/** Slices of agents; for a seed, one an agent. */
async function agentSlices(
  engine: EngineConnection,
  /** Pool of each engine, if there is more than one slice. */
  pool: number,
  seed: Seed | undefined,
): Promise<Slice[]> {
  if (seed !== undefined) {
    const rows = await engine.run("MATCH (a:Agent) WHERE a.id IN $ids RETURN a.code AS code", {
      ids: [...seed.agents],
    });
    const codes = rows.map((row) => String(row.code));
    return codes.map((code) => ({ from: code, to: `${code}~`, agents: [code] }));
  }
  const people = await peopleOf(engine);
  const agents = (await engine.run("MATCH (a:Agent) RETURN a.code AS code ORDER BY code")).map((row) => {
    const code = String(row.code);
    return { code, weight: 1 + Math.min(MOST_PERSONS, people.get(code) ?? 0) };
  });
  const all = agents.reduce((sum, { weight }) => sum + weight, 0);
  const slices = Math.max(1, Math.ceil(all / AGENTS_A_SLICE / (pool / POOL)));
  const parts: string[][] = [[]];
  let reached = 0;
  for (const { code, weight } of agents) {
    if (reached >= (all / slices) * parts.length) parts.push([]);
    parts.at(-1)!.push(code);
    reached += weight;
  }
  return slicesOf(parts.map((part) => part[0] ?? "")).map((bounds, i) => ({ ...bounds, agents: parts[i]! }));
}

/** How many people may use agents, by code: those who are named or in a group that is; everyone counts as all. */
async function peopleOf(engine: EngineConnection): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for (const { code, id, members } of await engine.run(
    "MATCH (a:Agent)<-[:MAY_USE]-(p:Principal) OPTIONAL MATCH (p)<-[m:MEMBER_OF]-(:Principal) RETURN a.code AS code, p.id AS id, count(m) AS members",
  )) {
    const more = String(id).startsWith("everyone") ? MOST_PERSONS : 1 + Number(members);
    found.set(String(code), (found.get(String(code)) ?? 0) + more);
  }
  return found;
}

/** Relationships before nodes: a node table stays as long as one refers to it. */
function drops(kinds: readonly string[]): string[] {
  const nodes: readonly string[] = [...DERIVED_NODE_KINDS, "Unread"];
  const later = (kind: string) => Number(nodes.includes(kind));
  return [...kinds].sort((a, b) => later(a) - later(b)).map((kind) => `DROP TABLE ${kind}`);
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
      await engine.together([...drops(kinds), ...derivedDdl(kinds)]);
    },
  };
}

/** A Parquet file of rows of one kind, ends first. */
export interface RowFile {
  file: string;
  rows: number;
}

/** Files for one load each, of at most `most` rows: every further load into a table writes again what the table holds. */
function batches(files: readonly RowFile[], most: number): string[][] {
  const found: string[][] = [];
  let room = 0;
  for (const { file, rows } of files) {
    if (rows > room) {
      found.push([]);
      room = most;
    }
    found.at(-1)!.push(file);
    room -= rows;
  }
  return found;
}

/**
 * Loads files into a kind that has no rows yet, at most `most` rows at a time. Where these do not fit the pool it begins
 * again with half as many, in a new table: what a load that failed leaves in the old one is not to be relied on.
 * Throws StoreError where one file alone does not fit.
 */
export async function loadRows(
  engine: EngineConnection,
  kind: DerivedKind,
  files: readonly RowFile[],
  most: number,
): Promise<void> {
  const names = Object.keys((await engine.run(`LOAD FROM '${files[0]!.file}' RETURN * LIMIT 1`))[0] ?? {});
  const loads = batches(files, most);
  try {
    for (const load of loads) {
      await engine.run(derivedCopy(kind, load, names));
      if (loads.length > 1) await engine.run("CHECKPOINT");
    }
  } catch (cause) {
    if (!isPoolFull(cause) || loads.length === files.length) throw cause;
    await engine.together([...drops([kind]), ...derivedDdl([kind])]);
    await engine.run("CHECKPOINT");
    await loadRows(engine, kind, files, Math.floor(most / 2));
  }
}

interface RowFiles {
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
function rowFiles(exchange: string, rowsALoad: number): RowFiles {
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
        await engine.run(`COPY (${statement}) TO '${file}'`);
      } finally {
        await engine.run("CALL enable_semi_mask=true");
      }
      const rows = Number((await engine.run(`LOAD FROM '${file}' RETURN count(*) AS n`))[0]?.n ?? 0);
      if (rows > 0) written.set(kind, [...(written.get(kind) ?? []), { file, rows, from }]);
      return rows;
    },
    async *load(engine) {
      for (const [kind, found] of written) {
        if (found.length === 0) continue;
        const start = performance.now();
        const files = found.sort((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : 0));
        const rows = files.reduce((sum, file) => sum + file.rows, 0);
        await loadRows(engine, kind, files, rowsALoad);
        if (rows > ROWS_UNWRITTEN) await engine.run("CHECKPOINT");
        const stored = Number((await engine.run(`MATCH ()-[r:${kind}]->() RETURN count(*) AS n`))[0]?.n);
        if (stored !== rows)
          throw new StoreError("rows-lost", `${rows} rows of ${kind} were derived and ${stored} stored`);
        yield { rule: `store ${kind}`, rows, ms: performance.now() - start };
      }
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
  const known = new Set<string>();
  const asked = [...new Set(gaps.map((gap) => gap.scope).filter((scope) => scope !== ""))];
  for (let i = 0; i < asked.length; i += 1_000)
    for (const row of await engine.run("MATCH (s:Scope) WHERE s.id IN $ids RETURN s.id AS id", {
      ids: asked.slice(i, i + 1_000),
    }))
      known.add(String(row.id));
  const nodes = unreadNodes(gaps).map(({ id, step, rank, denies }) => [id, step, rank, denies].join(","));
  const guarded = Number((await engine.run(POLICIES_ON_PLACES))[0]?.n ?? 0) > 0;
  const links = concerns(gaps, roots, guarded)
    .filter(({ scope }) => known.has(scope) || roots.includes(scope))
    .map(({ unread, scope }) => `${unread},"${scope.replaceAll('"', '""')}"`);
  const load = async (table: string, lines: readonly string[]) => {
    const file = `${besides}.${table}.csv`;
    await writeFile(file, `${lines.join("\n")}\n`, { mode: 0o600 });
    if (lines.length > 0) await engine.run(`COPY ${table} FROM '${file}' (header=false)`);
    await rm(file);
  };
  await load("Unread", nodes);
  await load("CONCERNS", links);
  return [
    ["Unread", nodes.length],
    ["CONCERNS", links.length],
  ];
}
