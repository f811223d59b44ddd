import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { PUBLICATION, readBehind, withBehind, writeBehind } from "./behind.ts";
import type { GraphMeta } from "./meta.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "forereach-behind-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const row = (step: string, more: object = {}) =>
  ({
    step,
    scope: "",
    state: "complete",
    hides: "both",
    records: 1,
    ...more,
  }) as GraphMeta["coverage"][number];
const metaOf = (...coverage: GraphMeta["coverage"][number][]): GraphMeta => ({
  ...{ version: 3, tenant: "t", tenantName: "T", snapshot: "s", graph: "g.db", scan: "s1", configHash: "" },
  ...{ time: "2026-01-01", observedFrom: "2026-01-01", observedTo: "2026-01-01" },
  ...{ coverage, findings: [] },
});
const STEPS = [
  { id: "a.read", hides: "grants" },
  { id: "b.lacking", hides: "use" },
] as const;
const said = ({ coverage }: GraphMeta) => coverage.map(({ step, state }) => `${step} ${state}`);

test("is nothing without a file, comes back as it was written, and is all where it cannot be read", async () => {
  const meta = metaOf(row("a.read"));
  expect(withBehind(meta, await readBehind(folder), STEPS)).toBe(meta);
  await writeBehind(folder, { scan: "s2", imports: ["import.hr"] });
  expect(await readBehind(folder)).toEqual({ scan: "s2", imports: ["import.hr"] });
  await writeFile(join(folder, "behind.json"), "{");
  expect(said(withBehind(meta, await readBehind(folder), STEPS))).toContain(`${PUBLICATION} partial`);
  await writeBehind(folder, { imports: [] });
  expect(await readdir(folder)).toEqual([]);
});

test("a graph of another scan is older, and lacks steps of which it says nothing; one of the same says so itself", () => {
  const meta = metaOf(row("a.read"));
  const { coverage } = withBehind(meta, { scan: "s2", imports: [] }, STEPS);
  expect(coverage).toMatchObject([
    { step: "a.read", state: "complete" },
    { step: PUBLICATION, state: "partial" },
    { step: "b.lacking", state: "partial", hides: "use" },
  ]);
  expect(withBehind(meta, { scan: "s1", imports: [] }, STEPS)).toBe(meta);
});

test("an import that is not shown is a gap that nobody has accepted, and not a better one than before", () => {
  const accepted = { reason: "known", until: "2999-01-01" };
  const meta = metaOf(row("import.hr", { state: "denied", reason: "403", accepted }), row("import.it"));
  const { coverage } = withBehind(meta, { imports: ["import.hr", "import.it", "import.new"] }, STEPS);
  expect(coverage).toMatchObject([
    { step: "import.hr", state: "denied", reason: expect.stringMatching(/^403; imported/) as string },
    { step: "import.it", state: "partial", accepted: undefined },
    { step: "import.new", state: "partial", records: 0 },
  ]);
  expect(coverage[0]?.accepted).toBeUndefined();
});
