/** Completion in a real shell, and what scripts read from a log. */
import { execFileSync } from "node:child_process";
import { beforeAll, expect, test } from "vitest";
import { newFolder, run, scan, serve, smallTenant } from "./cli.ts";

let script: string;
beforeAll(async () => {
  script = (await run(["completion", "bash"])).stdout;
});

/** What bash offers after these words; the last is being typed. */
const offers = (...words: string[]): string[] =>
  execFileSync("bash", [
    "-c",
    `${script}\nCOMP_WORDS=(forereach "$@"); COMP_CWORD=$#; _forereach; printf '%s\\n' "\${COMPREPLY[@]}"`,
    "bash",
    ...words,
  ])
    .toString()
    .split("\n")
    .filter(Boolean);

test("bash completes commands, flags of a command, and values of a flag", () => {
  expect(offers("re")).toEqual(["reach"]);
  expect(offers("reach", "--sc")).toEqual(["--scope"]);
  expect(offers("--data", "x", "reach", "--format", "")).toEqual(["table", "csv", "json", "parquet"]);
  expect(offers("permissions", "--format", "t")).toEqual(["table", "terraform"]);
  expect(offers("coverage", "accept", "--re")).toEqual(["--reason"]);
  expect(offers("coverage", "a")).toEqual(["accept"]);
  // A file follows, which the shell knows better.
  expect(offers("reach", "--out", "")).toEqual([]);
});

test("zsh and fish have one too, and another shell is refused", async () => {
  expect((await run(["completion", "zsh"])).stdout).toMatch(/^#compdef forereach\n/);
  const fish = (await run(["completion", "fish"])).stdout;
  expect(fish).toContain("complete -c forereach -n '__fish_use_subcommand' -a reach");
  expect(fish).toContain(
    "complete -c forereach -n '__fish_seen_subcommand_from reach' -l format -x -a 'table csv json parquet'",
  );
  expect(await run(["completion", "tcsh"])).toMatchObject({ code: 2, stdout: "" });
});

test("every command shows an example of itself", async () => {
  const names = offers("").filter(
    (word) => !word.startsWith("-") && word !== "findings" && word !== "queries",
  );
  expect(names).toContain("who");
  for (const name of names)
    expect((await run([name, "--help"])).stdout, name).toMatch(
      new RegExp(`Examples:\n {2}forereach .*${name}`),
    );
});

test("a flag that a command does not have is refused by each of them", async () => {
  for (const name of offers("").filter((word) => !word.startsWith("-")))
    expect(await run([name, "--no-such-flag"]), name).toMatchObject({ code: 2, stdout: "" });
});

test("with --json-log everything on stderr of a scan is JSON: its errors, and what it came to", async () => {
  const simulator = await serve({
    tenant: smallTenant(),
    refuse: [{ match: "/sensitivityLabels", status: 403 }],
  });
  const folder = newFolder();
  const lines = async (...more: string[]) => {
    const { code, stderr } = await scan(simulator, folder, more);
    return {
      code,
      lines: stderr
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as Record<string, unknown>),
    };
  };
  const done = await lines("--json-log", "--fail-on", "low");
  // Findings count more than what was unread; the summary says both.
  expect(done.code).toBe(1);
  expect(done.lines.at(-1)).toMatchObject({ type: "summary", exit: 1, incomplete: true });
  const failed = await run(["--json-log", "reach", "nobody"], { folder });
  expect(failed.code).toBe(2);
  expect(JSON.parse(failed.stderr)).toMatchObject({ type: "error", code: "not-found" });
});
