/** Graph and coverage are published at once: whatever stops a run between the two, readers see the ones before. */
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { acceptGap, importFile, openAnswers } from "../src/app.ts";
import { readMeta } from "../src/keep/meta.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "forereach-publication-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const importScope = async (id: string) => {
  const file = join(folder, "places.jsonl");
  await writeFile(
    file,
    `${JSON.stringify({ put: { kind: "Scope", id, props: { kind: "Site", name: id } } })}\n`,
  );
  return importFile({ folder, file });
};
/** What is answered, from which snapshot. */
const shown = async () => {
  const answers = await openAnswers(folder);
  try {
    const rows = await answers.ask("MATCH (s:Scope) WHERE s.kind = 'Site' RETURN s.id AS id ORDER BY id");
    const gaps = answers.gaps.map(({ step, state }) => `${step} ${state}`);
    return { snapshot: answers.meta.snapshot, ids: rows.map(({ id }) => id), gaps };
  } finally {
    await answers.close();
  }
};
const graphs = async () => (await readdir(join(folder, "graph"))).sort();

test("a run that ends before its coverage is written leaves the graph before, too", async () => {
  await importScope("one");
  const before = await shown();
  expect(before).toMatchObject({ ids: ["one"], gaps: [] });
  const files = await graphs();

  const draft = join(folder, `.graph.json.${process.pid}.part`);
  await mkdir(draft);
  await expect(importScope("two")).rejects.toThrow();
  await rm(draft, { recursive: true, force: true });
  expect(await shown()).toEqual({ ...before, gaps: ["import.places partial"] });
  expect(await graphs()).toEqual(files);

  await importScope("two");
  expect(await shown()).toMatchObject({ ids: ["one", "two"], gaps: [] });
  expect(await graphs()).toEqual([(await readMeta(folder)).graph]);
});

test("a file that was not applied leaves answers as they were, and one that was is named until a graph shows it", async () => {
  await importScope("one");
  const before = await shown();
  await writeFile(join(folder, "wrong.jsonl"), "{");
  await expect(importFile({ folder, file: join(folder, "wrong.jsonl") })).rejects.toMatchObject({
    code: "bad-record",
  });
  expect(await shown()).toEqual(before);

  const draft = join(folder, `.graph.json.${process.pid}.part`);
  await mkdir(draft);
  await expect(importScope("two")).rejects.toThrow();
  await rm(draft, { recursive: true, force: true });
  await acceptGap(folder, "import.places", undefined, "known", "2999-01-01");
  expect((await shown()).gaps).toEqual(["import.places partial"]);
  await writeFile(join(folder, "more.jsonl"), "");
  await importFile({ folder, file: join(folder, "more.jsonl") });
  expect(await shown()).toMatchObject({ ids: ["one", "two"], gaps: [] });
});

test("what killed runs left goes with the next one, and what runs stays", async () => {
  await importScope("one");
  const gone = [
    "export-999999999",
    "graph/graph-left.db",
    "graph/new-graph-left.db.wal",
    "graph/exchange-left",
  ];
  const stays = `export-${process.ppid}`;
  for (const name of [...gone, stays]) await mkdir(join(folder, name));
  await importScope("two");
  expect(await readdir(folder)).toEqual(expect.arrayContaining([stays]));
  expect((await readdir(folder)).filter((name) => gone.includes(name))).toEqual([]);
  expect(await graphs()).toEqual([(await readMeta(folder)).graph]);
});

test("a graph of a version that kept its name in a file of its own is derived anew, and nothing is left of it", async () => {
  await importScope("one");
  const { graph, ...older } = await readMeta(folder);
  await writeFile(join(folder, "graph.json"), JSON.stringify({ ...older, version: 2 }));
  await rename(join(folder, "graph", graph), join(folder, "graph", "graph-older.db"));
  await writeFile(join(folder, "graph", "current"), "graph-older.db");
  await expect(readMeta(folder)).rejects.toMatchObject({ code: "older-version" });
  await importScope("two");
  expect((await shown()).ids).toEqual(["one", "two"]);
  expect(await graphs()).toEqual([(await readMeta(folder)).graph]);
});
