import { setMaxListeners } from "node:events";
import { describe, expect, it } from "vitest";
import type { Charge } from "./budget.ts";
import { simulatedClock } from "./clock.ts";
import { Throttle, ThrottleRegistry } from "./throttle.ts";

const never = new AbortController().signal;
setMaxListeners(0, never);
const identity = (units: number): Charge[] => [{ bucket: "graph:identity", units, alone: false }];
const policy: Charge[] = [{ bucket: "graph:conditional-access", units: 1, alone: true }];

/** Sends `count` requests from many workers and says when each left. */
async function saturate(
  throttle: Throttle,
  clock: ReturnType<typeof simulatedClock>,
  count: number,
  units: number,
) {
  const left: number[] = [];
  let next = 0;
  const worker = async () => {
    while (next < count) {
      next++;
      const release = await throttle.acquire(identity(units), never);
      left.push(clock.now());
      await clock.sleep(100, never);
      release();
    }
  };
  await Promise.all(Array.from({ length: 30 }, worker));
  return left;
}

describe("Throttle", () => {
  it.each([0.5, 1])("uses all of a share of %d and never more than the tenant gives", async (share) => {
    const clock = simulatedClock();
    const left = await saturate(new Throttle(clock, share, "S"), clock, 3_000, 3);
    const elapsed = clock.now();
    expect(elapsed).toBeLessThanOrEqual((1.1 * 9_000 * 10_000) / (3_500 * share));
    for (const start of left.filter((_, i) => i % 50 === 0)) {
      const inWindow = left.filter((at) => at >= start && at < start + 10_000).length * 3;
      expect(inWindow).toBeLessThanOrEqual(3_500);
    }
  });

  it("makes everybody on a paused budget wait, and nobody else", async () => {
    const clock = simulatedClock();
    const throttle = new Throttle(clock, 0.5, "S");
    throttle.pause("graph:identity", 5_000);
    const times = { other: 0, first: 0, second: 0 };
    await Promise.all([
      throttle.acquire(identity(1), never).then(() => (times.first = clock.now())),
      throttle.acquire(policy, never).then(() => (times.other = clock.now())),
      throttle.acquire(identity(1), never).then(() => (times.second = clock.now())),
    ]);
    expect(times).toEqual({ other: 0, first: 5_000, second: 5_000 });
  });

  it("does not let a queue for a tiny budget keep others from the host", async () => {
    const clock = simulatedClock();
    const throttle = new Throttle(clock, 0.5, "S");
    const stop = new AbortController();
    setMaxListeners(0, stop.signal);
    const slow = Array.from({ length: 100 }, () =>
      throttle.acquire(policy, stop.signal).then((release) => release()),
    );
    const release = await throttle.acquire(identity(2), never);
    expect(clock.now()).toBe(0);
    release();
    stop.abort(new Error("enough"));
    expect((await Promise.allSettled(slow)).some((one) => one.status === "rejected")).toBe(true);
  });

  it("does not let a paused subscription keep another from the host", async () => {
    const clock = simulatedClock();
    const throttle = new Throttle(clock, 0.5, "S");
    const arm = (subscription: string): Charge[] => [
      { bucket: `arm:${subscription}`, units: 1, alone: true },
    ];
    throttle.pause("arm:busy", 60_000);
    const waiting = Array.from({ length: 50 }, () =>
      throttle.acquire(arm("busy"), never).then((release) => release()),
    );
    (await throttle.acquire(arm("idle"), never))();
    expect(clock.now()).toBe(0);
    await Promise.all(waiting);
    expect(clock.now()).toBeGreaterThanOrEqual(60_000);
  });

  it("spaces Conditional Access reads by the share of one a second", async () => {
    const clock = simulatedClock();
    const throttle = new Throttle(clock, 0.5, "S");
    const at: number[] = [];
    for (let i = 0; i < 4; i++) {
      (await throttle.acquire(policy, never))();
      at.push(clock.now());
    }
    expect(at).toEqual([0, 2_000, 4_000, 6_000]);
  });

  it("gives units and place back when a waiting request is cancelled", async () => {
    const clock = simulatedClock();
    const throttle = new Throttle(clock, 0.5, "S");
    const stop = new AbortController();
    const waiting = throttle.acquire(identity(100_000), stop.signal);
    stop.abort(new Error("stopped"));
    await expect(waiting).rejects.toThrow("stopped");
    (await throttle.acquire(identity(80), never))();
    expect(clock.now()).toBe(0);
  });

  it("leaves budget to others when the tenant says that the limit is near", async () => {
    const clock = simulatedClock();
    const throttle = new Throttle(clock, 0.5, "S");
    throttle.heed("graph:identity", 0.55);
    (await throttle.acquire(identity(1), never))();
    expect(clock.now()).toBe(0);
    throttle.heed("graph:identity", 0.9);
    (await throttle.acquire(identity(1), never))();
    expect(clock.now()).toBeGreaterThanOrEqual(2_000);
  });
});

describe("ThrottleRegistry", () => {
  it("shares one throttle for a host and tenant", () => {
    const registry = new ThrottleRegistry();
    const clock = simulatedClock();
    const one = registry.throttle("graph.microsoft.com", "a", clock, 0.5, "S");
    expect(registry.throttle("graph.microsoft.com", "a", clock, 0.5, "S")).toBe(one);
    expect(registry.throttle("graph.microsoft.com", "b", clock, 0.5, "S")).not.toBe(one);
    expect(registry.throttle("management.azure.com", "a", clock, 0.5, "S")).not.toBe(one);
  });
});
