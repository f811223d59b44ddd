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

/** What needs a connection of its own, which a part of a batch has not. */
const CONNECTION: readonly FaultKind[] = ["cut", "reset", "slow"];

/** What a fault may befall: a delta call that goes on from a token, a whole batch, a part of one, or any other call. */
export type Occasion = "continued-delta" | "batch" | "part" | "call";

export class Faults {
  readonly #options: FaultOptions;
  readonly #kinds: Readonly<Record<Exclude<Occasion, "continued-delta">, readonly FaultKind[]>>;
  readonly #refusesTokens: boolean;
  readonly #made = new Set<string>();
  readonly #turns = { call: 0, batch: 0, part: 0 };
  #tokenRefused = false;

  constructor(options: FaultOptions) {
    this.#options = options;
    const kinds = options.kinds ?? FAULT_KINDS;
    const connection = CONNECTION.filter((kind) => kinds.includes(kind));
    const answers = kinds.filter((kind) => kind !== "410" && !CONNECTION.includes(kind));
    // Batches take them in another order, so that few faults are of many kinds.
    this.#kinds = { call: [...connection, ...answers], batch: connection.toReversed(), part: answers };
    this.#refusesTokens = kinds.includes("410") && options.rate > 0;
  }

  get slowMs(): number {
    return this.#options.slowMs ?? 300;
  }

  /**
   * The fault of this request, if any. Which requests fail follows from the seed and what is asked, so that it
   * does not depend on the order of concurrent calls; kinds take turns, so that all occur. Only the first try
   * of a request fails.
   */
  next(request: string, occasion: Occasion): FaultKind | undefined {
    if (occasion === "continued-delta" && this.#refusesTokens && !this.#tokenRefused) {
      // Once: a client that starts over must get through.
      this.#tokenRefused = true;
      return "410";
    }
    const turn = occasion === "continued-delta" ? "call" : occasion;
    const kinds = this.#kinds[turn];
    if (kinds.length === 0 || this.#made.has(request)) return undefined;
    if (hashText(request, this.#options.seed ?? 0) / 0x1_0000_0000 >= this.#options.rate) return undefined;
    this.#made.add(request);
    return kinds[this.#turns[turn]++ % kinds.length];
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
