/**
 * Our conditions beside Microsoft's own evaluator of them (the `regorus` crate, feature `azure-rbac`), on random ones.
 * It is built outside the checkout, with cargo; without cargo nothing is compared, and the output says so.
 *
 * That evaluator speaks a dialect. Compared is what both speak: comparisons of attributes that are there with one value,
 * AND, OR, NOT, Exists and actions without wildcards. It departs from the page of the format in what is left out here:
 * actions differ by case and a wildcard of one stops at a slash, `?` and escapes of StringLike are plain text, quantifiers take no operator,
 * and a missing attribute makes StringNotEquals true but most other comparisons an error.
 * https://learn.microsoft.com/azure/role-based-access-control/conditions-format
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Literal, parseCondition, type Source } from "../connectors/azure/condition.ts";
import { compile, type Resolve } from "../connectors/azure/condition-evaluate.ts";
import { inWords } from "../connectors/azure/condition-words.ts";
import { randomOf } from "./random.ts";

const { values: options } = parseArgs({
  options: { conditions: { type: "string", default: "100000" }, seed: { type: "string", default: "1" } },
});

type Attributes = Record<string, Literal>;
interface Case {
  condition: string;
  action: string;
  suboperation: string;
  resource: Attributes;
  request: Attributes;
  principal: Attributes;
}

const ACTIONS = ["a/b/read", "a/b/write", "a/c/read"];
const TEXTS = ["", "a", "A", "ab", "Ab", "abc", "a*", "x/y", "it''s", "é", "10", "-1"];
const NUMBERS = [-1, 0, 1, 10, 2147483648];
const GUIDS = [
  "a1b2c3d4-0000-0000-0000-000000000000",
  "A1B2C3D4-0000-0000-0000-000000000000",
  "b1b2c3d4-0000-0000-0000-000000000000",
];
const TIMES = [
  "2023-05-01T12:00:00Z",
  "2023-05-01T14:00:00+02:00",
  "2023-05-01T12:00:00.0000000Z",
  "2024-01-01T00:00:00.5Z",
];
const ORDER = ["Equals", "NotEquals", "GreaterThan", "GreaterThanEquals", "LessThan", "LessThanEquals"];
const TEXT = [
  "Equals",
  "NotEquals",
  "EqualsIgnoreCase",
  "NotEqualsIgnoreCase",
  "StartsWith",
  "NotStartsWith",
  "Like",
  "NotLike",
];

function randomCase(random: ReturnType<typeof randomOf>): Case {
  const { pick, below } = random;
  const attributes = (): Attributes => ({
    ...{
      s1: pick(TEXTS),
      s2: pick(TEXTS),
      n1: pick(NUMBERS),
      n2: pick(NUMBERS),
      b1: pick([true, false]),
      b2: pick([true, false]),
    },
    ...{ g1: pick(GUIDS), g2: pick(GUIDS), d1: pick(TIMES), d2: pick(TIMES) },
  });
  const source = () => `@${pick(["Resource", "Request", "Principal"])}`;
  const quoted = (text: string) => `'${text.replaceAll("'", "")}'`;
  const side = (letter: string, literal: string) =>
    below(3) === 0 ? `${source()}[${letter}${1 + below(2)}]` : literal;
  const comparison = (): string => {
    switch (below(7)) {
      case 0:
        return `${source()}[b${1 + below(2)}] Bool${pick(["Equals", "NotEquals"])} ${side("b", pick(["true", "false"]))}`;
      case 1:
        return `${source()}[n${1 + below(2)}] Numeric${pick(ORDER)} ${side("n", String(pick(NUMBERS.filter((n) => n >= 0))))}`;
      case 2:
        return `${source()}[g${1 + below(2)}] Guid${pick(["Equals", "NotEquals"])} ${side("g", quoted(pick(GUIDS)))}`;
      case 3:
        return `${source()}[d${1 + below(2)}] DateTime${pick(ORDER)} ${side("d", quoted(pick(TIMES)))}`;
      case 4:
        return `ActionMatches('${pick(ACTIONS)}')`;
      case 5:
        return `${pick(["Exists", "NotExists"])} ${source()}[${pick(["s1", "none"])}]`;
      default:
        return `${source()}[s${1 + below(2)}] String${pick(TEXT)} ${side("s", quoted(pick(TEXTS)))}`;
    }
  };
  const expression = (depth: number): string => {
    if (depth === 0 || below(4) === 0) return comparison();
    if (below(4) === 0) return `NOT (${expression(depth - 1)})`;
    const joint = pick(["AND", "OR", "&&", "||"]);
    return `(${expression(depth - 1)} ${joint} ${expression(depth - 1)})`;
  };
  return {
    ...{ condition: expression(4), action: pick(ACTIONS), suboperation: "sub/read" },
    ...{ resource: attributes(), request: attributes(), principal: attributes() },
  };
}

/** One word: true, false, unparsed, or open. */
function ours({ condition, action, suboperation, ...attributes }: Case): string {
  const resolve: Resolve = ({ source, name }) => {
    const value = (attributes as Partial<Record<Source, Attributes>>)[source]?.[name];
    return value === undefined ? [] : [value];
  };
  try {
    const result = compile(parseCondition(condition), { action, suboperation })(resolve);
    return typeof result === "boolean" ? String(result) : `open: ${inWords(result)}`;
  } catch (error) {
    return `unparsed: ${String(error)}`;
  }
}

function build(): string | undefined {
  if (spawnSync("cargo", ["--version"]).status !== 0) return undefined;
  const folder = join(tmpdir(), "forereach-abac-judge");
  mkdirSync(folder, { recursive: true });
  cpSync(fileURLToPath(new URL("../../bench/abac-judge/", import.meta.url)), folder, { recursive: true });
  const built = spawnSync("cargo", ["build", "--release", "--quiet"], {
    cwd: folder,
    stdio: "inherit",
  });
  if (built.status !== 0) throw new Error("Microsoft's evaluator did not build.");
  return join(folder, "target", "release", "abac-judge");
}

const judge = build();
if (judge === undefined)
  process.stdout.write("SKIPPED: cargo is not here, so nothing was compared with Microsoft's evaluator.\n");
else {
  const random = randomOf(Number(options.seed));
  const cases = Array.from({ length: Number(options.conditions) }, () => randomCase(random));
  const input = cases.map((one) => JSON.stringify(one)).join("\n");
  const { stdout, status } = spawnSync(judge, { input, encoding: "utf8", maxBuffer: 2 ** 30 });
  const answers = stdout.trim().split("\n");
  if (status !== 0 || answers.length !== cases.length)
    throw new Error("Microsoft's evaluator did not answer every case.");
  const said = new Map<string, number>();
  const differences = cases.filter((one, i) => {
    const answer = answers[i]!;
    said.set(answer, (said.get(answer) ?? 0) + 1);
    return (answer === "true" || answer === "false") && ours(one) !== answer;
  });
  for (const one of differences.slice(0, 10))
    process.stdout.write(
      `DIFFERENT: ours ${ours(one)}, theirs ${answers[cases.indexOf(one)]}: ${JSON.stringify(one)}\n`,
    );
  const counts = [...said].map(([answer, times]) => `${answer} ${times}`).join(", ");
  process.stdout.write(`${cases.length} conditions, ${differences.length} differences (theirs: ${counts})\n`);
  if (differences.length > 0) process.exitCode = 1;
}
