import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { importName, linesOf } from "./app.ts";

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
