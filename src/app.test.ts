import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { acceptGap, importFile, importName, linesOf, openAnswers } from "./app.ts";
import type { GraphMeta } from "./keep/meta.ts";

const newFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "forereach-app-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

describe("the name of an import", () => {
  test("keeps letters and digits of every script, so that two files are not one step", () => {
    const names = ["/x/HR 2026.jsonl", "日本.jsonl", "中国.jsonl", "हिन्दी.jsonl", "a.b.jsonl", "none"];
    expect(names.map(importName)).toEqual(["hr-2026", "日本", "中国", "हिन्दी", "a-b", "none"]);
    expect(importName("cafe\u0301.jsonl")).toBe(importName("caf\u00e9.jsonl"));
  });

  test.each([".jsonl", "---.jsonl", "📊.jsonl"])("is refused where the file has none: %s", (file) => {
    expect(() => importName(file)).toThrowError(`${file} has no letter and no digit in its name`);
  });
});

describe("lines of a file", () => {
  const read = async (bytes: Buffer): Promise<string[]> => {
    const file = join(newFolder(), "lines.jsonl");
    writeFileSync(file, bytes);
    const lines: string[] = [];
    for await (const line of linesOf(file)) lines.push(line);
    return lines;
  };

  test("come whole, whatever ends them and wherever the disk cuts them", async () => {
    const long = "é中😀".repeat(40_000);
    expect(await read(Buffer.from(`\uFEFFa\r\n\n${long}\nlast`))).toEqual(["\uFEFFa", "", long, "last"]);
    expect(await read(Buffer.from("a\nb\n"))).toEqual(["a", "b"]);
    expect(await read(Buffer.from(""))).toEqual([]);
  });

  test("that are not UTF-8 are refused with their number", async () => {
    await expect(read(Buffer.from("a\ncaf\xe9\n", "latin1"))).rejects.toThrowError(
      /lines\.jsonl, line 2: it is not UTF-8 text; nothing of the file was applied/,
    );
    await expect(read(Buffer.from("\uFEFFa\n", "utf16le"))).rejects.toThrowError(/line 1: it is not UTF-8/);
  });
});

describe("who writes into a folder", () => {
  const imported = async (folder: string): Promise<GraphMeta> => {
    const file = join(newFolder(), "own.jsonl");
    writeFileSync(file, '{"put":{"kind":"Agent","id":"a"}}\n');
    return (await importFile({ folder, file })).meta;
  };

  test("goes on with the tenant, the configuration and the findings of an older graph", async () => {
    const folder = newFolder();
    const meta = await imported(folder);
    expect(meta).toMatchObject({ tenant: "import", tenantName: "imported records" });
    const finding = {
      ...{ key: "k", query: "agent-can-change-permissions", severity: "high", title: "t", row: {} },
      ...{ status: "open", firstSeen: "2025-01-01T00:00:00.000Z", lastSeen: meta.time },
    };
    const known = { tenant: "t1", tenantName: "Contoso", configHash: "c", findings: [finding] };
    writeFileSync(join(folder, "graph.json"), JSON.stringify({ ...meta, ...known, version: 1 }));
    expect(await imported(folder)).toMatchObject({
      ...{ version: meta.version, tenant: "t1", tenantName: "Contoso", configHash: "c" },
      findings: [{ key: "k", firstSeen: finding.firstSeen }],
    });
  });

  const broken: [string, string, RegExp][] = [
    ["a newer version wrote", '{"version":99,"tenant":"t1"}', /was written by a newer version/],
    ["breaks off", '{"version":2,"tena', /is broken: it does not say whose graph this is/],
    ["is no graph", "{}", /is broken/],
  ];
  test.each(broken)("leaves alone what %s", async (_, text, message) => {
    const folder = newFolder();
    writeFileSync(join(folder, "graph.json"), text);
    await expect(imported(folder)).rejects.toThrowError(message);
    await expect(acceptGap(folder, "s", undefined, "r", "2099-01-01")).rejects.toThrowError(message);
    expect(readFileSync(join(folder, "graph.json"), "utf8")).toBe(text);
  });

  test("leaves alone what cannot be read, and does not say that there is nothing", async () => {
    const folder = newFolder();
    mkdirSync(join(folder, "graph.json"));
    const refusal = { name: "StoreError", code: "no-access" };
    await expect(imported(folder)).rejects.toMatchObject(refusal);
    await expect(openAnswers(folder)).rejects.toMatchObject(refusal);
  });

  test("is told that a file is no folder, and in which folder it may make none", async () => {
    const file = join(newFolder(), "file");
    writeFileSync(file, "");
    for (const folder of [file, join(file, "below")])
      await expect(imported(folder)).rejects.toMatchObject({
        ...{ name: "ConfigError", code: "no-folder" },
        message: `${folder} is not a folder`,
      });
    await expect(imported(join(newFolder(), "x".repeat(300)))).rejects.toMatchObject({
      ...{ name: "StoreError", code: "no-access" },
      message: expect.stringContaining("cannot make the folder") as string,
    });
  });
});
