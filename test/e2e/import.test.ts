/** Facts are facts, whoever brings them: imported records give the rows that crawling gives. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { expect, test } from "vitest";
import { properties } from "../../src/graph/generate.ts";
import { type GraphTable, openInventory } from "../../src/keep/inventory.ts";
import { newFolder, run, scan, serve, smallTenant } from "./cli.ts";

test("records of a crawled tenant, imported into an empty folder, give the same reach", async () => {
  const crawled = newFolder();
  const simulator = await serve({ tenant: smallTenant() });
  expect(await scan(simulator, crawled)).toMatchObject({ code: 0 });
  const file = join(newFolder(), "tenant.jsonl");
  const lines = await recordsOf(crawled);
  writeFileSync(file, [...lines, '{"coverage":{"step":"import.tenant","state":"complete"}}', ""].join("\n"));

  const imported = newFolder();
  const ended = await run(["import", file], { folder: imported });
  expect(ended).toMatchObject({ code: 0, stderr: "" });
  expect(ended.stdout).toContain(`Imported ${lines.length.toLocaleString("en-US")} records`);
  const rows = await reachRows(crawled);
  expect(rows.length).toBeGreaterThan(20);
  expect(await reachRows(imported)).toEqual(rows);
});

/** Rows without whose tenant it is and when and in which snapshot it was read, which an import cannot know. */
async function reachRows(folder: string): Promise<unknown[]> {
  const { code, stdout } = await run(["reach", "--all", "--expand", "--format", "json"], { folder });
  expect(code).toBe(0);
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => {
      const { tenant_id, observed_from, observed_to, snapshot, ...row } = JSON.parse(line) as Row;
      return row;
    });
}

type Row = Record<string, unknown>;

/** Everything that the inventory knows, as lines of a records file. */
async function recordsOf(folder: string): Promise<string[]> {
  const exported = join(folder, "exported");
  mkdirSync(exported);
  const inventory = await openInventory(join(folder, "inventory.duckdb"));
  const tables = await (await inventory.snapshot()).export(exported);
  await inventory.close();
  const connection = await (await DuckDBInstance.create(":memory:")).connect();
  const lines: string[] = [];
  for (const table of tables) {
    const result = await connection.runAndReadAll(`SELECT * FROM read_parquet('${table.file}')`);
    for (const row of result.getRowObjectsJson()) {
      const record = recordOf(table, row);
      if (record !== undefined) lines.push(JSON.stringify({ put: record }));
    }
  }
  connection.closeSync();
  return lines;
}

function recordOf({ kind, from, to }: GraphTable, row: Row): Row | undefined {
  if (kind === "HOLDS" || kind === "TALLY" || kind === "GUARDED") return undefined;
  const known = properties(kind).flatMap(({ name, type }) => {
    const value = row[name];
    if (value === null || value === undefined) return [];
    return [[name, type === "int" ? Number(value) : value] as const];
  });
  const props = Object.fromEntries(typeof row.key === "string" ? [["key", row.key], ...known] : known);
  if (from !== undefined)
    return { kind, from: { kind: from, id: row.from }, to: { kind: to, id: row.to }, props };
  // What is only named by others is in no record of its own.
  return known.length === 0 ? undefined : { kind, id: row.id, props };
}
