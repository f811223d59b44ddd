/** Limits of the services as they document them, on a clock that may be simulated. */

/** Time as a dependency; a bench gives a clock that jumps. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  sleep(milliseconds: number): Promise<void>;
}
export const wallClock: Clock = {
  now: () => Date.now(),
  sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
};

export interface ThrottleOptions {
  /** Off: nothing is counted against a limit. Default on. */
  enabled?: boolean;
  /** Tenants of up to 50, up to 500 and more users. Default by the number of users. */
  size?: "S" | "M" | "L";
  /** Share of the documented limits that is left for this caller; default 1. */
  share?: number;
}

/** Resource units per app and tenant in 10 s. https://learn.microsoft.com/graph/throttling-limits */
export const GRAPH_UNITS = { S: 3_500, M: 5_000, L: 8_000 } as const;
export const GRAPH_WINDOW_MS = 10_000;
/** Reads per subscription: a bucket of 250 that refills by 25 a second. https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling */
const ARM_BUCKET = 250;
const ARM_A_SECOND = 25;
/** Requests a second per storage account. https://learn.microsoft.com/azure/storage/common/scalability-targets-standard-account */
const STORAGE_A_SECOND = 20_000;

/** A token bucket: how much it holds, and how fast it fills. */
class Bucket {
  readonly #capacity: number;
  readonly #perMs: number;
  #level: number;
  #at: number;
  constructor(capacity: number, perSecond: number, now: number) {
    this.#capacity = capacity;
    this.#perMs = perSecond / 1000;
    this.#level = capacity;
    this.#at = now;
  }
  /** Takes `cost`, or says how many milliseconds are missing. */
  take(cost: number, now: number): { waitMs: number; used: number } {
    // A wall clock may be set back: then nothing flows in.
    this.#level = Math.min(this.#capacity, this.#level + Math.max(0, now - this.#at) * this.#perMs);
    this.#at = now;
    const used = 1 - (this.#level - cost) / this.#capacity;
    if (cost > this.#level) return { waitMs: Math.ceil((cost - this.#level) / this.#perMs), used };
    this.#level -= cost;
    return { waitMs: 0, used };
  }
}

/** What a service says about one request: let through, or refused for so long. */
export interface Verdict {
  readonly refusedForMs: number;
  readonly headers: Readonly<Record<string, string>>;
}

export class Throttle {
  readonly #clock: Clock;
  readonly #enabled: boolean;
  readonly #share: number;
  readonly #graph: Bucket;
  readonly #others = new Map<string, Bucket>();

  constructor(options: ThrottleOptions, users: number, clock: Clock) {
    this.#clock = clock;
    this.#enabled = options.enabled ?? true;
    this.#share = options.share ?? 1;
    const size = options.size ?? (users < 50 ? "S" : users <= 500 ? "M" : "L");
    const capacity = GRAPH_UNITS[size] * this.#share;
    this.#graph = new Bucket(capacity, (capacity * 1000) / GRAPH_WINDOW_MS, clock.now());
  }

  graph(units: number): Verdict {
    const { waitMs, used } = this.#enabled
      ? this.#graph.take(units, this.#clock.now())
      : { waitMs: 0, used: 0 };
    return {
      refusedForMs: waitMs,
      headers: {
        "x-ms-resource-unit": String(units),
        ...(used >= 0.8 ? { "x-ms-throttle-limit-percentage": Math.min(used, 1.8).toFixed(2) } : {}),
        ...(waitMs > 0
          ? {
              "x-ms-throttle-scope": "Tenant_Application/ReadWrite",
              "x-ms-throttle-information": "ResourceUnitLimitExceeded",
            }
          : {}),
      },
    };
  }

  arm(subscription: string): Verdict {
    return { refusedForMs: this.#take(`arm:${subscription}`, ARM_BUCKET, ARM_A_SECOND), headers: {} };
  }

  storage(account: string): Verdict {
    return { refusedForMs: this.#take(`blob:${account}`, STORAGE_A_SECOND, STORAGE_A_SECOND), headers: {} };
  }

  #take(name: string, capacity: number, perSecond: number): number {
    if (!this.#enabled) return 0;
    const now = this.#clock.now();
    let bucket = this.#others.get(name);
    if (!bucket) {
      bucket = new Bucket(capacity * this.#share, perSecond * this.#share, now);
      this.#others.set(name, bucket);
    }
    return bucket.take(1, now).waitMs;
  }
}

/** Cost of a Graph read: `$select` saves one, `$expand` costs one, a small `$top` saves one; at least one. */
export function unitsOf(base: number, query: URLSearchParams): number {
  let units = base;
  if (query.has("$select")) units -= 1;
  if (query.has("$expand")) units += 1;
  if (query.has("$top") && Number(query.get("$top")) < 20) units -= 1;
  return Math.max(1, units);
}
