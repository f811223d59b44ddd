/**
 * How long it takes to know what every agent of a large estate can reach, beside the same answer by SQL, by arrays and
 * by plain patterns, on one and the same estate. Each measurement has a process of its own, and so its own memory.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { DuckDBInstance } from "@duckdb/node-api";
import { GRAPH_NAME } from "../src/graph/store-embedded.ts";
import type { GraphTable } from "../src/keep/inventory.ts";
import { ESTATES, type EstateKind, makeEstate } from "./estate.ts";
import { line, megabytes } from "./meter.ts";
import { type FloorResult, reachByArrays } from "./reach-floor.ts";
import {
  type AnswerTimes,
  answerTimes,
  exportRows,
  type PatternResult,
  type RulesResult,
  reachByPattern,
  reachByRules,
  type Times,
} from "./reach-graph.ts";
import { reachBySql, type SqlResult } from "./reach-sql.ts";

/** A plain pattern that takes longer is stopped. */
const PATTERN_SECONDS = 120;
/** Agents with most reach, and others by chance. */
const AGENTS_ASKED = 200;
/** Answers are asked for so long at most, each question of each sample. */
const ANSWER_SECONDS = 120;

interface Difference {
  engine: number;
  sql: number;
  /** Rows of one side that the other has not, by rights, and by rights and witness. */
  rights: number;
  witness: number;
}

const estateKind = (name: string | undefined): EstateKind | undefined => ESTATES.find((one) => one === name);

/** What a child does, in the folder of one estate; its answer goes to the parent as JSON. */
const TASKS = {
  async estate(folder: string, size: string): Promise<number> {
    const [factor, kind] = size.split(" ");
    const tables = await makeEstate(Number(factor), join(folder, "facts"), estateKind(kind));
    writeFileSync(join(folder, "tables.json"), JSON.stringify(tables));
    return tables.reduce((sum, { rows }) => sum + rows, 0);
  },
  rules(folder: string): Promise<RulesResult> {
    const tables = JSON.parse(readFileSync(join(folder, "tables.json"), "utf8")) as GraphTable[];
    return reachByRules(tables, join(folder, "data"));
  },
  sql: (folder: string): Promise<SqlResult> => {
    const work = join(folder, "sql");
    rmSync(work, { recursive: true, force: true });
    mkdirSync(work);
    return reachBySql(join(folder, "facts"), work, join(folder, "sql.parquet"));
  },
  floor: (folder: string): Promise<FloorResult> => reachByArrays(join(folder, "facts")),
  async same(folder: string): Promise<Difference> {
    const mine = join(folder, "engine.parquet");
    await exportRows(join(folder, "data"), mine);
    return differenceOf(mine, join(folder, "sql.parquet"));
  },
  pattern(folder: string, way: string): Promise<PatternResult> {
    return reachByPattern(
      join(folder, "data", "graph", GRAPH_NAME),
      way === "WITHIN" ? "WITHIN" : "INHERITS",
    );
  },
  answers: (folder: string): Promise<AnswerTimes> =>
    answerTimes(join(folder, "data"), AGENTS_ASKED, ANSWER_SECONDS),
};
type Task = keyof typeof TASKS;
type Answer<T extends Task> = Awaited<ReturnType<(typeof TASKS)[T]>>;

/** Row by row in both directions: equal counts of rows could hide two mistakes. */
async function differenceOf(engine: string, sql: string): Promise<Difference> {
  const db = await DuckDBInstance.create(":memory:");
  const c = await db.connect();
  const number = async (query: string) => Number((await (await c.run(query)).getRows())[0]![0]);
  const rows = (file: string, names: string) => `SELECT ${names} FROM '${file}'`;
  const apart = (names: readonly [string, string]) => {
    const [a, b] = [rows(engine, names[0]), rows(sql, names[1])];
    return number(`SELECT count(*) FROM ((${a} EXCEPT ALL ${b}) UNION ALL (${b} EXCEPT ALL ${a}))`);
  };
  const rights = [
    "agent, scope, tier, discover, read, write, manage",
    "agent, scope, tier, d, r, w, m",
  ] as const;
  const result = {
    engine: await number(`SELECT count(*) FROM (SELECT DISTINCT agent, scope FROM '${engine}')`),
    sql: await number(`SELECT count(*) FROM (SELECT DISTINCT agent, scope FROM '${sql}')`),
    rights: await apart(rights),
    witness: await apart([`${rights[0]}, steps, g`, `${rights[1]}, steps, g`]),
  };
  c.closeSync();
  db.closeSync();
  return result;
}

/** Runs a task in a process of its own; undefined if it did not end in time. */
function child<T extends Task>(task: T, folder: string, more = "", seconds?: number): Answer<T> | undefined {
  process.stderr.write(`${task} ${more}\n`);
  const { status, signal, stdout } = spawnSync(
    process.execPath,
    [fileURLToPath(import.meta.url), "--child", task, "--folder", folder, "--more", more],
    {
      stdio: ["ignore", "pipe", "inherit"],
      maxBuffer: 64 * 1024 * 1024,
      ...(seconds === undefined ? {} : { timeout: seconds * 1000, killSignal: "SIGKILL" }),
    },
  );
  if (seconds !== undefined && signal === "SIGKILL") return undefined;
  if (status !== 0) throw new Error(`${task} failed`);
  return JSON.parse(stdout.toString()) as Answer<T>;
}

const repeated = <T extends Task>(task: T, folder: string, runs: number): Answer<T>[] =>
  Array.from({ length: runs }, () => child(task, folder)!);

const sorted = (list: readonly number[]): number[] => [...list].sort((a, b) => a - b);
const median = (list: readonly number[]): number => sorted(list)[Math.floor(list.length / 2)]!;
const seconds = (list: readonly number[]): string => {
  const [least, most] = [sorted(list)[0]!, sorted(list).at(-1)!];
  const range = list.length === 1 ? "" : `, ${least.toFixed(1)} to ${most.toFixed(1)} in ${list.length} runs`;
  return `${median(list).toFixed(1)} s${range}`;
};
const heading = (text: string): void => {
  process.stdout.write(`\n${text}\n`);
};

/** Medians of the rules, in seconds. */
interface Cost {
  wall: number;
  cpu: number;
}
const costOf = (results: readonly RulesResult[]): Cost & { rows: number } => ({
  rows: results[0]!.reach,
  wall: median(results.map(({ rules }) => rules.seconds)),
  cpu: median(results.map(({ rules }) => rules.cpu)),
});
/** CPU as well: on a busy machine the wall says more about the others. */
const ratio = (a: Cost, b: Cost): string =>
  `${(a.wall / b.wall).toFixed(2)}; by CPU ${(a.cpu / b.cpu).toFixed(2)}`;

/** The targets of rules over grants alone, and of the whole rule. */
const TARGETS = { grants: ["12 s", "1229 MB"], whole: ["25 s", "1536 MB"] } as const;

function showRules(
  results: readonly RulesResult[],
  [time, memory]: (typeof TARGETS)[keyof typeof TARGETS] = TARGETS.grants,
): ReturnType<typeof costOf> {
  const [first] = results;
  heading("Rules, embedded engine, 512 MB pool");
  line("rebuild with items, wall", seconds(results.map(({ rebuild }) => rebuild.seconds)), "10 s");
  line("rebuild with items, CPU", seconds(results.map(({ rebuild }) => rebuild.cpu)));
  line("rules, wall", seconds(results.map(({ rules }) => rules.seconds)), time);
  line("rules, CPU", seconds(results.map(({ rules }) => rules.cpu)));
  line("rows of CAN_REACH", first!.reach);
  line("rows derived in all", first!.derived);
  line("peak memory", megabytes(Math.max(...results.map(({ peak }) => peak))), memory);
  const dearest = Object.entries(first!.each).sort(([, a], [, b]) => b.ms - a.ms);
  for (const [rule, { ms, rows }] of dearest.slice(0, 10))
    line(`  ${rule}`, `${(ms / 1000).toFixed(2)} s, ${rows.toLocaleString("en-US")} rows`);
  return costOf(results);
}

function showSql(results: readonly SqlResult[], folder: string, rules: Cost): void {
  const [first] = results;
  const { engine, sql, rights: differ, witness } = child("same", folder)!;
  heading("SQL, DuckDB, two threads");
  const [wall, cpu] = [results.map((result) => result.seconds), results.map((result) => result.cpu)];
  line("SQL, wall", seconds(wall));
  line("SQL, CPU", seconds(cpu));
  line("rules / SQL", ratio(rules, { wall: median(wall), cpu: median(cpu) }), "at most 5");
  line(
    "pairs of agent and scope",
    `${engine.toLocaleString("en-US")} engine, ${sql.toLocaleString("en-US")} SQL`,
  );
  const rights = [first!.reads, first!.writes, first!.manages].map((n) => n.toLocaleString("en-US"));
  line("rows that read, write, manage", rights.join("; "));
  line("same rows", differ === 0 ? "yes" : `no: ${differ} differ`, "yes");
  line("same witnesses", witness === 0 ? "yes" : `no: ${witness} differ`, "yes");
}

function showFloor({ indexSeconds, seconds: took, pairs }: FloorResult): void {
  heading("Floor: arrays of numbers, one thread, not stored");
  line("index", `${indexSeconds.toFixed(2)} s`);
  line("traversal", `${took.toFixed(2)} s`);
  line("pairs of agent and scope", pairs);
}

function showPatterns(folder: string): void {
  heading("Plain patterns of variable length, embedded engine, 512 MB pool, not stored");
  for (const way of ["WITHIN", "INHERITS"]) {
    const result = child("pattern", folder, way, PATTERN_SECONDS);
    line(
      `MEMBER_OF*, ${way}*`,
      result === undefined
        ? `did not end in ${PATTERN_SECONDS} s`
        : "full" in result
          ? "did not fit 512 MB"
          : `${result.seconds.toFixed(1)} s, ${result.pairs.toLocaleString("en-US")} pairs`,
    );
  }
}

function showAnswers({ first, asked, peak }: AnswerTimes): void {
  heading("Answers of one process, once the graph is open; ms");
  const at = (list: readonly number[], share: number) =>
    sorted(list)[Math.min(list.length - 1, Math.floor(list.length * share))]?.toFixed(0) ?? "none";
  const row = (cells: readonly string[]) =>
    `  ${cells.map((cell, index) => (index < 2 ? cell.padEnd([22, 12][index]!) : cell.padStart(8))).join("")}\n`;
  const times = ({ wall, cpu }: Times) => [
    ...[String(wall.length), at(wall, 0.5), at(wall, 0.95), at(wall, 1)],
    ...[at(cpu, 0.5), at(cpu, 0.95)],
  ];
  process.stdout.write(
    row(["question", "agents", "asked", "p50", "p95", "max", "CPU p50", "CPU p95", "target"]),
  );
  for (const { question, agents, times: measured } of asked)
    process.stdout.write(row([question, agents, ...times(measured), "p95 50"]));
  process.stdout.write(row(["reach, first answers", "random", ...times(first), "none"]));
  line("peak memory", megabytes(peak));
}

function main(size: number, runs: number): void {
  const work = mkdtempSync(join(tmpdir(), "forereach-reach-"));
  try {
    const [whole, quarter] = ["whole", "quarter"].map((name) => join(work, name)) as [string, string];
    for (const folder of [whole, quarter]) mkdirSync(folder);
    const records = child("estate", whole, String(size))!;
    process.stdout.write(`Reach of an estate of size ${size}: ${records.toLocaleString("en-US")} records\n`);
    const rules = showRules(repeated("rules", whole, runs));
    showSql(repeated("sql", whole, runs), whole, rules);
    showFloor(child("floor", whole)!);
    showPatterns(whole);
    showAnswers(child("answers", whole)!);
    heading("Growth");
    child("estate", quarter, String(size / 4));
    const small = repeated("rules", quarter, runs);
    line(`rules at size ${size / 4}, wall`, seconds(small.map((result) => result.rules.seconds)));
    line("size x 4, rules x", ratio(rules, costOf(small)), "at most 4.5");
    // A larger estate has deeper groups, so an agent of it reaches more.
    line("size x 4, rows x", (rules.rows / costOf(small).rows).toFixed(2));
    line("load, processors", `${loadavg()[0]!.toFixed(1)}, ${availableParallelism()}`);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** The same estate as it is, and with what decides besides grants: SQL and patterns know nothing of that. */
function compareEstates(size: number, runs: number, other: EstateKind): void {
  const work = mkdtempSync(join(tmpdir(), "forereach-reach-"));
  try {
    const [plain, more] = (["plain", other] as const).map((kind) => {
      const folder = join(work, kind);
      mkdirSync(folder);
      const records = child("estate", folder, `${size} ${kind}`)!;
      process.stdout.write(`\nEstate of size ${size}, ${kind}: ${records.toLocaleString("en-US")} records\n`);
      return showRules(repeated("rules", folder, runs), kind === "plain" ? TARGETS.grants : TARGETS.whole);
    });
    heading(`${other} beside plain`);
    line("rules", ratio(more!, plain!));
    line("rows", `${more!.rows.toLocaleString("en-US")} and ${plain!.rows.toLocaleString("en-US")}`);
    line("load, processors", `${loadavg()[0]!.toFixed(1)}, ${availableParallelism()}`);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

const { values } = parseArgs({
  options: {
    estate: { type: "string", default: "plain" },
    size: { type: "string", default: "1" },
    runs: { type: "string", default: "1" },
    child: { type: "string" },
    folder: { type: "string", default: "" },
    more: { type: "string", default: "" },
  },
});
if (values.child === undefined) {
  const kind = estateKind(values.estate);
  if (kind === undefined) throw new Error(`--estate takes ${ESTATES.join(", ")}`);
  const [size, runs] = [Number(values.size), Number(values.runs)];
  if (kind === "plain") main(size, runs);
  else compareEstates(size, runs, kind);
} else {
  const answer = await TASKS[values.child as Task](values.folder, values.more);
  process.stdout.write(JSON.stringify(answer));
}
