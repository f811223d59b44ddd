/** The highest label of a place follows from the tenant's own order, and from nothing else. */
import { expect, test } from "vitest";
import { LABELS } from "../../simulator/files.ts";
import { newFolder, run, scan, serve, smallTenant } from "./cli.ts";

type Row = Record<string, unknown>;
const rowsOf = (text: string): Row[] =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Row);

test("top_label is the label of highest priority among the items of a place", async () => {
  const folder = newFolder();
  await scan(await serve({ tenant: smallTenant() }), folder);
  const query =
    "MATCH (i:Item)-[:PROTECTED_BY]->(s:Scope) MATCH (i)-[:LABELED]->(l:Label) WHERE l.kind = 'Sensitivity' RETURN DISTINCT s.id AS scope, l.name AS label";
  const there = rowsOf((await run(["query", query, "--format", "json"], { folder })).stdout);
  const rows = rowsOf((await run(["reach", "--all", "--expand", "--format", "json"], { folder })).stdout);
  const containers = rows.filter(({ scope_id }) => there.some(({ scope }) => scope === scope_id));
  expect(containers.length).toBeGreaterThan(5);
  for (const { scope_id, top_label } of containers) {
    const names = there.filter(({ scope }) => scope === scope_id).map(({ label }) => label);
    expect(top_label).toBe(LABELS.findLast((name) => names.includes(name)));
  }
});

test("where the order of labels is refused, none is called the top one, and coverage says why", async () => {
  const folder = newFolder();
  const simulator = await serve({
    ...{ tenant: smallTenant(), refuse: [{ match: "/sensitivityLabels", status: 403 }] },
  });
  expect(await scan(simulator, folder)).toMatchObject({ code: 3 });
  const rows = rowsOf((await run(["reach", "--all", "--format", "json"], { folder })).stdout);
  expect(rows.some(({ labeled }) => Number(labeled) > 0)).toBe(true);
  expect(new Set(rows.map(({ top_label }) => top_label))).toEqual(new Set([""]));
  const coverage = rowsOf((await run(["coverage", "--format", "json"], { folder })).stdout);
  expect(coverage).toMatchObject([
    {
      step: "purview.labels",
      state: "denied",
      fix: expect.stringContaining("SensitivityLabel.Read") as string,
    },
  ]);
});

test("at level labels the labels that Office files carry are read, every container to its end", async () => {
  const folder = newFolder();
  const simulator = await serve({ tenant: smallTenant() });
  const unknown = async () => {
    const query = "MATCH (i:Item)-[:LABELED]->(:Label {id: 'label-unknown'}) RETURN count(i) AS items";
    return rowsOf((await run(["query", query, "--format", "json"], { folder })).stdout)[0]?.items;
  };
  await scan(simulator, folder);
  const before = await unknown();
  expect(await scan(simulator, folder, ["--level", "labels"])).toMatchObject({ code: 0 });
  expect(Number(await unknown())).toBeLessThan(Number(before));
});
