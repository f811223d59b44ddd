/** What the bench asks of the product: the rebuild and the rules, its rows, a plain pattern, answers. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { openAnswers } from "../src/app.ts";
import { openEngine } from "../src/graph/engine.ts";
import { loadRules } from "../src/graph/rules.ts";
import { GRAPH_NAME, openEmbeddedStore } from "../src/graph/store-embedded.ts";
import type { GraphTable } from "../src/keep/inventory.ts";
import { writeMeta } from "../src/keep/meta.ts";
import { StoreError } from "../src/model.ts";
import { Meter } from "./meter.ts";
import { randomOf } from "./random.ts";

const TIME = "2026-01-01T00:00:00Z";
const POOL = 512 * 1024 * 1024;

export interface RulesResult {
  rebuild: { seconds: number; cpu: number };
  rules: { seconds: number; cpu: number };
  /** All that was derived, and the rows of CAN_REACH in it. */
  derived: number;
  reach: number;
  /** Bytes. */
  peak: number;
  /** Milliseconds of each rule over all slices of agents. */
  each: Record<string, { ms: number; rows: number }>;
}

/** Builds a graph below `data` and derives reach, as a scan does once its snapshot is exported. */
export async function reachByRules(tables: readonly GraphTable[], data: string): Promise<RulesResult> {
  await mkdir(data, { recursive: true });
  const store = openEmbeddedStore({ folder: join(data, "graph"), pool: POOL });
  const each: RulesResult["each"] = {};
  try {
    const load = new Meter(0);
    await store.rebuild({ snapshot: "estate", time: TIME, gaps: [], tables });
    const rebuild = { seconds: load.wallSeconds(), cpu: load.cpuSeconds() };
    const work = new Meter(0);
    for await (const { rule, rows, ms } of store.derive(loadRules())) {
      const before = each[rule] ?? { ms: 0, rows: 0 };
      each[rule] = { ms: before.ms + ms, rows: before.rows + rows };
    }
    const rules = { seconds: work.wallSeconds(), cpu: work.cpuSeconds() };
    await writeMeta(data, {
      ...{ version: 3, tenant: "estate", tenantName: "Estate", snapshot: "estate", time: TIME },
      graph: GRAPH_NAME,
      ...{ observedFrom: TIME, observedTo: TIME, coverage: [], findings: [], configHash: "" },
    });
    const stored = (name: string) => name.startsWith("store ");
    const rows = Object.entries(each).filter(([name]) => !stored(name));
    return {
      ...{ rebuild, rules, each, peak: process.resourceUsage().maxRSS * 1024 },
      derived: rows.reduce((sum, [, one]) => sum + one.rows, 0),
      reach: each["store CAN_REACH"]?.rows ?? 0,
    };
  } finally {
    await store.close();
  }
}

/** Rows that are shown, as a file, for a comparison. Rights are numbers there. */
export async function exportRows(data: string, file: string): Promise<void> {
  const store = openEmbeddedStore({ folder: join(data, "graph"), pool: POOL });
  const number = (name: string) =>
    `CASE WHEN r.${name} THEN 1 WHEN NOT r.${name} THEN 0 ELSE NULL END AS ${name}`;
  try {
    await store.query(
      `COPY (MATCH (a:Agent)-[r:CAN_REACH]->(s:Scope) WHERE r.absorbed = false
       RETURN a.id AS agent, s.id AS scope, r.tier AS tier, ${["discover", "read", "write", "manage"].map(number).join(", ")},
         r.steps AS steps, r.grant AS g) TO '${file}'`,
    );
  } finally {
    await store.close();
  }
}

/** `full`: the pool of the engine was too small for it. */
export type PatternResult = { seconds: number; pairs: number } | { full: true };

/** The question as people first write it: patterns of variable length. `way` is how a grant goes down. */
export async function reachByPattern(file: string, way: "WITHIN" | "INHERITS"): Promise<PatternResult> {
  const engine = await openEngine({ path: file, pool: POOL, readOnly: true });
  const flow = way === "WITHIN" ? "containment" : "acl";
  const started = performance.now();
  try {
    const [row] = await engine.run(
      `MATCH (a:Agent)-[:ACTS_AS]->(:Principal)-[:MEMBER_OF*0..10]->(p:Principal)-[g:GRANTED]->(:Scope)<-[:${way}*0..8]-(s:Scope)
       WHERE g.flow = '${flow}' WITH DISTINCT a, s RETURN count(*) AS n`,
    );
    return { seconds: (performance.now() - started) / 1000, pairs: Number(row?.n) };
  } catch (error) {
    if (error instanceof StoreError && /buffer (pool|manager)/i.test(error.message)) return { full: true };
    throw error;
  } finally {
    await engine.close();
  }
}

/** Milliseconds, an answer each. */
export interface Times {
  wall: number[];
  cpu: number[];
}

export interface AnswerTimes {
  /** The first answers of the process: some of them read what the later ones keep. */
  first: Times;
  asked: { question: string; agents: string; times: Times }[];
  /** Bytes. */
  peak: number;
}

/** So many answers are asked for before any is measured: a process that was just started is slow in all it does. */
const BEFORE = 20;

/**
 * As `reach AGENT` and `explain AGENT SCOPE` ask once the graph is open, in one process: names are looked up, all rows are
 * made with their paths. Of the agents with most rows and of as many others, by chance. Stops after `seconds` for each
 * question and sample.
 */
export async function answerTimes(data: string, agents: number, seconds: number): Promise<AnswerTimes> {
  const chance = randomOf(1);
  const samples = await agentsToAsk(data, agents, chance);
  const answers = await openAnswers(data);
  try {
    const reach = async (agent: string): Promise<string[]> => {
      const scopes: string[] = [];
      for (const id of await answers.findAgents(agent))
        for await (const row of answers.reach({ agents: [id] })) scopes.push(row.scope_id);
      return scopes;
    };
    const explain = async ({ agent, scope }: { agent: string; scope: string }) => {
      const [id] = await answers.findAgents(agent);
      const { path } = await answers.explain(id!, await answers.findScope(scope));
      if (path === undefined) throw new Error(`no path from ${agent} to ${scope}`);
    };
    const first = await timed(samples.before, seconds, reach);
    const asked: AnswerTimes["asked"] = [];
    const pairs: { agents: string; list: { agent: string; scope: string }[] }[] = [];
    for (const [name, list] of [
      ["most reach", samples.most],
      ["random", samples.others],
    ] as const) {
      const found: { agent: string; scope: string }[] = [];
      const times = await timed(list, seconds, async (agent) => {
        const scopes = await reach(agent);
        const scope = scopes[chance.below(scopes.length)];
        if (scope !== undefined) found.push({ agent, scope });
      });
      asked.push({ question: "reach AGENT", agents: name, times });
      pairs.push({ agents: name, list: found });
    }
    for (const { agents: name, list } of pairs)
      asked.push({
        ...{ question: "explain AGENT SCOPE", agents: name },
        times: await timed(list, seconds, explain),
      });
    return { first, asked, peak: process.resourceUsage().maxRSS * 1024 };
  } finally {
    await answers.close();
  }
}

async function agentsToAsk(data: string, count: number, chance: ReturnType<typeof randomOf>) {
  const store = openEmbeddedStore({ folder: join(data, "graph") });
  try {
    const rows = await store.query(
      "MATCH (a:Agent)-[r:CAN_REACH]->(:Scope) WITH a.id AS id, count(r) AS n RETURN id ORDER BY n DESC, id",
    );
    const ids = rows.map((row) => String(row.id));
    const rest = ids.slice(count);
    const draw = (many: number) =>
      Array.from({ length: Math.min(many, rest.length) }, () =>
        rest.splice(chance.below(rest.length), 1),
      ).flat();
    return { most: ids.slice(0, count), others: draw(count), before: draw(BEFORE) };
  } finally {
    await store.close();
  }
}

async function timed<T>(
  list: readonly T[],
  seconds: number,
  ask: (one: T) => Promise<unknown>,
): Promise<Times> {
  const times: Times = { wall: [], cpu: [] };
  const all = new Meter(0);
  for (const one of list) {
    if (all.wallSeconds() > seconds) break;
    const meter = new Meter(0);
    await ask(one);
    times.wall.push(meter.wallSeconds() * 1000);
    times.cpu.push(meter.cpuSeconds() * 1000);
  }
  return times;
}
