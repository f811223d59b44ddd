/** Time as a dependency, so that a bench can crawl an hour of budget in a second. */
import { setTimeout as sleepFor } from "node:timers/promises";

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Rejects as soon as the signal aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /**
   * Time must not run ahead of work in progress: a simulated clock stands still until the returned
   * function is called. Real clocks have none.
   */
  hold?(): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: async (ms, signal) => {
    await sleepFor(ms, undefined, { signal });
  },
};

interface Sleeper {
  at: number;
  wake: () => void;
}

/** A clock that jumps to the next sleeper whenever nothing else is going on. */
export function simulatedClock(start = 0): Clock {
  let time = start;
  let held = 0;
  let scheduled = false;
  const sleepers = new Set<Sleeper>();

  function schedule(): void {
    if (scheduled) return;
    scheduled = true;
    // Two turns of the event loop: what a finished exchange has set in motion may itself hold the clock.
    setImmediate(() => setImmediate(advance));
  }

  function advance(): void {
    scheduled = false;
    if (held > 0 || sleepers.size === 0) return;
    let next: Sleeper | undefined;
    for (const sleeper of sleepers) if (next === undefined || sleeper.at < next.at) next = sleeper;
    if (next === undefined) return;
    time = Math.max(time, next.at);
    sleepers.delete(next);
    next.wake();
    schedule();
  }

  return {
    now: () => time,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        signal.throwIfAborted();
        const sleeper: Sleeper = {
          at: time + ms,
          wake: () => {
            signal.removeEventListener("abort", abort);
            resolve();
          },
        };
        const abort = () => {
          sleepers.delete(sleeper);
          reject(signal.reason);
        };
        signal.addEventListener("abort", abort, { once: true });
        sleepers.add(sleeper);
        schedule();
      }),
    hold: () => {
      held++;
      let released = false;
      return () => {
        if (released) return;
        released = true;
        held--;
        schedule();
      };
    },
  };
}
