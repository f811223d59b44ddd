/**
 * The default store: one file of the embedded engine, built anew and swapped in at the end; readers open it
 * read-only. Rules run in a scratch graph in memory, which spares the file what only the rules need.
 */
import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { GraphTable } from "../keep/inventory.ts";
import { StoreError } from "../model.ts";
import { DERIVED, DERIVED_KINDS, type DerivedKind } from "../schema.ts";
import {
  type Bounds,
  derivedColumns,
  EVERYTHING,
  kindsIn,
  propertiesIn,
  type RuleTarget,
  runRule,
  slicesOf,
} from "./derive.ts";
import { type EngineConnection, openEngine } from "./engine.ts";
import { derivedDdl, embeddedCopy, embeddedDdl, embeddedProjection, exportColumns } from "./generate.ts";
import type { Rule } from "./rules.ts";
import type { DerivedRows, Gap, GraphSource, GraphStore, Seed } from "./store.ts";

export interface EmbeddedOptions {
  /** Folder of the graph files. */
  folder: string;
  /** Cap of each buffer pool in bytes. */
  pool?: number;
  threads?: number;
}

const POOL = 512 * 1024 * 1024;
const POINTER = "current";
/** So many items are counted at a time; their classes fit the pool. */
const ITEMS_A_SLICE = 500_000;
/** So many agents are derived at a time. */
const AGENTS_A_SLICE = 750;

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
        for (const ddl of [...embeddedDdl(), ...derivedDdl(DERIVED_KINDS.filter((kind) => !isScratch(kind)))])
          await engine.run(ddl);
        for (const table of source.tables) await engine.run(embeddedCopy(table));
      });
      building = { file, source };
    },

    async *derive(rules, seed) {
      if (building === undefined)
        throw new StoreError("not-rebuilt", "a graph is derived only right after it was rebuilt");
      const { file, source } = building;
      const exchange = join(folder, `exchange-${randomUUID()}`);
      await mkdir(exchange, { mode: 0o700 });
      try {
        yield* deriveItems(
          rules.filter((rule) => rule.per === "items"),
          file,
          exchange,
          source,
        );
        yield* deriveRest(
          rules.filter((rule) => rule.per !== "items"),
          file,
          exchange,
          source,
          seed,
        );
      } finally {
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

  /** Rules that read items run where the items are; what they derive goes on to the scratch graph. */
  async function* deriveItems(rules: readonly Rule[], file: string, exchange: string, source: GraphSource) {
    if (rules.length === 0) return;
    const engine = await openEngine({ path: file, pool, threads });
    try {
      const scopes = await firstOf(engine, "Scope", ITEMS_A_SLICE, "MATCH (i:Item) RETURN count(*) AS n");
      for (const bounds of slicesOf(scopes))
        yield* runAll(rules, targetOf(engine), { ...bounds, time: source.time });
      for (const kind of new Set(rules.map((rule) => rule.derives))) await handOver(engine, kind, exchange);
    } finally {
      await engine.close();
    }
  }

  /** Whatever is the same for all agents comes first; then the agents, slice by slice, each from a clean table. */
  async function* deriveRest(
    rules: readonly Rule[],
    file: string,
    exchange: string,
    source: GraphSource,
    seed: Seed | undefined,
  ) {
    const scratch = await openEngine({ path: ":memory:", pool, threads });
    const shared = rules.filter((rule) => rule.per === undefined);
    const perAgent = rules.filter((rule) => rule.per === "agents");
    const kept = (of: readonly Rule[]) =>
      [...new Set(of.map((rule) => rule.derives))].filter((kind) => !isScratch(kind));
    const files: [DerivedKind, string][] = [];
    try {
      await fillScratch(scratch, rules, exchange, source);
      const target = targetOf(scratch);
      yield* runAll(shared, target, { ...EVERYTHING, time: source.time });
      for (const kind of kept(shared)) files.push([kind, await handOver(scratch, kind, exchange)]);
      for (const [part, bounds] of (await agentSlices(scratch, seed)).entries()) {
        yield* runAll(perAgent, target, { ...bounds, time: source.time });
        for (const kind of kept(perAgent)) files.push([kind, await handOver(scratch, kind, exchange, part)]);
        await renew(scratch, [...new Set(perAgent.map((rule) => rule.derives))]);
      }
    } finally {
      await scratch.close();
    }
    await using(openEngine({ path: file, pool, threads }), async (engine) => {
      for (const [kind, part] of files) await engine.run(`COPY ${kind} FROM '${part}'`);
    });
  }
}

/** Codes that start slices in which about `most` of what `counting` counts lie. */
async function firstOf(
  engine: EngineConnection,
  kind: "Agent" | "Scope",
  most: number,
  counting: string,
): Promise<string[]> {
  const parts = Math.ceil(Number((await engine.run(counting))[0]?.n ?? 0) / most);
  if (parts <= 1) return [""];
  const codes = (await engine.run(`MATCH (n:${kind}) RETURN n.code AS code ORDER BY code`)).map((row) =>
    String(row.code),
  );
  return Array.from(
    { length: Math.min(parts, codes.length) },
    (_, i) => codes[Math.floor((codes.length * i) / parts)]!,
  );
}

async function agentSlices(
  engine: EngineConnection,
  seed: Seed | undefined,
): Promise<{ from: string; to: string }[]> {
  if (seed === undefined)
    return slicesOf(await firstOf(engine, "Agent", AGENTS_A_SLICE, "MATCH (a:Agent) RETURN count(*) AS n"));
  const rows = await engine.run("MATCH (a:Agent) WHERE a.id IN $ids RETURN a.code AS code", {
    ids: [...seed.agents],
  });
  return rows.map((row) => ({ from: String(row.code), to: `${String(row.code)}~` }));
}

async function renew(engine: EngineConnection, kinds: readonly DerivedKind[]): Promise<void> {
  for (const kind of kinds) await engine.run(`DROP TABLE ${kind}`);
  for (const ddl of derivedDdl(kinds)) await engine.run(ddl);
}

const isScratch = (kind: DerivedKind): boolean => "scratch" in DERIVED[kind];
const fileOf = (folder: string, kind: string): string => join(folder, `${kind}.parquet`);

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

async function* runAll(
  rules: readonly Rule[],
  target: RuleTarget,
  bounds: Bounds,
): AsyncGenerator<DerivedRows> {
  for (const rule of rules) {
    const start = performance.now();
    const rows = await runRule(rule, target, bounds);
    yield { rule: rule.id, rows, ms: performance.now() - start };
  }
}

function targetOf(engine: EngineConnection): RuleTarget {
  const number = async (cypher: string) => Number((await engine.run(cypher))[0]?.n ?? 0);
  const count = (kind: string) => number(`MATCH ()-[r:${kind}]->() RETURN count(*) AS n`);
  return {
    count,
    async write(kind, statement) {
      const before = await count(kind);
      await engine.run(`COPY ${kind} FROM (${statement})`);
      return (await count(kind)) - before;
    },
    deepest: (kind) => number(`MATCH ()-[r:${kind}]->() RETURN max(r.level) AS n`),
  };
}

/** Writes a derived kind to a file, from which another graph loads it. */
async function handOver(
  engine: EngineConnection,
  kind: DerivedKind,
  exchange: string,
  part = 0,
): Promise<string> {
  const { from, to } = DERIVED[kind];
  const columns = derivedColumns(kind).map(({ name }) => `r.\`${name}\``);
  const file = fileOf(exchange, part === 0 ? kind : `${kind}-${part}`);
  await engine.run(
    `COPY (MATCH (f:${from})-[r:${kind}]->(t:${to}) RETURN ${["f.id", "t.id", ...columns].join(", ")}) TO '${file}'`,
  );
  return file;
}

/** Only the kinds and properties that the rules name; items stay in the file. */
async function fillScratch(
  scratch: EngineConnection,
  rules: readonly Rule[],
  exchange: string,
  source: GraphSource,
) {
  const text = rules
    .flatMap((rule) => [...rule.first, ...(rule.again === undefined ? [] : [rule.again])].map((s) => s.text))
    .join("\n");
  const kinds = new Set([
    ...kindsIn(text),
    ...rules.flatMap((rule) => (rule.when === undefined ? [] : [rule.when])),
  ]);
  const names = propertiesIn(text);
  for (const ddl of embeddedDdl(
    (kind) => kinds.has(kind),
    (name) => names.has(name),
  ))
    await scratch.run(ddl);
  for (const ddl of derivedDdl(DERIVED_KINDS)) await scratch.run(ddl);
  for (const table of source.tables)
    if (kinds.has(table.kind)) await scratch.run(projected(table, (name) => names.has(name)));
  const handed = new Set((await readdir(exchange)).filter((name) => name.endsWith(".parquet")));
  for (const kind of DERIVED_KINDS)
    if (handed.has(`${kind}.parquet`)) await scratch.run(`COPY ${kind} FROM '${fileOf(exchange, kind)}'`);
  await fillGaps(scratch, source.gaps, exchange);
}

const projected = (table: GraphTable, wanted: (name: string) => boolean): string =>
  embeddedProjection(
    table,
    exportColumns(table.kind).filter((name) => ["id", "from", "to"].includes(name) || wanted(name)),
  );

/** States in the order in which a row carries the worst. */
const RANK = { failed: 5, denied: 4, partial: 3, skipped: 2, "not-modelled": 1, complete: 0 } as const;

/**
 * Gaps as nodes, so that rules can follow them. A gap without a scope concerns every root if it may hide something
 * that takes access away; one that only hides grants changes no row that is there.
 */
async function fillGaps(scratch: EngineConnection, gaps: readonly Gap[], exchange: string) {
  await scratch.run("CREATE NODE TABLE Unread(id STRING PRIMARY KEY, step STRING, rank INT64, denies INT64)");
  await scratch.run("CREATE REL TABLE CONCERNS(FROM Unread TO Scope)");
  if (gaps.length === 0) return;
  const roots = (
    await scratch.run(
      "MATCH (s:Scope) OPTIONAL MATCH (s)-[w:WITHIN]->(:Scope) WITH s, count(w) AS n WHERE n = 0 RETURN s.id AS id",
    )
  ).map((row) => String(row.id));
  const known = new Set<string>();
  const asked = [...new Set(gaps.map((gap) => gap.scope).filter((scope) => scope !== ""))];
  for (let i = 0; i < asked.length; i += 1_000)
    for (const row of await scratch.run("MATCH (s:Scope) WHERE s.id IN $ids RETURN s.id AS id", {
      ids: asked.slice(i, i + 1_000),
    }))
      known.add(String(row.id));
  const nodes: string[] = [];
  const links: string[] = [];
  for (const [index, gap] of gaps.entries()) {
    const denies = gap.hides === "grants" ? 0 : 1;
    nodes.push(`${index},${gap.step},${RANK[gap.state]},${denies}`);
    const scopes =
      gap.scope !== ""
        ? known.has(gap.scope)
          ? [gap.scope]
          : []
        : denies === 0
          ? []
          : gap.step.startsWith("azure.")
            ? roots.filter((id) => id.startsWith("/"))
            : roots;
    for (const scope of scopes) links.push(`${index},"${scope.replaceAll('"', '""')}"`);
  }
  const load = async (table: string, lines: readonly string[]) => {
    const file = join(exchange, `${table}.csv`);
    await writeFile(file, `${lines.join("\n")}\n`, { mode: 0o600 });
    if (lines.length > 0) await scratch.run(`COPY ${table} FROM '${file}' (header=false)`);
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
