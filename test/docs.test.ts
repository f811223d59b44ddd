/** The documentation says what the program does. */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { connectors } from "../connectors/index.ts";
import { commandNames, commandsPage, pages } from "../scripts/docs.ts";
import { permissions } from "../src/collect/permissions.ts";
import { packageRoot } from "../src/root.ts";

const read = (path: string): string => readFileSync(join(packageRoot, path), "utf8");
const cli = join(packageRoot, "dist", "src", "cli.js");
const help = (...command: string[]): string =>
  execFileSync(process.execPath, [cli, ...command, "--help"], { encoding: "utf8" });

/** Pages that people write; the reference pages are generated. */
const WRITTEN = [
  "README.md",
  "CONTRIBUTING.md",
  ...readdirSync(join(packageRoot, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];

/** Commands in the shell blocks of a page, without comments. */
const commandsIn = (text: string): string[] =>
  [...text.matchAll(/```sh\n([\s\S]*?)```/g)]
    .flatMap(([, block = ""]) => block.split("\n"))
    .map((line) => line.replace(/\s+#.*$/, ""))
    .filter((line) => line.startsWith("forereach "));

test("every generated page is fresh", async () => {
  for (const [path, text] of await pages()) expect(read(path), `${path}: npm run docs`).toBe(text);
});

test("the page of commands is what the built program says", () => {
  expect(existsSync(cli), "npm run build").toBe(true);
  expect(read("docs/reference/commands.md"), "npm run docs").toBe(commandsPage());
});

test.each(WRITTEN)("commands and options in %s exist", (path) => {
  const main = help();
  const names = commandNames(main);
  const texts = new Map<string, string>();
  for (const line of commandsIn(read(path))) {
    // What stands in quotes is an argument, whatever it looks like.
    const words = line
      .replace(/"[^"]*"/g, "TEXT")
      .split(/\s+/)
      .slice(1);
    const at = words.findIndex(
      (word, i) => !word.startsWith("--") && !/^--(data|config|tenant)$/.test(words[i - 1] ?? ""),
    );
    const name = words[at] ?? "";
    expect(names, line).toContain(name);
    const command = name === "coverage" && words[at + 1] === "accept" ? [name, "accept"] : [name];
    const known = texts.get(command.join(" ")) ?? help(...command);
    texts.set(command.join(" "), known);
    for (const option of words.filter((word) => word.startsWith("--")))
      expect(`${known}\n${main}`, line).toMatch(new RegExp(`${option}\\b`));
  }
});

test.each(WRITTEN)("links and pictures in %s lead to files", (path) => {
  for (const [, target = ""] of read(path).matchAll(/\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)/g))
    expect(existsSync(join(packageRoot, dirname(path), target)), target).toBe(true);
});

test("reading labels needs no more than listing files, as the help says", () => {
  expect(permissions(connectors, "labels")).toEqual(permissions(connectors, "metadata"));
});

test("each rule has a number of its own, so that nobody has to guess which runs first", () => {
  const names = readdirSync(join(packageRoot, "queries", "derive"));
  const numbers = names.map((name) => /^\d\d[a-z]?(?=-)/.exec(name)?.[0]);
  expect(numbers).not.toContain(undefined);
  expect(new Set(numbers).size).toBe(names.length);
});

test("each section of the definition that a world cites is there", () => {
  const sections = new Set(
    [...read("docs/reach.md").matchAll(/^#+ (\d(?:\.\d)?)\.? /gm)].map(([, number]) => number),
  );
  const folder = join(packageRoot, "test", "worlds");
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".yaml"))) {
    const [, why = ""] = /^why: (.*)$/m.exec(readFileSync(join(folder, file), "utf8")) ?? [];
    for (const [, number] of why.matchAll(/reach\.md (\d(?:\.\d)?)/g))
      expect(sections, `${file} cites ${number}`).toContain(number);
  }
});

test("pictures are small enough for a page", () => {
  for (const name of ["path.svg", "demo-page.png"])
    expect(readFileSync(join(packageRoot, "docs", name)).length, name).toBeLessThan(300 * 1024);
});
