import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { csvText } from "../../reports/csv.ts";
import type { CoverageLine } from "../../reports/index.ts";
import { ConfigError, type Row } from "../model.ts";
import { type ExportRequest, exportRows } from "./export.ts";
import { jsonLines, tableText } from "./format.ts";

async function* stream(rows: readonly Row[]): AsyncGenerator<Row> {
  yield* rows;
}
const textOf = async (chunks: AsyncIterable<string>): Promise<string> => {
  let text = "";
  for await (const chunk of chunks) text += chunk;
  return text;
};
const csv = (rows: readonly Row[], columns: readonly string[], options = {}) =>
  textOf(csvText(stream(rows), columns, options));

describe("CSV", () => {
  it("has a header, commas, quotes where needed, and ends lines with CR LF", async () => {
    expect(
      await csv(
        [
          { a: 'say "x", y', b: 1 },
          { a: "two\nlines", b: null },
        ],
        ["a", "b"],
      ),
    ).toBe('a,b\r\n"say ""x"", y",1\r\n"two\nlines",\r\n');
  });

  it("has its header even when there are no rows", async () => {
    expect(await csv([], ["a", "b"])).toBe("a,b\r\n");
  });

  it.each(["=1+1", "+1", "-1", "@x", "\tx", "\rx"])("disarms the formula %j", async (cell) => {
    expect(await csv([{ a: cell }], ["a"])).toMatch(/\r\n"?'/);
  });

  it("leaves numbers numbers, negative ones too", async () => {
    expect(await csv([{ a: -5, b: 1.5, c: 10n, d: true }], ["a", "b", "c", "d"])).toContain(
      "\r\n-5,1.5,10,true\r\n",
    );
  });

  it("joins lists for people", async () => {
    expect(await csv([{ a: ["x", "y"] }], ["a"])).toBe("a\r\nx; y\r\n");
  });

  it("disarms a list whose first value is a formula", async () => {
    expect(await csv([{ a: ["=x", "y"] }], ["a"])).toContain("\r\n'=x; y");
  });

  it("ends with the error of its rows, never as if it were whole", async () => {
    const broken = async function* (): AsyncGenerator<Row> {
      yield { a: 1 };
      throw new Error("the store went away");
    };
    await expect(textOf(csvText(broken(), ["a"]))).rejects.toThrow("the store went away");
  });
});

describe("JSON lines", () => {
  it("hold one object a line, in the order of the columns, null for what is not known", async () => {
    const text = await textOf(jsonLines(stream([{ b: ["x"], a: 1n, z: 0 }, { a: 2n ** 60n }]), ["a", "b"]));
    expect(text).toBe('{"a":1,"b":["x"]}\n{"a":"1152921504606846976","b":null}\n');
  });
});

describe("the table", () => {
  const rows = [
    { agent_name: "Payroll assistant", items: 12345 },
    { agent_name: "Bot", items: 7 },
  ];

  it("puts numbers to the right and names to the left", async () => {
    expect(await textOf(tableText(stream(rows), ["agent_name", "items"]))).toBe(
      [
        "agent name          items",
        "─────────────────  ──────",
        "Payroll assistant  12,345",
        "Bot                     7",
        "",
      ].join("\n"),
    );
  });

  it("cuts the widest column until a line fits", async () => {
    const text = await textOf(tableText(stream(rows), ["agent_name", "items"], { width: 20 }));
    for (const line of text.trimEnd().split("\n")) expect(line.length).toBeLessThanOrEqual(20);
    expect(text).toContain("…");
  });

  it("says how many rows it does not show", async () => {
    expect(await textOf(tableText(stream(rows), ["items"], { limit: 1 }))).toContain("1 more rows");
  });

  it("lets no name steer the terminal", async () => {
    const text = await textOf(tableText(stream([{ a: "\u001b[2Jgone\u202e" }]), ["a"]));
    expect(text).not.toContain("\u001b");
    expect(text).not.toContain("\u202e");
  });

  it("says that there are no rows", async () => {
    expect(await textOf(tableText(stream([]), ["a"]))).toBe("No rows.\n");
  });
});

describe("an export", () => {
  let dir = "";
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "export-"));
  });
  afterEach(() => rm(dir, { recursive: true }));

  const coverage: readonly CoverageLine[] = [
    { step: "entra.users", scope: "", state: "complete" },
    {
      step: "azure.blobs",
      scope: "s2",
      state: "denied",
      reason: "403",
      fix: "grant Reader",
      hides: "grants",
    },
    { step: "azure.blobs", scope: "s1", state: "complete" },
  ];
  const request = (changes: Partial<ExportRequest> = {}): ExportRequest => ({
    format: "csv",
    out: join(dir, "reach.csv"),
    rows: stream([
      { a: "x", n: 1 },
      { a: "y", n: 2 },
      { a: "z", n: 3 },
    ]),
    columns: [
      { name: "a", type: "text" },
      { name: "n", type: "int" },
    ],
    about: {
      view: { title: "Reach", tenant: "t", snapshot: "abc", time: "2026-01-05T00:00:00Z", coverage },
      evidence: {
        schemaVersion: 1,
        controlTotals: [{ name: "users", ours: 3, theirs: undefined }],
        configHash: "c",
        toolVersion: "0.1.0",
        command: "forereach reach --all",
      },
    },
    ...changes,
  });
  const read = (name: string) => readFile(join(dir, name), "utf8");

  it("comes with what was not read and with a manifest that fits the file", async () => {
    expect(await exportRows(request())).toMatchObject({ rows: 3 });
    expect(await read("reach.coverage.csv")).toBe(
      "step,scope,state,reason,fix,accepted_reason,accepted_until,hides,agents_concerned\r\n" +
        "azure.blobs,s2,denied,403,grant Reader,,,grants,\r\n",
    );
    const manifest: unknown = JSON.parse(await read("reach.manifest.json"));
    expect(manifest).toMatchObject({
      snapshot: "abc",
      rows: 3,
      sha256: createHash("sha256")
        .update(await read("reach.csv"))
        .digest("hex"),
      coverage: { "azure.blobs": { complete: 1, denied: 1 }, "entra.users": { complete: 1 } },
      control_totals: [{ name: "users", ours: 3, theirs: null }],
      command: "forereach reach --all",
    });
  });

  it("is readable by its owner only, and leaves nothing else behind", async () => {
    await exportRows(request());
    expect((await readdir(dir)).sort()).toEqual(["reach.coverage.csv", "reach.csv", "reach.manifest.json"]);
    for (const name of await readdir(dir)) expect((await stat(join(dir, name))).mode & 0o777).toBe(0o600);
  });

  it("has evidence of its own in each format, also of one name", async () => {
    await exportRows(request());
    const csv = await read("reach.manifest.json");
    for (const format of ["json", "parquet"] as const) {
      await exportRows(request({ format, out: join(dir, `reach.${format}`) }));
      await exportRows(request({ format, out: join(dir, "reach") }));
      const { sha256 } = JSON.parse(await read(`reach.${format}.manifest.json`)) as { sha256: string };
      const file = await readFile(join(dir, `reach.${format}`));
      expect(sha256).toBe(createHash("sha256").update(file).digest("hex"));
    }
    expect(await read("reach.manifest.json")).toBe(csv);
    expect((await readdir(dir)).filter((name) => /coverage|manifest/.test(name)).sort()).toEqual(
      ["reach", "reach.json", "reach.parquet"]
        .flatMap((name) => [`${name}.coverage.csv`, `${name}.manifest.json`])
        .sort(),
    );
  });

  it.each(["csv", "json", "parquet", "table"] as const)("gives the same bytes twice: %s", async (format) => {
    const hashes: string[] = [];
    for (const name of ["one", "two"]) {
      await exportRows(request({ format, out: join(dir, name) }));
      hashes.push(
        createHash("sha256")
          .update(await readFile(join(dir, name)))
          .digest("hex"),
      );
    }
    expect(hashes[0]).toBe(hashes[1]);
  });

  it("begins a new file where a worksheet is full, each with a header, for Excel", async () => {
    await exportRows(request({ excel: true, excelRows: 3 }));
    expect(await read("reach.csv")).toBe("\uFEFFa,n\r\nx,1\r\ny,2\r\n");
    expect(await read("reach-2.csv")).toBe("\uFEFFa,n\r\nz,3\r\n");
    expect(JSON.parse(await read("reach.manifest.json"))).toMatchObject({
      files: [{ rows: 2 }, { rows: 1 }],
      rows: 3,
    });
  });

  it("leaves what was there when the rows fail halfway", async () => {
    await writeFile(join(dir, "reach.csv"), "before");
    const rows = async function* (): AsyncGenerator<Row> {
      yield { a: "x", n: 1 };
      throw new Error("the store went away");
    };
    await expect(exportRows(request({ rows: rows() }))).rejects.toThrow("the store went away");
    expect(await readdir(dir)).toEqual(["reach.csv"]);
    expect(await read("reach.csv")).toBe("before");
  });

  it("says which place cannot be written", async () => {
    await expect(exportRows(request({ out: join(dir, "no", "reach.csv") }))).rejects.toMatchObject({
      code: "out-unwritable",
      fix: "Make the folder first.",
    });
    await expect(
      exportRows(request({ out: join(dir, "no", "x.parquet"), format: "parquet" })),
    ).rejects.toThrow(ConfigError);
  });

  it("writes Parquet with types, several batches of it", async () => {
    const many = Array.from({ length: 5000 }, (_, n) => ({
      a: `x${n}`,
      n: n === 4999 ? null : n,
      seen: "2026-01-05T00:00:00Z",
      free: n,
    }));
    const out = join(dir, "rows.parquet");
    const columns = [
      { name: "a", type: "text" },
      { name: "n", type: "int" },
      { name: "seen", type: "time" },
      { name: "free" },
    ] as const;
    await exportRows(request({ format: "parquet", out, rows: stream(many), columns }));
    const connection = await (await DuckDBInstance.create()).connect();
    const reader = await connection.runAndReadAll(
      `SELECT count(*) AS c, sum(n)::BIGINT AS s, sum(free)::BIGINT AS f, max(seen)::VARCHAR AS t, any_value(typeof(free)) AS k FROM '${out}'`,
    );
    expect(reader.getRowObjectsJson()).toEqual([
      {
        c: "5000",
        s: String((4998 * 4999) / 2),
        f: String((4999 * 5000) / 2),
        t: "2026-01-05 00:00:00",
        k: "BIGINT",
      },
    ]);
    connection.closeSync();
  });

  it("refuses a Parquet column whose values are of several types", async () => {
    const rows = stream([...Array.from({ length: 3000 }, () => ({ a: 1 })), { a: "one" }]);
    const broken = request({
      format: "parquet",
      out: join(dir, "x.parquet"),
      rows,
      columns: [{ name: "a" }],
    });
    await expect(exportRows(broken)).rejects.toMatchObject({ code: "parquet-type" });
    expect(await readdir(dir)).toEqual([]);
  });
});
