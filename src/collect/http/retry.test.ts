import { describe, expect, it } from "vitest";
import { backoffMs, retryAfterMs } from "./retry.ts";

const NOW = Date.parse("2026-01-01T00:00:00Z");

describe("retryAfterMs", () => {
  it.each([
    ["whole seconds", { "retry-after": "10" }, 10_000],
    ["fractions of a second", { "retry-after": "2.128" }, 2_128],
    ["an HTTP date", { "retry-after": "Thu, 01 Jan 2026 00:00:30 GMT" }, 30_000],
    ["a date that has passed", { "retry-after": "Wed, 31 Dec 2025 23:59:00 GMT" }, 0],
    [
      "a date, against the server's own clock",
      { "retry-after": "Thu, 01 Jan 2026 01:00:30 GMT", date: "Thu, 01 Jan 2026 01:00:00 GMT" },
      30_000,
    ],
    ["milliseconds", { "x-ms-retry-after-ms": "250" }, 250],
    ["the longer of two", { "retry-after": "1", "ratelimit-reset": "7" }, 7_000],
    ["nothing", {}, undefined],
    ["nonsense", { "retry-after": "soon" }, undefined],
    ["a negative number", { "retry-after": "-5" }, undefined],
  ])("reads %s", (_, headers, expected) => {
    expect(retryAfterMs(headers, NOW)).toBe(expected);
  });
});

describe("backoffMs", () => {
  it("doubles, with full jitter, up to a minute", () => {
    expect([1, 2, 3, 7, 20].map((attempt) => backoffMs(attempt, () => 1))).toEqual([
      1_000, 2_000, 4_000, 60_000, 60_000,
    ]);
    expect(backoffMs(5, () => 0)).toBe(0);
  });
});
