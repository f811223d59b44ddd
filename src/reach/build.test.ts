import { expect, test } from "vitest";
import type { Step } from "../connector.ts";
import type { CoverageRow } from "../keep/inventory.ts";
import { withUnread } from "./build.ts";

const row = (step: string, scope: string): CoverageRow => ({
  ...{ step, scope, state: "complete", records: 3, accepted: undefined },
  ...{ observedFrom: "2026-01-01T00:00:00Z", observedTo: "2026-01-01T00:05:00Z" },
});
const step = (id: string): Step => ({
  ...{ id, title: id, produces: [], reads: [], hides: "grants", needs: [] },
  async *crawl() {},
});

test("a step that is still being read is partial, whatever an earlier scan said of it", () => {
  const coverage = [row("a.users", ""), row("a.sites", ""), row("a.sites", "s1")];
  const shown = withUnread(coverage, [step("a.sites"), step("a.items")]);
  expect(shown.map(({ step, scope, state, records }) => [step, scope, state, records])).toEqual([
    ["a.users", "", "complete", 3],
    ["a.sites", "s1", "complete", 3],
    ["a.sites", "", "partial", 3],
    ["a.items", "", "partial", 0],
  ]);
});

test("once everything is read, coverage stays as it is", () => {
  const coverage = [row("a.users", "")];
  expect(withUnread(coverage, [])).toEqual(coverage);
});
