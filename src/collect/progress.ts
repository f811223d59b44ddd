/** What a crawl tells while it runs, and the figures that a person wants from it: counts, rate, remaining time. */
import type { CoverageState } from "../model.ts";

export type CrawlEvent =
  | { type: "step-started"; step: string; title: string }
  | {
      type: "page";
      step: string;
      scope: string;
      /** Changes on this page. */
      records: number;
      /** Pages of this pass so far, those of an interrupted run not counted. */
      pages: number;
      /** Pages that the whole pass will take, where the step knows it. */
      total?: number;
    }
  | { type: "pass-ended"; step: string; scope: string; state: CoverageState; reason?: string }
  | { type: "step-ended"; step: string; state: CoverageState };

/** One step as it stands now. Rates are per second, times are milliseconds. */
export interface StepProgress {
  step: string;
  title: string;
  records: number;
  pages: number;
  passes: number;
  recordsPerSecond: number;
  elapsedMs: number;
  /** Absent where nobody knows how many pages there will be. */
  remainingMs: number | undefined;
  state: CoverageState | "running";
}

interface Tally extends Omit<StepProgress, "recordsPerSecond" | "elapsedMs" | "remainingMs"> {
  startedAt: number;
  endedAt: number | undefined;
  /** Open passes by scope: pages done and pages expected. */
  open: Map<string, { pages: number; total: number | undefined }>;
}

export interface Progress {
  observe(event: CrawlEvent): void;
  /** Steps in the order in which they started. */
  steps(): StepProgress[];
}

/** Adds events up. `now` gives milliseconds of any steady clock. */
export function createProgress(now: () => number = Date.now): Progress {
  const tallies = new Map<string, Tally>();
  const view = (tally: Tally): StepProgress => {
    const { startedAt, endedAt, open, ...counts } = tally;
    const elapsedMs = Math.max(0, (endedAt ?? now()) - startedAt);
    let expected = 0;
    let known = open.size > 0;
    for (const pass of open.values()) {
      if (pass.total === undefined) known = false;
      else expected += Math.max(0, pass.total - pass.pages);
    }
    return {
      ...counts,
      elapsedMs,
      recordsPerSecond: elapsedMs > 0 ? (counts.records / elapsedMs) * 1000 : 0,
      remainingMs: known && counts.pages > 0 ? (elapsedMs / counts.pages) * expected : undefined,
    };
  };
  return {
    observe(event) {
      if (event.type === "step-started") {
        const { step, title } = event;
        tallies.set(step, {
          ...{ step, title, records: 0, pages: 0, passes: 0, state: "running" },
          ...{ startedAt: now(), endedAt: undefined, open: new Map() },
        });
        return;
      }
      const tally = tallies.get(event.step);
      if (tally === undefined) return;
      if (event.type === "page") {
        tally.records += event.records;
        tally.pages += 1;
        const total = event.total ?? tally.open.get(event.scope)?.total;
        tally.open.set(event.scope, { pages: event.pages, total });
      } else if (event.type === "pass-ended") {
        tally.passes += 1;
        tally.open.delete(event.scope);
      } else {
        tally.state = event.state;
        tally.endedAt = now();
        tally.open.clear();
      }
    },
    steps: () => [...tallies.values()].map(view),
  };
}

/** `1 h 05 min`, `3 min 20 s`, `12 s`. */
export function formatDuration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  const two = (n: number) => String(n).padStart(2, "0");
  if (minutes < 60) return `${minutes} min ${two(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
}

/** One line for a terminal. */
export function formatProgress(step: StepProgress): string {
  const parts = [`${step.title}: ${step.records.toLocaleString("en-US")} records`];
  if (step.state === "running") {
    parts.push(`${Math.round(step.recordsPerSecond).toLocaleString("en-US")}/s`);
    if (step.remainingMs !== undefined) parts.push(`about ${formatDuration(step.remainingMs)} left`);
  } else {
    parts.push(`${step.state} in ${formatDuration(step.elapsedMs)}`);
  }
  return parts.join(", ");
}
