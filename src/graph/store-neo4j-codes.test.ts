import { DuckDBInstance } from "@duckdb/node-api";
import { expect, test } from "vitest";
import { makeCodes } from "./store-neo4j-codes.ts";

const NO_PRINCIPALS = "SELECT NULL::VARCHAR AS id, NULL::VARCHAR AS code WHERE false";
const grants = (from: number, to: number, step = 1): string =>
  `SELECT 'p' AS "from", 's' AS "to", lpad(i::VARCHAR, 9, '0') AS key, i AS code FROM range(${from}, ${to}, ${step}) t(i)`;

/** Published codes by key, in the order of the codes of the snapshot. */
async function codesOf(next: string, last: string): Promise<Map<string, number>> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  try {
    await makeCodes(
      connection,
      { principals: NO_PRINCIPALS, grants: next },
      { principals: NO_PRINCIPALS, grants: last },
    );
    const rows = (await connection.runAndReadAll("SELECT key, code FROM code_grant ORDER BY was")).getRows();
    return new Map(rows.map(([key, code]) => [String(key), Number(code)]));
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
const asRows = (codes: ReadonlyMap<string, number>): string =>
  `SELECT 'p' AS "from", 's' AS "to", key, code FROM (VALUES ${[...codes].map(([key, code]) => `('${key}', ${code})`).join(", ")}) v(key, code)`;
const ascending = (codes: ReadonlyMap<string, number>): boolean =>
  [...codes.values()].every((code, i, all) => Number.isSafeInteger(code) && (i === 0 || code > all[i - 1]!));

test("tens of thousands of grants at once get codes that sort as they do", async () => {
  const codes = await codesOf(grants(0, 50_000), grants(0, 0));
  expect(codes.size).toBe(50_000);
  expect(ascending(codes)).toBe(true);
});

test("what was published keeps its code, what is new comes between its neighbours", async () => {
  const before = await codesOf(grants(0, 6_000, 2), grants(0, 0));
  const after = await codesOf(grants(0, 6_000), asRows(before));
  expect(ascending(after)).toBe(true);
  for (const [key, code] of before) expect(after.get(key)).toBe(code);
});
