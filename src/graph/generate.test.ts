import { DuckDBInstance } from "@duckdb/node-api";
import lbug from "@ladybugdb/core";
import { expect, test } from "vitest";
import { NODE_KINDS, NODES, REL_KINDS, RELS } from "../schema.ts";
import {
  DIALECTS,
  embeddedCopy,
  embeddedDdl,
  exportColumns,
  inventoryColumns,
  inventoryDdl,
  pairs,
  properties,
  schemaPage,
} from "./generate.ts";

const KINDS = [...NODE_KINDS, ...REL_KINDS];

test("DuckDB takes the DDL of every kind, and again on an existing database", async () => {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  for (const statement of [...inventoryDdl(), ...inventoryDdl()]) await connection.run(statement);
  const reader = await connection.runAndReadAll("SELECT table_name FROM duckdb_tables() ORDER BY table_name");
  expect(reader.getRows().map((row) => row[0])).toEqual([...KINDS].sort());
  connection.closeSync();
  instance.closeSync();
});

test("the embedded engine takes the DDL of every kind and every property can be queried", async () => {
  const database = new lbug.Database(":memory:", 128 * 1024 * 1024);
  const connection = new lbug.Connection(database);
  const run = async (cypher: string) => {
    const result = await connection.query(cypher);
    return Array.isArray(result) ? result : [result];
  };
  for (const statement of embeddedDdl()) await run(statement);
  const { quote } = DIALECTS.embedded;
  for (const kind of NODE_KINDS)
    await run(`MATCH (n:${quote(kind)}) RETURN ${exportColumns(kind).map((name) => `n.${quote(name)}`)}`);
  for (const kind of REL_KINDS) {
    const names = exportColumns(kind).slice(2);
    for (const { from, to } of pairs(kind))
      await run(
        `MATCH (:${quote(from)})-[r:${quote(kind)}]->(:${quote(to)}) RETURN ${["id(r)", ...names.map((name) => `r.${quote(name)}`)]}`,
      );
  }
  await connection.close();
  await database.close();
});

test("no property collides with another column of its table, whatever its case", () => {
  for (const kind of KINDS) {
    const stored = inventoryColumns(kind).map((column) => column.name.toLowerCase());
    expect(new Set(stored).size).toBe(stored.length);
    const exported = exportColumns(kind).map((name) => name.toLowerCase());
    expect(new Set(exported).size).toBe(exported.length);
  }
  expect(new Set(KINDS.map((kind) => kind.toLowerCase())).size).toBe(KINDS.length);
});

test("cleared properties of every kind fit the bits of one integer", () => {
  for (const kind of KINDS) expect(properties(kind).length).toBeLessThan(64);
});

test("an export starts with the endpoints and the key, and ends with the code where a kind has one", () => {
  expect(exportColumns("OWNS")).toEqual(["from", "to"]);
  expect(exportColumns("GRANTED").slice(0, 4)).toEqual(["from", "to", "key", "read"]);
  expect(exportColumns("GRANTED").at(-1)).toBe("code");
  expect(exportColumns("Scope").at(-1)).toBe("code");
  expect(exportColumns("Item").slice(0, 2)).toEqual(["id", "kind"]);
  expect(exportColumns("Item")).not.toContain("code");
});

test("a bulk load names the pair of a relationship and escapes the path", () => {
  expect(embeddedCopy({ kind: "Agent", file: "/tmp/it's.parquet" })).toBe(
    "COPY `Agent` FROM '/tmp/it\\'s.parquet'",
  );
  expect(embeddedCopy({ kind: "OWNS", from: "Principal", to: "Agent", file: "/tmp/o.parquet" })).toBe(
    "COPY `OWNS` FROM '/tmp/o.parquet' (from='Principal', to='Agent')",
  );
});

test("the schema page describes every kind and property", () => {
  const page = schemaPage();
  for (const kind of NODE_KINDS) {
    expect(page).toContain(`### ${kind}\n\n${NODES[kind].about}`);
    for (const { name } of properties(kind)) expect(page).toContain(`\`${name}\``);
  }
  for (const kind of REL_KINDS) expect(page).toContain(RELS[kind].about);
});
