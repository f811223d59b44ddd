import { execFileSync } from "node:child_process";
import {
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { draft, draftText } from "./files.ts";

const failing = async (error: Error): Promise<unknown> => {
  const folder = mkdtempSync(join(tmpdir(), "forereach-files-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const failure = await draft(join(folder, "r.parquet"), () => Promise.reject(error)).catch((cause) => cause);
  expect(readdirSync(folder)).toEqual([]);
  return failure;
};

test("a disk that is full is said so, whether the system says it or DuckDB", async () => {
  const full = { name: "StoreError", code: "disk-full" };
  const said = 'IO Error: Could not write file "/x/rows": No space left on device';
  expect(await failing(new Error(said))).toMatchObject(full);
  for (const code of ["ENOSPC", "EDQUOT", "EFBIG"])
    expect(await failing(Object.assign(new Error("write"), { code, syscall: "write" }))).toMatchObject(full);
});

test("what else a disk refuses is said in its words, and a mistake of the program stays one", async () => {
  const failed = { name: "StoreError", code: "out-failed" };
  expect(await failing(new Error("IO Error: Input/output error"))).toMatchObject(failed);
  const long = Object.assign(new Error("name too long"), { code: "ENAMETOOLONG", syscall: "open" });
  expect(await failing(long)).toMatchObject(failed);
  const mistake = new TypeError("x is not a function");
  expect(await failing(mistake)).toBe(mistake);
});

test("a link stays one, and what it names is replaced; a pipe is refused and stays", async () => {
  const folder = mkdtempSync(join(tmpdir(), "forereach-files-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const [file, link, pipe] = ["file", "link", "pipe"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  async function* text() {
    yield "rows";
  }
  writeFileSync(file, "old");
  symlinkSync(file, link);
  await (await draftText(link, text())).publish();
  expect(lstatSync(link).isSymbolicLink()).toBe(true);
  expect(readFileSync(file, "utf8")).toBe("rows");
  execFileSync("mkfifo", [pipe]);
  await expect(draftText(pipe, text())).rejects.toMatchObject({ name: "ConfigError", code: "not-a-file" });
  expect(lstatSync(pipe).isFIFO()).toBe(true);
});
