/** Faults on request, decided by a seed: what networks and services do to a crawl. */
import { hashText } from "./random.ts";

export const FAULT_KINDS = [
  "429-seconds",
  "429-fraction",
  "429-date",
  "429-bare",
  "500",
  "502",
  "503",
  "504",
  "cut",
  "reset",
  "slow",
  "410",
] as const;
/**
 * `429-*`: too many requests, with Retry-After as seconds, as a fraction, as a date, or without it. `cut`: the
 * body ends before its length. `reset`: the connection breaks without an answer. `410`: a delta call's token is
 * refused. `slow`: the answer comes late.
 */
export type FaultKind = (typeof FAULT_KINDS)[number];

export interface FaultOptions {
  seed?: number;
  /** Share of requests that fail the first time they are made, 0 to 1. Their repetition succeeds. */
  rate: number;
  /** Default: all. */
  kinds?: readonly FaultKind[];
  /** How late a slow answer is, in milliseconds; default 300. */
  slowMs?: number;
}

/** Parts that stay refused: a path (with its query) that contains this text, or matches. */
export interface Refusal {
  readonly match: string | RegExp;
  readonly status: 401 | 403;
}

export class Faults {
  readonly #options: FaultOptions;
  readonly #kinds: readonly FaultKind[];
  readonly #made = new Set<string>();
  #turn = 0;
  #tokenRefused = false;

  constructor(options: FaultOptions) {
    this.#options = options;
    this.#kinds = (options.kinds ?? FAULT_KINDS).filter((kind) => kind !== "410");
  }

  get slowMs(): number {
    return this.#options.slowMs ?? 300;
  }

  /**
   * The fault of this request, if any. Which requests fail follows from the seed and what is asked, so that it
   * does not depend on the order of concurrent calls; kinds take turns, so that all occur. Only the first try
   * of a request fails.
   */
  next(request: string, { isDelta, inBatch }: { isDelta: boolean; inBatch: boolean }): FaultKind | undefined {
    const wants410 = this.#options.kinds === undefined || this.#options.kinds.includes("410");
    if (wants410 && isDelta && !this.#tokenRefused && this.#options.rate > 0) {
      // Once: a client that starts over must get through.
      this.#tokenRefused = true;
      return "410";
    }
    if (this.#kinds.length === 0 || this.#made.has(request)) return undefined;
    if (hashText(request, this.#options.seed ?? 0) / 0x1_0000_0000 >= this.#options.rate) return undefined;
    this.#made.add(request);
    for (let tried = 0; tried < this.#kinds.length; tried++) {
      const kind = this.#kinds[this.#turn++ % this.#kinds.length]!;
      // A part of a batch has a status of its own, but no connection of its own.
      if (!inBatch || !["cut", "reset", "slow"].includes(kind)) return kind;
    }
    return undefined;
  }
}

/** True if a refusal is for this path. */
export const refusalOf = (refusals: readonly Refusal[], pathAndQuery: string): Refusal | undefined =>
  refusals.find(({ match }) =>
    typeof match === "string" ? pathAndQuery.includes(match) : match.test(pathAndQuery),
  );

/** Status and `Retry-After` of a fault that is an answer; `now` is for the date form. */
export function faultAnswer(
  kind: FaultKind,
  now: Date,
): { status: number; headers: Readonly<Record<string, string>> } {
  switch (kind) {
    case "429-seconds":
      return { status: 429, headers: { "retry-after": "1" } };
    case "429-fraction":
      return { status: 429, headers: { "retry-after": "0.128" } };
    case "429-date":
      // Dates have whole seconds: the next one is at most a second away.
      return { status: 429, headers: { "retry-after": new Date(now.getTime() + 1000).toUTCString() } };
    case "429-bare":
      return { status: 429, headers: {} };
    case "410":
      return { status: 410, headers: {} };
    case "500":
    case "502":
    case "503":
    case "504":
      return { status: Number(kind), headers: {} };
    default:
      return { status: 200, headers: {} };
  }
}
