/**
 * Runs the steps of the connectors into the inventory: in dependency order, with bounded concurrency,
 * resumable, full or delta. The one place that turns errors into coverage.
 */
import { createHash } from "node:crypto";
import pLimit, { type LimitFunction } from "p-limit";
import type { Connector, Page, Scope, Step, StepContext } from "./connector.ts";
import type { Transport } from "./http.ts";
import type { CoverageRow, Inventory, OpenPass } from "./inventory.ts";
import {
  type Coverage,
  type CoverageState,
  CursorExpired,
  ForereachError,
  Interrupted,
  LEVELS,
  type Level,
  PermissionError,
  StoreError,
  WORST_FIRST,
} from "./model.ts";
import type { CrawlEvent } from "./progress.ts";
import {
  type AgentSelection,
  createAgentSelector,
  createScopeFilter,
  type ScopeSelection,
} from "./select.ts";

/** The part of the inventory that a crawl writes. */
export type CrawlInventory = Pick<
  Inventory,
  "begin" | "ended" | "note" | "retain" | "coverage" | "known" | "startScan" | "endScan"
>;

export interface CrawlOptions {
  /** Every connector there is: those that are not configured are said to be skipped. */
  connectors: readonly Connector[];
  /** Names of the connectors to run; absent: all. */
  configured?: ReadonlySet<string>;
  inventory: CrawlInventory;
  http: Transport | ((connector: string) => Transport);
  tenantId: string;
  level: Level;
  mode: "full" | "delta";
  agents?: AgentSelection;
  scopes?: ScopeSelection;
  /** Passes at a time over all steps. */
  concurrency?: number;
  signal: AbortSignal;
  onEvent?: (event: CrawlEvent) => void;
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

/** What a step's own code threw, told apart from what the inventory threw. */
class StepFailure extends Error {}

/** Passes a step's items on; an error of the step becomes a StepFailure, one of the store goes through. */
async function* fromStep<T>(start: () => AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* start();
  } catch (error) {
    if (error instanceof StoreError) throw error;
    throw new StepFailure("step failed", { cause: error });
  }
}

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
    for (const before of known.step.after ?? []) visit(before, [...path, id]);
    done.add(id);
  };
  for (const id of steps.keys()) visit(id, []);
  return steps;
}

const worst = (states: Iterable<CoverageState>): CoverageState => {
  const seen = new Set(states);
  return WORST_FIRST.find((state) => seen.has(state)) ?? "complete";
};

const hash = (value: unknown) =>
  createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 16);

/** The permissions that would have let this step read, in words to act on. */
function grantFix(step: Step): string | undefined {
  if (step.needs.length === 0) return undefined;
  const named = step.needs.map(({ kind, name }) =>
    kind === "graph" ? `Graph application permission ${name}` : `Azure role ${name}`,
  );
  return `grant ${named.join(" and ")} (forereach permissions --format az prints the commands)`;
}

/** Coverage that an error of a step stands for. */
function coverageOf(step: Step, error: unknown): { state: CoverageState; reason: string; fix?: string } {
  const reason = error instanceof Error ? error.message : String(error);
  const own = error instanceof ForereachError ? error.fix : undefined;
  const said = (state: CoverageState, why: string, fix: string | undefined) => ({
    state,
    reason: why,
    ...(fix === undefined ? {} : { fix }),
  });
  if (error instanceof PermissionError) return said("denied", reason, grantFix(step) ?? own);
  if (error instanceof ForereachError && error.code === "not-recorded") {
    return said("failed", "not in the recording", own);
  }
  return said("failed", reason, own);
}

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
  const basis = [options.tenantId, options.level, agents, scopes];
  const configured = options.configured ?? new Set(options.connectors.map(({ name }) => name));
  const scan = await inventory.startScan(hash([basis, options.mode, [...configured].sort()]));

  const halted = new AbortController();
  const run: Run = {
    options,
    startedAt: scan.startedAt,
    resumed: scan.resumed,
    signal: AbortSignal.any([options.signal, halted.signal]),
    halt: () => halted.abort(),
    interrupted: false,
    fingerprint: hash(basis),
    isAgent: createAgentSelector(agents),
    includes: createScopeFilter(scopes),
    limit: pLimit(options.concurrency ?? DEFAULT_CONCURRENCY),
    counts: { steps: 0, passes: 0, pages: 0, records: 0 },
    foreign: new Map(),
    notAnew: new Set(),
    emit: options.onEvent ?? (() => {}),
  };

  const running = new Map<string, Promise<CoverageState>>();
  const start = (id: string): Promise<CoverageState> => {
    const begun = running.get(id);
    if (begun !== undefined) return begun;
    const { step, connector } = steps.get(id)!;
    const job = (async () => {
      const before = step.after ?? [];
      const states = await Promise.all(before.map(start));
      if (run.signal.aborted) return "failed";
      const skipped = skippedStep(step, connector, configured, options.level);
      if (skipped !== undefined) {
        run.notAnew.add(connector);
        await inventory.note(skipped);
        return "skipped";
      }
      return runStep(run, step, connector, inheritedGap(step, before, states));
    })();
    job.catch(run.halt);
    running.set(id, job);
    return job;
  };
  const ends = await Promise.allSettled([...steps.keys()].map(start));
  const failure = ends.find((end) => end.status === "rejected");
  if (failure !== undefined) throw failure.reason;

  const interrupted = run.interrupted || options.signal.aborted;
  if (!interrupted) await dropMendedGaps(run, steps);
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

/** What all passes of one crawl share. */
interface Run {
  options: CrawlOptions;
  /** Start of the scan, which an earlier run began if this one is resumed (ISO). */
  startedAt: string;
  resumed: boolean;
  /** Aborted by the user, and as soon as the inventory fails: what follows could only fail too. */
  signal: AbortSignal;
  halt(): void;
  /** True once a step said that the user interrupted it. */
  interrupted: boolean;
  fingerprint: string;
  isAgent: StepContext["isAgent"];
  includes(scopeId: string): boolean;
  limit: LimitFunction;
  counts: CrawlSummary["counts"];
  /** Gaps that pages of this run named for ids that are no steps: scopes by that id. */
  foreign: Map<string, Set<string>>;
  /** Connectors of which this run did not read everything anew, so that old gaps may still stand. */
  notAnew: Set<string>;
  emit(event: CrawlEvent): void;
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
  connector: string,
  inherited: Coverage | undefined,
): Promise<CoverageState> {
  const { options, emit } = run;
  const { inventory } = options;
  run.counts.steps += 1;
  emit({ type: "step-started", step: step.id, title: step.title });

  // What the step leaves out on the user's word is said, wherever it asks.
  const excluded = new Set<string>();
  const context: StepContext = {
    http: typeof options.http === "function" ? options.http(connector) : options.http,
    tenantId: options.tenantId,
    level: options.level,
    isAgent: run.isAgent,
    known: (kind, where) => inventory.known(kind, where),
    includes: (scopeId) => {
      const included = run.includes(scopeId);
      if (!included) excluded.add(scopeId);
      return included;
    },
    signal: run.signal,
  };
  const job: Job = { run, step, connector, context, states: new Set(), excluded };
  if (step.scopes === undefined) await run.limit(() => runPass(job, "", inherited));
  else await runScopes(job, () => step.scopes!(context), inherited);

  const state = run.signal.aborted ? worst([...job.states, "partial"]) : worst(job.states);
  emit({ type: "step-ended", step: step.id, state });
  return state;
}

interface Job {
  run: Run;
  step: Step;
  connector: string;
  context: StepContext;
  states: Set<CoverageState>;
  excluded: Set<string>;
}

/** Lists the scopes and reads them as they come, a bounded number waiting, so that memory stays flat. */
async function runScopes(
  job: Job,
  list: () => AsyncIterable<Scope>,
  inherited: Coverage | undefined,
): Promise<void> {
  const { run, step, states } = job;
  const { inventory } = run.options;
  const listed = new Set([""]);
  const waiting = new Set<Promise<void>>();
  let failure: unknown;
  let listing: Coverage = inherited ?? { step: step.id, scope: "", state: "complete" };
  try {
    for await (const scope of fromStep(list)) {
      if (run.signal.aborted) break;
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
  if (listing.state !== "complete") run.notAnew.add(job.connector);
  if (listing.state === "complete") await inventory.retain(step.id, listed);
}

async function noteExcluded({ run, step, states, excluded }: Job): Promise<void> {
  for (const scope of excluded) {
    states.add("skipped");
    await run.options.inventory.note({
      ...{ step: step.id, scope, state: "skipped", reason: "excluded by the configuration" },
    });
  }
}

/** Reads one scope to its end, its failure or the interruption. */
async function runPass(job: Job, scope: string, inherited: Coverage | undefined): Promise<void> {
  const { run, step, states } = job;
  const { inventory, mode } = run.options;
  if (run.signal.aborted) return;
  if (run.resumed) {
    const ended = await inventory.ended(step.id, scope, run.startedAt);
    // What failed or was refused saved nothing: asking again costs little and may find it mended.
    if (ended === "complete" || ended === "partial") {
      states.add(ended);
      run.notAnew.add(job.connector);
      run.emit({ type: "pass-ended", step: step.id, scope, state: ended });
      return;
    }
  }
  run.counts.passes += 1;
  let asked: "full" | "delta" = mode === "delta" && step.delta === true ? "delta" : "full";
  for (let restarted = false; ; restarted = true) {
    const open = await inventory.begin(step.id, scope, { mode: asked, fingerprint: run.fingerprint });
    if (open.resumed || open.mode === "delta") run.notAnew.add(job.connector);
    try {
      const ended = await readPages(job, scope, open, inherited);
      if (ended === undefined) return;
      states.add(ended);
      run.emit({ type: "pass-ended", step: step.id, scope, state: ended });
      return;
    } catch (error) {
      if (!(error instanceof StepFailure)) throw error;
      const { cause } = error;
      // The pass stays open, with its cursor: a rerun continues it.
      if (interrupts(run, cause)) return;
      if (!restarted && mustRestart(open, cause)) {
        await open.restart();
        asked = "full";
        continue;
      }
      const coverage = coverageOf(step, cause);
      await open.abandon(coverage);
      run.notAnew.add(job.connector);
      states.add(coverage.state);
      const { state, reason } = coverage;
      run.emit({ type: "pass-ended", step: step.id, scope, state, reason });
      return;
    }
  }
}

/** True if this error means that the user stops, or that the crawl already does; then no pass goes on. */
function interrupts(run: Run, cause: unknown): boolean {
  if (run.signal.aborted) return true;
  if (!(cause instanceof Interrupted)) return false;
  run.interrupted = true;
  run.halt();
  return true;
}

/**
 * A cursor that the service forgot (410), or a delta that it refuses or that a recording lacks: the listing
 * may still be there. https://learn.microsoft.com/graph/delta-query-overview#synchronization-reset
 */
function mustRestart(open: OpenPass, cause: unknown): boolean {
  if (cause instanceof CursorExpired) return true;
  const refused = cause instanceof PermissionError;
  const unrecorded = cause instanceof ForereachError && cause.code === "not-recorded";
  return open.mode === "delta" && (refused || unrecorded);
}

/** Saves page after page. Returns the state in which the pass ended, or undefined if it was interrupted. */
async function readPages(
  job: Job,
  scope: string,
  open: OpenPass,
  inherited: Coverage | undefined,
): Promise<CoverageState | undefined> {
  const { run, step, context } = job;
  const { inventory } = run.options;
  const { cursor, mode } = open;
  let partial = false;
  let pages = 0;
  const from = { scope, mode, ...(cursor === undefined ? {} : { cursor }) };
  for await (const page of fromStep(() => step.crawl(context, from))) {
    const own = await noteForeignGaps(run, step, page);
    await open.apply(own);
    partial ||= (own.gaps?.length ?? 0) > 0;
    pages += 1;
    run.counts.pages += 1;
    run.counts.records += page.changes.length;
    const total = page.total === undefined ? {} : { total: page.total };
    run.emit({ type: "page", step: step.id, scope, records: page.changes.length, pages, ...total });
    if (run.signal.aborted) return undefined;
  }
  // A step that returns early because it was told to stop has not read everything.
  if (run.signal.aborted) return undefined;
  if (scope === "") await noteExcluded(job);
  if (inherited !== undefined) {
    await open.apply({ changes: [], gaps: [inherited] });
    partial = true;
  }
  await open.finish();
  // Pages before the interruption may have named gaps that only the inventory remembers.
  const remembered = open.resumed ? await inventory.ended(step.id, scope, run.startedAt) : undefined;
  return remembered ?? (partial ? "partial" : "complete");
}

/**
 * A page may say that something which is no part of this step was not read (conditions of assignments,
 * say). That is coverage of its own and leaves this step complete; saved before the page, so that a kill
 * between the two cannot lose it.
 */
async function noteForeignGaps(run: Run, step: Step, page: Page): Promise<Page> {
  const foreign = page.gaps?.filter((gap) => gap.step !== step.id) ?? [];
  if (foreign.length === 0) return page;
  for (const gap of foreign) {
    await run.options.inventory.note(gap);
    const scopes = run.foreign.get(gap.step) ?? new Set();
    run.foreign.set(gap.step, scopes.add(gap.scope));
  }
  return { ...page, gaps: page.gaps!.filter((gap) => gap.step === step.id) };
}

/**
 * Gaps that pages named for ids that are no steps have no pass that would close them. They go when
 * everything of their connector was read anew and nothing named them again.
 */
async function dropMendedGaps(run: Run, steps: ReadonlyMap<string, { connector: string }>): Promise<void> {
  const { inventory, connectors } = run.options;
  const names = connectors.map(({ name }) => name);
  const rows = await inventory.coverage();
  for (const id of new Set(rows.map(({ step }) => step))) {
    const connector = names.find((name) => id.startsWith(`${name}.`));
    if (connector === undefined || steps.has(id) || run.notAnew.has(connector)) continue;
    await inventory.retain(id, run.foreign.get(id) ?? new Set());
  }
}
