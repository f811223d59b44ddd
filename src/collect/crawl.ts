/**
 * Runs the steps of the connectors into the inventory: in dependency order, with bounded concurrency,
 * resumable, full or delta.
 */
import { createHash } from "node:crypto";
import pLimit from "p-limit";
import type { Connector, Scope, Step, StepContext } from "../connector.ts";
import type { CoverageRow } from "../keep/inventory.ts";
import { type Coverage, type CoverageState, LEVELS, type Level, WORST_FIRST } from "../model.ts";
import type { Transport } from "./http.ts";
import {
  type CrawlInventory,
  coverageOf,
  fromStep,
  interrupts,
  type Job,
  noteExcluded,
  type Run,
  runPass,
  StepFailure,
} from "./pass.ts";
import type { CrawlEvent } from "./progress.ts";
import {
  type AgentSelection,
  createAgentSelector,
  createScopeFilter,
  type ScopeSelection,
} from "./select.ts";

export interface CrawlOptions {
  /** Every connector there is: those that are not configured are said to be skipped. */
  connectors: readonly Connector[];
  /** Names of the connectors to run; absent: all. */
  configured?: ReadonlySet<string>;
  inventory: CrawlInventory;
  /** One transport for all, or one for each step (its own credential and allow-list). */
  http: Transport | ((connector: string, step: Step) => Transport);
  tenantId: string;
  level: Level;
  mode: "full" | "delta";
  agents?: AgentSelection;
  scopes?: ScopeSelection;
  /** Passes at a time over all steps. */
  concurrency?: number;
  signal: AbortSignal;
  onEvent?: (event: CrawlEvent) => void;
  /** A scan begins or goes on: nothing of it was saved yet by this run. */
  onStart?: (scanId: string) => Promise<void>;
  /** This run continues an interrupted one that started then (ISO). */
  onResume?: (startedAt: string) => void;
}

export interface CrawlSummary {
  scanId: string;
  startedAt: string;
  /** True if this run continued one that was killed or interrupted. */
  resumed: boolean;
  /** True if the user stopped it: open passes are kept and a rerun continues them. */
  interrupted: boolean;
  /** Everything the inventory now says about coverage. */
  coverage: CoverageRow[];
  counts: { steps: number; passes: number; pages: number; records: number };
}

const DEFAULT_CONCURRENCY = 8;

/** Every step that must have ended before this one starts. */
const waitsFor = (step: Step): string[] => [...(step.after ?? []), ...(step.follows ?? [])];

/**
 * All steps by id. Throws if a step waits for one that does not exist or, round about, for itself: a bug in
 * a connector, so no user error class.
 */
export function stepsById(connectors: readonly Connector[]): Map<string, { step: Step; connector: string }> {
  const steps = new Map<string, { step: Step; connector: string }>();
  for (const connector of connectors) {
    for (const step of connector.steps) {
      if (steps.has(step.id)) throw new Error(`internal: two steps are called ${step.id}`);
      steps.set(step.id, { step, connector: connector.name });
    }
  }
  const done = new Set<string>();
  const visit = (id: string, path: readonly string[]) => {
    if (path.includes(id))
      throw new Error(`internal: steps wait for each other: ${[...path, id].join(" -> ")}`);
    if (done.has(id)) return;
    const known = steps.get(id);
    if (known === undefined)
      throw new Error(`internal: step ${path.at(-1)} comes after ${id}, which is none`);
    for (const before of waitsFor(known.step)) visit(before, [...path, id]);
    done.add(id);
  };
  for (const id of steps.keys()) visit(id, []);
  return steps;
}

const worst = (states: Iterable<CoverageState>): CoverageState => {
  const seen = new Set(states);
  return WORST_FIRST.find((state) => seen.has(state)) ?? "complete";
};

/** Larger where connectors take an answer for something else: a delta would leave all that did not change as it was. */
const READING = 4;

const hash = (value: unknown) =>
  createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 16);

/**
 * Reads the tenant. Resolves also when parts failed (that is coverage) or the user interrupted; rejects only
 * if the inventory failed (StoreError: nothing of the page under way was kept) or a connector's declaration
 * is wrong.
 */
export async function crawl(options: CrawlOptions): Promise<CrawlSummary> {
  const { inventory } = options;
  const steps = stepsById(options.connectors);
  const agents = options.agents ?? { source: "entra", list: [] };
  const scopes = options.scopes ?? { include: [], exclude: [] };
  const basis = [READING, options.tenantId, options.level, agents, scopes];
  const configured = options.configured ?? new Set(options.connectors.map(({ name }) => name));
  const scan = await inventory.startScan(hash([basis, options.mode, [...configured].sort()]));
  await options.onStart?.(scan.id);
  if (scan.resumed) options.onResume?.(scan.startedAt);

  const halted = new AbortController();
  const run: Run = {
    inventory,
    mode: options.mode,
    tenantId: options.tenantId,
    level: options.level,
    startedAt: scan.startedAt,
    resumed: scan.resumed,
    signal: AbortSignal.any([options.signal, halted.signal]),
    halt: () => halted.abort(),
    interrupted: false,
    fingerprint: hash(basis),
    isAgent: createAgentSelector(agents),
    includes: createScopeFilter(scopes),
    limit: pLimit(options.concurrency ?? DEFAULT_CONCURRENCY),
    steps: [...steps.keys()],
    counts: { steps: 0, passes: 0, pages: 0, records: 0 },
    emit: options.onEvent ?? (() => {}),
  };

  const running = new Map<string, Promise<CoverageState>>();
  const start = (id: string): Promise<CoverageState> => {
    const begun = running.get(id);
    if (begun !== undefined) return begun;
    const { step, connector } = steps.get(id)!;
    const job = (async () => {
      const before = step.after ?? [];
      const followed = (step.follows ?? []).map(start);
      const states = await Promise.all(before.map(start));
      await Promise.all(followed);
      if (run.signal.aborted) return "failed";
      const skipped = skippedStep(step, connector, configured, options.level);
      if (skipped !== undefined) {
        await inventory.note(skipped);
        run.emit({ type: "step-ended", step: id, state: "skipped" });
        return "skipped";
      }
      const http = typeof options.http === "function" ? options.http(connector, step) : options.http;
      const gap = inheritedGap(step, before, states);
      return runStep(run, step, http, gap);
    })();
    job.catch(run.halt);
    running.set(id, job);
    return job;
  };
  const ends = await Promise.allSettled([...steps.keys()].map(start));
  const failure = ends.find((end) => end.status === "rejected");
  if (failure !== undefined) throw failure.reason;

  const interrupted = run.interrupted || options.signal.aborted;
  await inventory.endScan(scan.id, interrupted ? "interrupted" : "complete");
  return {
    scanId: scan.id,
    startedAt: scan.startedAt,
    resumed: scan.resumed,
    interrupted,
    coverage: await inventory.coverage(),
    counts: run.counts,
  };
}

function skippedStep(
  step: Step,
  connector: string,
  configured: ReadonlySet<string>,
  level: Level,
): Coverage | undefined {
  const needed = step.level ?? "metadata";
  const skipped = (reason: string, fix: string): Coverage => ({
    ...{ step: step.id, scope: "", state: "skipped", reason, fix },
  });
  if (!configured.has(connector)) {
    return skipped(
      `connector ${connector} is not configured`,
      `add ${connector} to the connectors of the tenant`,
    );
  }
  if (LEVELS.indexOf(needed) > LEVELS.indexOf(level)) {
    return skipped(`needs level ${needed}, the scan is at ${level}`, `set level: ${needed}`);
  }
  return undefined;
}

/**
 * What an incomplete step before this one means for it: its list of scopes, or what it reads of known
 * nodes, may lack some. Where configuration alone is the cause, a list is `skipped` as well, and a step
 * without scopes says nothing more than the skipped step itself.
 */
function inheritedGap(
  step: Step,
  before: readonly string[],
  states: readonly CoverageState[],
): Coverage | undefined {
  const lacking = before.filter((_, i) => states[i] !== "complete" && states[i] !== "not-modelled");
  if (lacking.length === 0) return undefined;
  const chosen = lacking.every((id) => states[before.indexOf(id)] === "skipped");
  if (chosen && step.scopes === undefined) return undefined;
  const what = step.scopes === undefined ? "it builds on" : "scopes come from";
  const named = lacking.map((id) => `${id}, which is ${states[before.indexOf(id)]}`);
  const state = chosen ? "skipped" : "partial";
  return { step: step.id, scope: "", state, reason: `${what} ${named.join("; ")}` };
}

/** One step with all its scopes. Returns the worst state of its parts. */
async function runStep(
  run: Run,
  step: Step,
  http: Transport,
  inherited: Coverage | undefined,
): Promise<CoverageState> {
  const { inventory, emit } = run;
  run.counts.steps += 1;
  emit({ type: "step-started", step: step.id, title: step.title });

  // What the step leaves out on the user's word is said, wherever it asks.
  const excluded = new Set<string>();
  const context: StepContext = {
    http,
    tenantId: run.tenantId,
    level: run.level,
    isAgent: run.isAgent,
    // What was imported is nothing to ask the tenant for.
    known: (kind, where, from) => inventory.known(kind, where, from ?? run.steps),
    targets: (kind) => inventory.targets(kind),
    includes: (scopeId) => {
      const included = run.includes(scopeId);
      if (!included) excluded.add(scopeId);
      return included;
    },
    signal: run.signal,
  };
  const job: Job = { run, step, context, states: new Set(), excluded };
  if (step.scopes === undefined) await run.limit(() => runPass(job, "", inherited));
  else await runScopes(job, () => step.scopes!(context), inherited);

  const state = run.signal.aborted ? worst([...job.states, "partial"]) : worst(job.states);
  emit({ type: "step-ended", step: step.id, state });
  return state;
}

/** Lists the scopes and reads them as they come, a bounded number waiting, so that memory stays flat. */
async function runScopes(
  job: Job,
  list: () => AsyncIterable<Scope>,
  inherited: Coverage | undefined,
): Promise<void> {
  const { run, step, states } = job;
  const { inventory } = run;
  const listed = new Set([""]);
  const waiting = new Set<Promise<void>>();
  let failure: unknown;
  let listing: Coverage = inherited ?? { step: step.id, scope: "", state: "complete" };
  try {
    for await (const scope of fromStep(list)) {
      if (run.signal.aborted) break;
      if (scope.id === "") throw new Error(`internal: ${step.id} lists a scope without id`);
      if (listed.has(scope.id)) continue;
      listed.add(scope.id);
      if (!job.context.includes(scope.id)) continue;
      const pass = run
        .limit(() => runPass(job, scope.id, undefined))
        .catch((error: unknown) => {
          failure ??= error;
          run.halt();
        })
        .finally(() => waiting.delete(pass));
      waiting.add(pass);
      if (waiting.size >= run.limit.concurrency * 2) await Promise.race(waiting);
      if (failure !== undefined) break;
    }
  } catch (error) {
    if (!(error instanceof StepFailure)) failure ??= error;
    else if (!interrupts(run, error.cause))
      listing = { step: step.id, scope: "", ...coverageOf(step, error.cause) };
  }
  await Promise.all(waiting);
  if (failure !== undefined) throw failure;
  if (run.signal.aborted) return;

  await noteExcluded(job);
  for (const scope of job.excluded) listed.add(scope);
  states.add(listing.state);
  await inventory.note(listing);
  if (listing.state === "complete") await inventory.retain(step.id, listed);
}
