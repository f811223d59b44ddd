import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import type { Step } from "../connector.ts";
import { publishEarly } from "./early.ts";
import type { Clock } from "./http.ts";

const step = (id: string, produces: Step["produces"]): Step => ({
  ...{ id, title: id, produces, reads: [], hides: "grants", needs: [] },
  async *crawl() {},
});
const steps = [
  step("a.agents", ["Agent"]),
  step("a.grants", ["GRANTED"]),
  step("a.places", ["Scope", "WITHIN"]),
  step("a.items", ["Item"]),
];

/** A clock that stands still until the test sets it. */
function handClock() {
  let now = 0;
  const sleepers = new Set<{ at: number; wake: () => void }>();
  const clock: Clock = {
    now: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        signal.throwIfAborted();
        sleepers.add({ at: now + ms, wake: resolve });
        signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      }),
  };
  return {
    clock,
    async set(seconds: number) {
      now = seconds * 1000;
      for (const sleeper of sleepers) if (sleeper.at <= now) sleeper.wake();
      await turn();
    },
  };
}

function watched(publish: () => Promise<void> = async () => {}) {
  const hand = handClock();
  const built: string[][] = [];
  const failures: unknown[] = [];
  const early = publishEarly({
    steps,
    clock: hand.clock,
    onFailure: (error) => failures.push(error),
    publish: (unread) => {
      built.push(unread.map(({ id }) => id));
      return publish();
    },
  });
  const end = (...ids: string[]) => {
    for (const id of ids) early.observe({ type: "step-ended", step: id, state: "complete" });
  };
  return { ...hand, built, failures, early, end };
}

test("builds as soon as agents, grants and places are read, and says which steps are not", async () => {
  const { set, built, end, early } = watched();
  await set(20);
  end("a.agents", "a.grants");
  await set(60);
  expect(built).toEqual([]);
  end("a.places");
  await set(61);
  expect(built).toEqual([["a.items"]]);
  await early.stop();
});

test("builds after three minutes from whatever there is, and then ever less often", async () => {
  const { set, built, end, early } = watched();
  end("a.agents");
  await set(20);
  await set(179);
  expect(built).toEqual([]);
  await set(180);
  expect(built).toEqual([["a.grants", "a.places", "a.items"]]);
  await set(360);
  await set(719);
  expect(built).toHaveLength(2);
  await set(720);
  expect(built).toHaveLength(3);
  await early.stop();
});

test("a first build that lacked something is followed by one as soon as that is read", async () => {
  const { set, built, end, early } = watched();
  await set(20);
  await set(180);
  end("a.agents", "a.grants", "a.places");
  await set(200);
  expect(built).toEqual([["a.agents", "a.grants", "a.places", "a.items"], ["a.items"]]);
  await early.stop();
});

test("builds nothing for a crawl that ends within seconds", async () => {
  const { set, built, end, early } = watched();
  end("a.agents", "a.grants", "a.places");
  await set(19);
  await early.stop();
  await set(1_000);
  expect(built).toEqual([]);
});

test("a build that fails is told of, and the next one comes", async () => {
  const { set, built, failures, early } = watched(() => Promise.reject(new Error("no room")));
  await set(20);
  await set(180);
  expect(failures).toEqual([new Error("no room")]);
  await set(360);
  expect(built).toHaveLength(2);
  await early.stop();
});

test("the end waits for the build under way and starts no other", async () => {
  let finish = () => {};
  const building = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const { set, built, early } = watched(() => building);
  await set(20);
  await set(180);
  let stopped = false;
  const stopping = early.stop().then(() => {
    stopped = true;
  });
  await set(1_000);
  expect([built.length, stopped]).toEqual([1, false]);
  finish();
  await stopping;
  expect(built).toHaveLength(1);
});
