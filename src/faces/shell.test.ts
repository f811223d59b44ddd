import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { shellWord } from "./shell.ts";

test("a word is quoted where a shell would read more into it", () => {
  const words: [string, string][] = [
    ["reach", "reach"],
    ["--out=a/b.csv", "--out=a/b.csv"],
    ["", '""'],
    ["Sales brief agent, Legal 62", '"Sales brief agent, Legal 62"'],
    ["$(touch x)", "'$(touch x)'"],
    ["it's `that`", "'it'\\''s `that`'"],
  ];
  for (const [word, quoted] of words) expect(shellWord(word)).toBe(quoted);
});

test.skipIf(process.platform === "win32")("a shell gives back what was quoted, and runs nothing", () => {
  const words = [
    "a b",
    "$(echo no)",
    "`echo no`",
    'say "no"',
    "it's",
    "back\\slash",
    "*",
    "!x",
    "#",
    "two\nlines",
  ];
  const said = execFileSync("sh", ["-c", `printf '%s|' ${words.map(shellWord).join(" ")}`], {
    encoding: "utf8",
  });
  expect(said).toBe(`${words.join("|")}|`);
});
