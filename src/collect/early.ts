/**
 * First answers while a crawl goes on: a large tenant takes an hour to read, and what its agents can reach shows
 * long before the last file is listed.
 */
import type { Step } from "../connector.ts";
import type { Kind } from "../schema.ts";
import { type Clock, systemClock } from "./http.ts";
import type { CrawlEvent } from "./progress.ts";

/** A first answer needs agents, grants and the places that they are for. */
const NEEDED: readonly Kind[] = ["Agent", "GRANTED", "Scope"];
/** A crawl that ends sooner needs no early answer. */
const EARLIEST_MS = 20_000;
/** The first build starts now at the latest; each wait after it is twice as long as the one before. */
const LATEST_MS = 3 * 60_000;

export interface EarlyOptions {
  steps: readonly Step[];
  /** Builds and publishes what is known; `unread` are the steps that have not ended. */
  publish(unread: readonly Step[]): Promise<void>;
  /** An early build that fails costs nothing: the crawl goes on, and the last build says what is wrong. */
  onFailure(error: unknown): void;
  clock?: Clock;
}

export interface EarlyPublisher {
  observe(event: CrawlEvent): void;
  /** No build starts any more; resolves when the one under way has ended. */
  stop(): Promise<void>;
}

/** Starts to watch a crawl. One build at a time. */
export function publishEarly({
  steps,
  publish,
  onFailure,
  clock = systemClock,
}: EarlyOptions): EarlyPublisher {
  const unread = new Map(steps.map((step) => [step.id, step]));
  const stopped = new AbortController();
  const { signal } = stopped;
  const needed = new Set(
    steps.filter(({ produces }) => produces.some((kind) => NEEDED.includes(kind))).map(({ id }) => id),
  );
  let known = () => {};
  const enough = new Promise<void>((resolve) => {
    known = resolve;
  });

  /** Waits so long, or until agents, grants and places are read. */
  const orEnough = async (ms: number) => {
    const waited = new AbortController();
    await Promise.race([enough, clock.sleep(ms, AbortSignal.any([signal, waited.signal]))]);
    waited.abort();
  };
  const run = async () => {
    await clock.sleep(EARLIEST_MS, signal);
    await orEnough(LATEST_MS - EARLIEST_MS);
    for (let wait = LATEST_MS; !signal.aborted; wait *= 2) {
      const lacking = needed.size > 0;
      await publish([...unread.values()]).catch(onFailure);
      // An answer without agents, grants or places may be empty: the next comes as soon as they are there.
      await (lacking ? orEnough(wait) : clock.sleep(wait, signal));
    }
  };
  // Only an aborted sleep rejects: the end of the watch.
  const over = run().catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
  return {
    observe(event) {
      if (event.type !== "step-ended") return;
      unread.delete(event.step);
      needed.delete(event.step);
      if (needed.size === 0) known();
    },
    async stop() {
      stopped.abort();
      await over;
    },
  };
}
