/**
 * One throttle for a host and tenant, shared by everything that calls it: budgets, pauses and a cap on
 * concurrency. First come, first served.
 */
import { type Charge, type Limit, limitOf, type TenantSize } from "./budget.ts";
import type { Clock } from "./clock.ts";

/** Exchanges with one host at the same time. */
const CONCURRENCY = 32;
/** How much of the budget is left to others when the tenant says that its limit is near, or passed. */
const YIELD_NEAR_MS = 2_000;
const YIELD_PASSED_MS = 5_000;
/** Above its own share, a use this much higher (of 1) is somebody else's, or the limit is lower than thought. */
const OTHERS_USE = 0.1;

class Bucket {
  limit: Limit;
  pausedUntil = 0;
  #level: number;
  #at: number;
  #yieldedUntil = 0;

  constructor(limit: Limit, now: number) {
    this.limit = limit;
    this.#level = limit.burst;
    this.#at = now;
  }

  /** Takes the units at once and says how many milliseconds to wait before they may be used. */
  reserve(units: number, now: number): number {
    this.#refill(now);
    this.#level -= units;
    return this.#level >= 0 ? 0 : -this.#level / this.limit.rate;
  }

  /** Gives back (or, negative, takes in arrears) what an estimate or a cancelled request got wrong. */
  correct(units: number, now: number): void {
    this.#refill(now);
    this.#level = Math.min(this.limit.burst, this.#level + units);
  }

  /** Leaves `ms` of the budget unused; once in that time however often it is asked for. */
  yield(ms: number, now: number): void {
    if (now < this.#yieldedUntil) return;
    this.#yieldedUntil = now + ms;
    this.#refill(now);
    this.#level = Math.min(0, this.#level) - ms * this.limit.rate;
  }

  #refill(now: number): void {
    this.#level = Math.min(this.limit.burst, this.#level + (now - this.#at) * this.limit.rate);
    this.#at = now;
  }
}

interface Waiter {
  go: () => void;
}

export class Throttle {
  readonly #clock: Clock;
  readonly #buckets = new Map<string, Bucket>();
  readonly #waiters = new Set<Waiter>();
  #free = CONCURRENCY;
  #share: number;
  #size: TenantSize;

  constructor(clock: Clock, share: number, size: TenantSize) {
    this.#clock = clock;
    this.#share = share;
    this.#size = size;
  }

  /** What the newest transport knows about the tenant holds for all. */
  configure(share: number, size: TenantSize): void {
    this.#share = share;
    this.#size = size;
    for (const [name, bucket] of this.#buckets) bucket.limit = limitOf(name, share, size);
  }

  /**
   * Waits until the charges may be spent and a place is free; the caller calls the returned function when
   * the exchange is over. Rejects when the signal aborts, and then nothing is spent.
   */
  async acquire(charges: readonly Charge[], signal: AbortSignal): Promise<() => void> {
    const spent: Charge[] = [];
    let release: (() => void) | undefined;
    try {
      // Pauses and budgets of their own are waited for outside: one busy subscription, or 30 questions about
      // policies, must not keep all others from the host.
      await this.#outwait(charges, signal);
      await this.#spend(
        charges.filter((charge) => charge.alone),
        spent,
        signal,
      );
      release = await this.#place(signal);
      await this.#spend(
        charges.filter((charge) => !charge.alone),
        spent,
        signal,
      );
      await this.#outwait(charges, signal);
      return release;
    } catch (error) {
      release?.();
      for (const charge of spent) this.correct(charge.bucket, charge.units);
      throw error;
    }
  }

  /** Everybody on this budget waits until the given time. */
  pause(bucket: string, ms: number): void {
    const paused = this.#bucket(bucket);
    paused.pausedUntil = Math.max(paused.pausedUntil, this.#clock.now() + ms);
  }

  /** The tenant counted differently: `units` back, or negative, more. */
  correct(bucket: string, units: number): void {
    if (units !== 0) this.#bucket(bucket).correct(units, this.#clock.now());
  }

  /** `used`: part of the limit that is in use by all, 1 being the limit (x-ms-throttle-limit-percentage). */
  heed(bucket: string, used: number): void {
    if (used <= this.#share + OTHERS_USE) return;
    this.#bucket(bucket).yield(used < 1 ? YIELD_NEAR_MS : YIELD_PASSED_MS, this.#clock.now());
  }

  async #spend(charges: readonly Charge[], spent: Charge[], signal: AbortSignal): Promise<void> {
    for (const charge of charges) {
      const wait = this.#bucket(charge.bucket).reserve(charge.units, this.#clock.now());
      spent.push(charge);
      if (wait > 0) await this.#clock.sleep(wait, signal);
    }
  }

  async #outwait(charges: readonly Charge[], signal: AbortSignal): Promise<void> {
    for (;;) {
      const until = Math.max(0, ...charges.map((charge) => this.#bucket(charge.bucket).pausedUntil));
      const wait = until - this.#clock.now();
      if (wait <= 0) return;
      await this.#clock.sleep(wait, signal);
    }
  }

  async #place(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    if (this.#free > 0) this.#free--;
    else
      await new Promise<void>((resolve, reject) => {
        const abort = () => {
          this.#waiters.delete(waiter);
          reject(signal.reason);
        };
        const waiter: Waiter = {
          go: () => {
            signal.removeEventListener("abort", abort);
            resolve();
          },
        };
        signal.addEventListener("abort", abort, { once: true });
        this.#waiters.add(waiter);
      });
    return () => {
      const [next] = this.#waiters;
      if (next === undefined) {
        this.#free++;
        return;
      }
      this.#waiters.delete(next);
      next.go();
    };
  }

  #bucket(name: string): Bucket {
    let bucket = this.#buckets.get(name);
    if (bucket === undefined) {
      bucket = new Bucket(limitOf(name, this.#share, this.#size), this.#clock.now());
      this.#buckets.set(name, bucket);
    }
    return bucket;
  }
}

/** Throttles by host and tenant. Limits belong to the tenant, so transports of one program share them. */
export class ThrottleRegistry {
  readonly #throttles = new Map<string, Throttle>();

  throttle(host: string, tenantId: string, clock: Clock, share: number, size: TenantSize): Throttle {
    const key = `${host} ${tenantId}`;
    let throttle = this.#throttles.get(key);
    if (throttle === undefined) {
      throttle = new Throttle(clock, share, size);
      this.#throttles.set(key, throttle);
    } else throttle.configure(share, size);
    return throttle;
  }
}

export const sharedThrottles = new ThrottleRegistry();
