/** Branches of TypeScript are found and broken, a broken one is noticed by a test, and one that nobody guards is said. */
import { parseSync } from "vite";
import { describe, expect, test } from "vitest";
import { branchesOf } from "./branches.ts";
import { EQUIVALENT_BRANCHES } from "./equivalent.ts";
import { EVALUATORS } from "./evaluators.ts";
import { branchesIn, mutateCode } from "./mutate-code.ts";

/** A busy machine takes its time. */
const PATIENCE = { timeout: 600_000 };

describe("branches of a function", () => {
  const of = (body: string): string[] =>
    branchesOf("file", `const f = (a: any, b: any) => {\n${body}\n};`).map(({ id, text }) => {
      expect(id).toMatch(/^file f /);
      return `${id.slice("file f ".length)} => ${text.split("\n").slice(1, -1).join(" ")}`;
    });

  test.each<[string, string[]]>([
    ["if (a) return b;", ["always: a => if (true) return b;", "never: a => if (false) return b;"]],
    // Negating what stands by itself shows no more than always and never.
    [
      "if (a === 1) return b;",
      ["always: a === 1 => if (true) return b;", "never: a === 1 => if (false) return b;"],
    ],
    ["return a === b;", ["negated: a === b => return a !== b;"]],
    ["return a ? 1 : 2;", ["always: a => return true ? 1 : 2;", "never: a => return false ? 1 : 2;"]],
    ["return a < 1;", ["off by one: a < 1 => return a <= 1;", "negated: a < 1 => return !(a < 1);"]],
    [
      "return a && b && 1;",
      [
        "without 1: a && b && 1 => return a && b;",
        "without b: a && b => return a && 1;",
        "without a: a && b => return b && 1;",
      ],
    ],
    ["return a ?? b;", ["without b: a ?? b => return a;", "without a: a ?? b => return b;"]],
    ["return !a;", ["without !: !a => return a;"]],
    ["return false;", ["turned: false => return true;"]],
    ["return a?.b;", ["without ?. of a?.b: ?. => return a.b;"]],
    ["return a?.[b];", ["without ?. of a?.[b]: ?. => return a[b];"]],
    ["a ??= b;", ["without: a ??= b; => ;", "without what was: a ??= b => a = b;"]],
    ["return ({ c = 1 }) => c;", ["without default: c = 1 => return ({ c }) => c;"]],
    [
      "switch (a) { case 1: return b; default: return 2; }",
      [
        "without case: 1 => switch (a) { case Symbol(): return b; default: return 2; }",
        "without: default => switch (a) { case 1: return b; case Symbol(): return 2; }",
      ],
    ],
    [
      "return a.some(b) || a.filter(b);",
      [
        "without a.filter(b): a.some(b) || a.filter(b) => return a.some(b);",
        "without a.some(b): a.some(b) || a.filter(b) => return a.filter(b);",
        "every in a.some(b) for: some => return a.every(b) || a.filter(b);",
        "without filter: a.filter(b) => return a.some(b) || a;",
      ],
    ],
    ["throw a;", ["without: throw a; => ;"]],
    ["return a as true;", []],
  ])("%s", (body, expected) => {
    expect(of(body)).toEqual(expected);
  });

  test("have names that tell them apart, by the function that they stand in", () => {
    const text =
      "const A = x ? 1 : 2;\nfunction f() { if (a) b(); if (a) b(); }\nclass C { #m() { return !a; } }";
    expect(branchesOf("file", text).map(({ id }) => id)).toEqual([
      ...["file A always: x", "file A never: x"],
      ...["file f always: a", "file f never: a", "file f without: b();"],
      ...["file f always: a (2)", "file f never: a (2)", "file f without: b(); (2)"],
      "file #m without !: !a",
    ]);
  });

  test("that end a loop stop it all the same", () => {
    const text = "let n = 0; while (n < 3) n++; for (const one of [1]) n += one;";
    const run = (what: string): unknown =>
      new Function(branchesOf("file", text).find(({ id }) => id.includes(what))!.text)();
    expect(() => run("always: n < 3")).toThrow("a loop without end");
    expect(() => run("without: n++")).toThrow("a loop without end");
  });

  test("are none of a file that cannot be read", () => {
    expect(() => branchesOf("file", "if (")).toThrow(/^file: /);
  });
});

describe("evaluators", () => {
  const glob = EVALUATORS.find(({ file }) => file === "azure/glob")!;
  const broken = branchesIn(glob).filter(({ id }) => id.startsWith("azure/glob globMatches always: p[at]"));
  const by = async (...tests: string[]): Promise<(string | undefined)[]> => {
    const found: (string | undefined)[] = [];
    for await (const verdict of mutateCode({ ...glob, tests }, broken)) found.push(verdict.by);
    return found;
  };

  test("are broken one branch at a time, until one of their tests fails", PATIENCE, async () => {
    expect(broken.length).toBeGreaterThan(1);
    // This one asks no wildcard: only the next does.
    const found = await by("azure/scopes", "azure/rights");
    expect(found).toEqual(broken.map(() => expect.stringMatching(/^azure\/rights: (wildcards|role)/)));
  });

  test("whose tests notice nothing are said to be unguarded", PATIENCE, async () => {
    expect(await by("azure/scopes")).toEqual(broken.map(() => undefined));
  });

  test("have branches, each of which leaves a text that can be read when it goes", () => {
    const found = EVALUATORS.map(branchesIn);
    expect(found.filter((branches) => branches.length === 0)).toEqual([]);
    for (const { id, text } of found.flat())
      expect([id, parseSync("file.ts", text).errors]).toEqual([id, []]);
  });

  test("have those branches still that are said to show nowhere", () => {
    const found = EVALUATORS.map(branchesIn);
    const ids = new Set(found.flat().map(({ id }) => id));
    expect([...EQUIVALENT_BRANCHES.keys()].filter((id) => !ids.has(id))).toEqual([]);
  });
});
