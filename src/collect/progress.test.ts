import { expect, test } from "vitest";
import { createProgress, formatDuration, formatProgress } from "./progress.ts";

test("counts and rate come from the pages, remaining time from the pages that are known to follow", () => {
  let now = 0;
  const progress = createProgress(() => now);
  progress.observe({ type: "step-started", step: "a.users", title: "Users" });
  now = 2_000;
  progress.observe({ type: "page", step: "a.users", scope: "", records: 1_000, pages: 1, total: 4 });
  expect(progress.steps()).toMatchObject([{ records: 1_000, recordsPerSecond: 500, remainingMs: 6_000 }]);
  expect(progress.steps().map(formatProgress)).toEqual(["Users: 1,000 records, 500/s, about 6 s left"]);
});

test("where nobody knows how much follows, no remaining time is made up", () => {
  const progress = createProgress(() => 0);
  progress.observe({ type: "step-started", step: "a.users", title: "Users" });
  progress.observe({ type: "page", step: "a.users", scope: "", records: 5, pages: 1 });
  expect(progress.steps()[0]?.remainingMs).toBeUndefined();
  expect(progress.steps()[0]?.recordsPerSecond).toBe(0);
});

test("a step that ended shows its state and stops its clock", () => {
  let now = 0;
  const progress = createProgress(() => now);
  progress.observe({ type: "step-started", step: "a.users", title: "Users" });
  now = 90_000;
  progress.observe({ type: "pass-ended", step: "a.users", scope: "", state: "denied" });
  progress.observe({ type: "step-ended", step: "a.users", state: "denied" });
  now = 500_000;
  expect(progress.steps().map(formatProgress)).toEqual(["Users: 0 records, denied in 1 min 30 s"]);
});

test.each([
  [12_400, "12 s"],
  [200_000, "3 min 20 s"],
  [3_900_000, "1 h 05 min"],
])("%i ms read as %s", (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});
