/**
 * The default store: one file of the embedded engine, built anew and swapped in at the end; readers open it
 * read-only. Rules run in the new file before that; what only they need is dropped at the end.
 */
import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { StoreError } from "../model.ts";
import {
  DERIVED_NODE_KINDS,
  DERIVED_REL_KINDS,
  type DerivedKind,
  isDerivedNode,
  PUBLISHED_KINDS,
} from "../schema.ts";
import { type Bounds, EVERYTHING, type RuleTarget, runRule, slicesOf } from "./derive.ts";
import { type EngineConnection, openEngine } from "./engine.ts";
import { derivedCopy, derivedDdl, embeddedCopy, embeddedDdl } from "./generate.ts";
import type { Rule } from "./rules.ts";
import type { DerivedRows, Gap, GraphSource, GraphStore, Seed } from "./store.ts";
import { concerns, POLICIES_ON_PLACES, unreadNodes } from "./store-gaps.ts";

export interface EmbeddedOptions {
  /** Folder of the graph files. */
  folder: string;
  /** Cap of each buffer pool in bytes. */
  pool?: number;
  threads?: number;
}

const POOL = 512 * 1024 * 1024;
const POINTER = "current";
/** So many derived rows may wait in the pool before they are written. */
const ROWS_A_CHECKPOINT = 2_000_000;
/** So many derived rows are loaded at a time. */
const ROWS_A_LOAD = 1_000_000;
/** So many agents are derived at a time. */
const AGENTS_A_SLICE = 2_500;

/** Opens the store in a folder. Nothing is read before the first call. Throws StoreError. */
export function openEmbeddedStore({ folder, pool = POOL, threads = 2 }: EmbeddedOptions): GraphStore {
  let reader: EngineConnection | undefined;
  let building: { file: string; source: GraphSource } | undefined;

  const current = async (): Promise<string> => {
    try {
      return join(folder, (await readFile(join(folder, POINTER), "utf8")).trim());
    } catch (cause) {
      throw new StoreError("no-graph", `there is no graph in ${folder} yet`, "forereach scan", { cause });
    }
  };
  const closeReader = async () => {
    await reader?.close();
    reader = undefined;
  };

  return {
    async rebuild(source) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await sweep(folder);
      const file = join(folder, `graph-${randomUUID()}.db`);
      await using(openEngine({ path: file, pool, threads }), async (engine) => {
        // A checkpoint after each of many small statements costs more than the statement.
        await engine.run("CALL auto_checkpoint=false");
        for (const ddl of [...embeddedDdl(), ...derivedDdl([...DERIVED_NODE_KINDS, ...DERIVED_REL_KINDS])])
          await engine.run(ddl);
        await engine.run("CALL auto_checkpoint=true");
        for (const table of source.tables) await engine.run(embeddedCopy(table));
      });
      building = { file, source };
    },

    async *derive(rules, seed) {
      if (building === undefined)
        throw new StoreError("not-rebuilt", "a graph is derived only right after it was rebuilt");
      const { file, source } = building;
      const exchange = join(folder, `exchange-${randomUUID()}`);
      const engine = await openEngine({ path: file, pool, threads });
      try {
        await engine.run("CALL auto_checkpoint=false");
        await loadGaps(engine, source.gaps, file);
        await mkdir(exchange, { mode: 0o700 });
        yield* runRules(engine, rules, exchange, source.time, seed);
        await engine.run("CHECKPOINT");
      } finally {
        await engine.close();
        await rm(exchange, { recursive: true, force: true });
      }
      await closeReader();
      // Readers see the old graph or the new one, never half of either.
      await writeFile(join(folder, `${POINTER}.new`), file.slice(folder.length + 1), { mode: 0o600 });
      await rename(join(folder, `${POINTER}.new`), join(folder, POINTER));
      building = undefined;
      await sweep(folder);
    },

    async update() {
      throw new StoreError("rebuild-only", "the embedded graph is rebuilt, not updated", "forereach scan");
    },

    async query(cypher, params) {
      reader ??= await openEngine({ path: await current(), pool, readOnly: true, threads });
      return reader.run(cypher, params);
    },

    close: closeReader,
  };
}

/**
 * What is the same for all agents comes first; then the agents, slice by slice, each from clean tables. What is kept of
 * a slice goes to files, which are loaded at the end: loads into a table that holds rows already cost more each time.
 */
async function* runRules(
  engine: EngineConnection,
  rules: readonly Rule[],
  exchange: string,
  time: string,
  seed: Seed | undefined,
): AsyncGenerator<DerivedRows> {
  const tables = tablesOf(engine);
  const files = filesIn(engine, exchange);
  const target: RuleTarget = {
    ...tables,
    write: (kind, statement) => (isScratch(kind) ? tables : files).write(kind, statement),
  };
  const agents = await agentSlices(engine, seed);
  const perAgent = rules.filter((rule) => rule.per === "agents");
  let unwritten = 0;
  const run = async (rule: Rule, bounds: Bounds, into: RuleTarget): Promise<DerivedRows> => {
    const start = performance.now();
    const rows = await runRule(rule, into, bounds);
    unwritten += rows;
    if (unwritten > ROWS_A_CHECKPOINT) {
      await engine.run("CHECKPOINT");
      unwritten = 0;
    }
    return { rule: rule.id, rows, ms: performance.now() - start };
  };
  const shared = rules.filter((rule) => rule.per !== "agents");
  for (const rule of shared) yield run(rule, { ...EVERYTHING, time }, tables);
  // What shared rules derive, too, holds for the next slice.
  const kept = new Set(shared.map((rule) => rule.derives));
  const own = [...new Set(perAgent.map((rule) => rule.derives))].filter(
    (kind) => isScratch(kind) && !kept.has(kind),
  );
  for (const [index, bounds] of agents.entries()) {
    if (index > 0) await tables.renew(own);
    for (const rule of perAgent) yield run(rule, { ...bounds, time }, target);
  }
  await dropAll(engine, [...SCRATCH_KINDS, "CONCERNS", "Unread"]);
  await engine.run("CHECKPOINT");
  yield* files.load();
}

/** Bounds of slices of agents; for a seed, one an agent. */
async function agentSlices(
  engine: EngineConnection,
  seed: Seed | undefined,
): Promise<{ from: string; to: string }[]> {
  const rows =
    seed === undefined
      ? await engine.run("MATCH (a:Agent) RETURN a.code AS code ORDER BY code")
      : await engine.run("MATCH (a:Agent) WHERE a.id IN $ids RETURN a.code AS code", {
          ids: [...seed.agents],
        });
  const codes = rows.map((row) => String(row.code));
  if (seed !== undefined) return codes.map((code) => ({ from: code, to: `${code}~` }));
  const parts = Math.max(1, Math.ceil(codes.length / AGENTS_A_SLICE));
  return slicesOf(
    Array.from({ length: parts }, (_, i) => codes[Math.floor((codes.length * i) / parts)] ?? ""),
  );
}

/** Relationships before nodes: a node table stays as long as one refers to it. */
async function dropAll(engine: EngineConnection, kinds: readonly string[]): Promise<void> {
  const nodes: readonly string[] = [...DERIVED_NODE_KINDS, "Unread"];
  const later = (kind: string) => Number(nodes.includes(kind));
  for (const kind of [...kinds].sort((a, b) => later(a) - later(b))) await engine.run(`DROP TABLE ${kind}`);
}

const SCRATCH_KINDS: readonly DerivedKind[] = [
  ...DERIVED_REL_KINDS.filter((kind) => !PUBLISHED_KINDS.includes(kind)),
  ...DERIVED_NODE_KINDS,
];
const isScratch = (kind: DerivedKind): boolean => SCRATCH_KINDS.includes(kind);

async function using<T>(
  opening: Promise<EngineConnection>,
  work: (engine: EngineConnection) => Promise<T>,
): Promise<T> {
  const engine = await opening;
  try {
    return await work(engine);
  } finally {
    await engine.close();
  }
}

/** Derived tables of the graph itself. Counts are remembered: most rules have nothing to do, and asking costs more. */
function tablesOf(
  engine: EngineConnection,
): RuleTarget & { renew(kinds: readonly DerivedKind[]): Promise<void> } {
  const counts = new Map<string, number>();
  const number = async (cypher: string) => Number((await engine.run(cypher))[0]?.n ?? 0);
  const count = async (kind: string): Promise<number> => {
    const known = counts.get(kind);
    if (known !== undefined) return known;
    const rows = await number(
      isDerivedNode(kind)
        ? `MATCH (n:${kind}) RETURN count(*) AS n`
        : `MATCH ()-[r:${kind}]->() RETURN count(*) AS n`,
    );
    counts.set(kind, rows);
    return rows;
  };
  return {
    count,
    async write(kind, statement) {
      const before = await count(kind);
      const said = String((await engine.run(`COPY ${kind} FROM (${statement})`))[0]?.result ?? "");
      const copied = /^(\d+) tuples? /.exec(said)?.[1];
      if (copied !== undefined) counts.set(kind, before + Number(copied));
      else counts.delete(kind);
      return (await count(kind)) - before;
    },
    deepest: (kind) => number(`MATCH ()-[r:${kind}]->() RETURN max(r.level) AS n`),
    async renew(kinds) {
      for (const kind of kinds) counts.set(kind, 0);
      await dropAll(engine, kinds);
      for (const ddl of derivedDdl(kinds)) await engine.run(ddl);
    },
  };
}

interface RowFile {
  file: string;
  rows: number;
}

/** Files for one load each: so many rows fit the pool, and every further load into a table costs more. */
function batches(files: readonly RowFile[]): string[][] {
  const found: string[][] = [];
  let room = 0;
  for (const { file, rows } of files) {
    if (rows > room) {
      found.push([]);
      room = ROWS_A_LOAD;
    }
    found.at(-1)!.push(file);
    room -= rows;
  }
  return found;
}

/** Rows that rules leave behind, as files until `load` puts them into their tables. */
function filesIn(
  engine: EngineConnection,
  exchange: string,
): Pick<RuleTarget, "write"> & { load(): AsyncGenerator<DerivedRows> } {
  const written = new Map<DerivedKind, { files: RowFile[]; rows: number }>();
  const columnsOf = async (file: string) =>
    Object.keys((await engine.run(`LOAD FROM '${file}' RETURN * LIMIT 1`))[0] ?? {});
  const rowsIn = async (file: string) =>
    Number((await engine.run(`LOAD FROM '${file}' RETURN count(*) AS n`))[0]?.n ?? 0);
  return {
    async write(kind, statement) {
      const { files, rows } = written.get(kind) ?? { files: [], rows: 0 };
      const file = join(exchange, `${kind}-${files.length}.parquet`);
      await engine.run(`COPY (${statement}) TO '${file}'`);
      const added = await rowsIn(file);
      written.set(kind, {
        files: added === 0 ? files : [...files, { file, rows: added }],
        rows: rows + added,
      });
      return added;
    },
    async *load() {
      for (const [kind, { files, rows }] of written) {
        if (rows === 0) continue;
        const start = performance.now();
        const names = await columnsOf(files[0]!.file);
        for (const some of batches(files)) {
          await engine.run(derivedCopy(kind, some, names));
          await engine.run("CHECKPOINT");
        }
        const stored = Number((await engine.run(`MATCH ()-[r:${kind}]->() RETURN count(*) AS n`))[0]?.n);
        if (stored !== rows)
          throw new StoreError("rows-lost", `${rows} rows of ${kind} were derived and ${stored} stored`);
        yield { rule: `store ${kind}`, rows, ms: performance.now() - start };
      }
    },
  };
}

/** Gaps as nodes, loaded from files. */
async function loadGaps(engine: EngineConnection, gaps: readonly Gap[], besides: string): Promise<void> {
  await engine.run("CREATE NODE TABLE Unread(id STRING PRIMARY KEY, step STRING, rank INT64, denies INT64)");
  await engine.run("CREATE REL TABLE CONCERNS(FROM Unread TO Scope)");
  if (gaps.length === 0) return;
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
}

/** Graphs that no pointer names are left over from a stop or an older scan. */
async function sweep(folder: string): Promise<void> {
  const current = await readFile(join(folder, POINTER), "utf8").catch(() => "");
  for (const name of await readdir(folder))
    if (/^(graph-|exchange-)/.test(name) && !name.startsWith(current.trim() || " "))
      await rm(join(folder, name), { recursive: true, force: true });
}
