/**
 * One pass: one scope of one step, read page by page into the inventory until it ends, fails or is
 * interrupted. The one place that turns errors into coverage.
 */
import type { LimitFunction } from "p-limit";
import type { Page, Step, StepContext } from "../connector.ts";
import type { Inventory, OpenPass } from "../keep/inventory.ts";
import {
  type Coverage,
  type CoverageState,
  CursorExpired,
  ForereachError,
  Interrupted,
  type Level,
  PermissionError,
  ProviderError,
  StoreError,
} from "../model.ts";
import type { CrawlEvent } from "./progress.ts";

/** The part of the inventory that a crawl writes. */
export type CrawlInventory = Pick<
  Inventory,
  | "begin"
  | "ended"
  | "lastRead"
  | "note"
  | "retain"
  | "coverage"
  | "known"
  | "targets"
  | "startScan"
  | "endScan"
>;

/** What all passes of one crawl share. */
export interface Run {
  inventory: CrawlInventory;
  mode: "full" | "delta";
  tenantId: string;
  level: Level;
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
  /** Ids of all steps of the crawl. */
  steps: readonly string[];
  counts: { steps: number; passes: number; pages: number; records: number };
  emit(event: CrawlEvent): void;
}

/** One step of one crawl, and what its passes found. */
export interface Job {
  run: Run;
  step: Step;
  context: StepContext;
  states: Set<CoverageState>;
  excluded: Set<string>;
}

/** What a step's own code threw, told apart from what the inventory threw. */
export class StepFailure extends Error {}

/** Passes a step's items on; an error of the step becomes a StepFailure, one of the store goes through. */
export async function* fromStep<T>(start: () => AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* start();
  } catch (error) {
    if (error instanceof StoreError) throw error;
    throw new StepFailure("step failed", { cause: error });
  }
}

/** The permissions that would have let this step read, in words to act on. */
function grantFix(step: Step): string | undefined {
  if (step.needs.length === 0) return undefined;
  const named = step.needs.map(({ kind, name }) =>
    kind === "graph" ? `Graph application permission ${name}` : `Azure role ${name}`,
  );
  return `grant ${named.join(" and ")} (forereach permissions --format az prints the commands)`;
}

/** The page, its refused parts with what to grant where the refusal itself does not say. */
function withGrants(page: Page, step: Step): Page {
  const grant = grantFix(step);
  if (page.gaps === undefined || grant === undefined) return page;
  const gaps = page.gaps.map((gap) =>
    gap.state === "denied" && gap.fix === undefined ? { ...gap, fix: grant } : gap,
  );
  return { ...page, gaps };
}

/** Coverage that an error of a step stands for. */
export function coverageOf(
  step: Step,
  error: unknown,
): { state: CoverageState; reason: string; fix?: string } {
  const reason = error instanceof Error ? error.message : String(error);
  const own = error instanceof ForereachError ? error.fix : undefined;
  const said = (state: CoverageState, why: string, fix: string | undefined) => ({
    state,
    reason: why,
    ...(fix === undefined ? {} : { fix }),
  });
  if (error instanceof PermissionError) {
    // Without a token no grant helps: the credential itself is wrong.
    return said("denied", reason, error.code === "sign-in" ? own : (grantFix(step) ?? own));
  }
  if (error instanceof ForereachError && error.code === "not-recorded") {
    return said("failed", "not in the recording", own);
  }
  return said("failed", reason, own);
}

/** Reads one scope to its end, its failure or the interruption. */
export async function runPass(job: Job, scope: string, inherited: Coverage | undefined): Promise<void> {
  const { run, step, states } = job;
  const { inventory, mode, fingerprint } = run;
  if (run.signal.aborted) return;
  const since = await currentSince(run, step);
  if (run.resumed) {
    const ended = await inventory.ended(step.id, scope, since);
    // What failed or was refused saved nothing: asking again costs little and may find it mended.
    if (ended === "complete" || ended === "partial") {
      states.add(ended);
      run.emit({ type: "pass-ended", step: step.id, scope, state: ended });
      return;
    }
  }
  run.counts.passes += 1;
  let asked: "full" | "delta" = mode === "delta" && step.delta === true ? "delta" : "full";
  for (let restarted = false; ; restarted = true) {
    const open = await inventory.begin(step.id, scope, {
      ...{ mode: asked, fingerprint, since },
      gapsAreNodes: step.gapsAreNodes === true,
    });
    try {
      const ended = await readPages(job, scope, open, inherited);
      if (ended === undefined) return;
      states.add(ended);
      run.emit({ type: "pass-ended", step: step.id, scope, state: ended });
      return;
    } catch (error) {
      // The inventory says so of a record that no schema takes: it saved nothing of that page, and the other steps go on.
      const refused = error instanceof ProviderError;
      if (!(error instanceof StepFailure || refused)) throw error;
      const cause = refused ? error : error.cause;
      // The pass stays open, with its cursor: a rerun continues it.
      if (interrupts(run, cause)) return;
      if (!restarted && mustRestart(open, cause)) {
        await open.restart();
        asked = "full";
        continue;
      }
      const coverage = coverageOf(step, cause);
      await open.abandon(coverage);
      states.add(coverage.state);
      const { state, reason } = coverage;
      run.emit({ type: "pass-ended", step: step.id, scope, state, reason });
      return;
    }
  }
}

/**
 * Since when a pass of the scan is worth keeping (ISO). If a step before it could be read only after a resume, it asked about
 * less than is known now. What scopes come from does not count: they are listed anew in any case.
 */
async function currentSince({ inventory, startedAt, resumed }: Run, step: Step): Promise<string> {
  const steps = [...(step.scopes === undefined ? (step.after ?? []) : []), ...(step.follows ?? [])];
  if (!resumed || steps.length === 0) return startedAt;
  const read = await inventory.lastRead(steps);
  return read !== undefined && read > startedAt ? read : startedAt;
}

/** True if this error means that the user stops, or that the crawl already does; then no pass goes on. */
export function interrupts(run: Run, cause: unknown): boolean {
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
  const { inventory } = run;
  const { cursor, mode } = open;
  let gaps = false;
  let pages = 0;
  const from = { scope, mode, ...(cursor === undefined ? {} : { cursor }) };
  // A page without a position can end a pass but not resume one: it is saved with the end, which halves the work
  // of the many passes that have one page.
  let last: Page | undefined;
  try {
    for await (const page of fromStep(() => step.crawl(context, from))) {
      if (last !== undefined) await open.apply(withGrants(last, step));
      last = page.cursor === undefined ? page : undefined;
      if (last === undefined) await open.apply(withGrants(page, step));
      gaps ||= (page.gaps?.length ?? 0) > 0;
      pages += 1;
      run.counts.pages += 1;
      run.counts.records += page.changes.length;
      const total = page.total === undefined ? {} : { total: page.total };
      run.emit({ type: "page", step: step.id, scope, records: page.changes.length, pages, ...total });
      if (run.signal.aborted) return undefined;
    }
  } catch (error) {
    // What was read before a step failed is true as far as it goes.
    if (last !== undefined && error instanceof StepFailure) await open.apply(withGrants(last, step));
    throw error;
  }
  // A step that returns early because it was told to stop has not read everything.
  if (run.signal.aborted) return undefined;
  if (scope === "") await noteExcluded(job);
  if (inherited !== undefined) {
    last = { ...(last ?? { changes: [] }), gaps: [...(last?.gaps ?? []), inherited] };
    gaps = true;
  }
  await open.finish(last);
  // Scopes that the configuration left out before and no longer does are read within this pass.
  const whole = scope === "" && mode === "full" && !open.resumed;
  if (whole) await inventory.retain(step.id, new Set(["", ...job.excluded]));
  // What gaps make of the state is the inventory's to say: it also knows those from before an interruption.
  if (!gaps && !open.resumed) return "complete";
  return (await inventory.ended(step.id, scope, run.startedAt)) ?? "partial";
}

/** Says which scopes the step left out because the configuration says so. */
export async function noteExcluded({ run, step, states, excluded }: Job): Promise<void> {
  for (const scope of excluded) {
    states.add("skipped");
    await run.inventory.note({
      ...{ step: step.id, scope, state: "skipped", reason: "excluded by the configuration" },
    });
  }
}
