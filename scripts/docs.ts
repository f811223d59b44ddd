/** Writes the reference pages below docs/ from what the program declares; `--check` fails if one is stale. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { connectors } from "../connectors/index.ts";
import { isFindingQuery, loadQueries, type Query, sayParameters } from "../src/ask/query.ts";
import { permissions } from "../src/collect/permissions.ts";
import { configJsonSchema } from "../src/config.ts";
import { schemaPage } from "../src/graph/generate.ts";
import { loadRules } from "../src/graph/rules.ts";
import { columnsPage } from "../src/reach/reach-row.ts";
import { REASONS } from "../src/reach/reasons.ts";
import { packageRoot } from "../src/root.ts";
import { DERIVED } from "../src/schema.ts";

const cell = (text: string): string => text.replaceAll("|", "\\|").replace(/\s+/g, " ").trim();
const table = (heads: readonly string[], rows: readonly (readonly string[])[]): string =>
  [heads, heads.map(() => "---"), ...rows].map((row) => `| ${row.map(cell).join(" | ")} |`).join("\n");
const code = (text: string): string => `\`${text}\``;
const page = (...parts: readonly string[]): string => `${parts.join("\n\n").trimEnd()}\n`;

/** Pages made from declarations alone: path within the repository, and text. */
export async function pages(): Promise<Map<string, string>> {
  return new Map([
    ["docs/reference/schema.md", page(schemaPage().trimEnd(), derivedKinds())],
    ["docs/reference/columns.md", columnsPage()],
    ["docs/reference/queries.md", await queriesPage()],
    ["docs/reference/permissions.md", permissionsPage()],
    ["docs/reference/reasons.md", reasonsPage()],
    ["docs/reference/configuration.md", configurationPage()],
    ["docs/reference/rules.md", rulesPage()],
  ]);
}

/** The page of commands is what the built program says of itself. */
export function commandsPage(cli = join(packageRoot, "dist", "src", "cli.js")): string {
  const help = (...command: string[]): string =>
    execFileSync(process.execPath, [cli, ...command, "--help"], { encoding: "utf8" }).trimEnd();
  const main = help();
  const section = (name: string, ...command: string[]) =>
    `## ${name}\n\n\`\`\`text\n${help(...command)}\n\`\`\``;
  const names = commandNames(main).flatMap((name) =>
    name === "coverage" ? [name, "coverage accept"] : [name],
  );
  return page(
    "# Commands",
    "Generated from the program's own help. Results go to stdout, progress and warnings to stderr.",
    `\`\`\`text\n${main}\n\`\`\``,
    ...names.map((name) => section(name, ...name.split(" "))),
  );
}

/** Names in the list of commands of a help text. */
export function commandNames(help: string): string[] {
  const list = help.split(/^Commands:\n/m)[1]?.split("\n\n")[0] ?? "";
  return [...list.matchAll(/^ {2}([a-z]+)/gm)].map((match) => match[1]!).filter((name) => name !== "help");
}

/** The rule of reach, as the files of queries/derive say it of themselves. */
function rulesPage(): string {
  const upper = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
  return page(
    "# Rules",
    "Generated from the heads of `queries/derive/*.cypher`. They run from top to bottom; each derives one kind from others, level by level where it is recursive. [How the rule is known to be right](../how-it-is-known.md).",
    table(
      ["Rule", "Derives", "What it is for"],
      loadRules().map(({ id, derives, why }) => [code(id), code(derives), upper(why)]),
    ),
  );
}

function derivedKinds(): string {
  const kinds = Object.entries<{
    about: string;
    from: string;
    to: string;
    scratch?: string;
    props: Readonly<Record<string, { type: string; about: string }>>;
  }>(DERIVED).filter(([, { scratch }]) => scratch === undefined);
  return page(
    "## Derived relationships",
    "Rules in `queries/derive` write these into the graph after each scan or import. No connector and no query writes them.",
    ...kinds.flatMap(([kind, { about, from, to, props }]) => [
      `### ${kind}`,
      `(${from}) to (${to}). ${about}.`,
      table(
        ["Property", "Type", "Meaning"],
        Object.entries(props).map(([name, spec]) => [code(name), spec.type, spec.about]),
      ),
    ]),
  );
}

async function queriesPage(): Promise<string> {
  const queries = await loadQueries();
  const parameters = (query: Pick<Query, "params" | "required">): string =>
    sayParameters(query).map(code).join(", ") || "none";
  return page(
    "# Saved queries",
    "Generated from `queries/`. Run one with `forereach query NAME`, with parameters as `--param NAME=VALUE`: one that is required has no default, and says which kind it names, by id or name. The files run as pasted into Neo4j Browser, too ([Neo4j](../neo4j.md)).",
    "## Findings",
    "A scan runs these and keeps their rows as findings (`forereach findings`).",
    ...queries
      .filter(isFindingQuery)
      .flatMap(({ id, title, severity, reads, columns, identity, why, fix, ...query }) => [
        `### ${id}`,
        `**${title}** (${severity})`,
        `Why it matters: ${why}`,
        `What to do: ${fix}`,
        table(
          ["", ""],
          [
            ["Reads", reads.map(code).join(", ")],
            ["Columns", columns.map(code).join(", ")],
            ["One finding for each", identity.map(code).join(", ")],
            ["Parameters", parameters(query)],
          ],
        ),
      ]),
    "## Questions",
    "Somebody asks these; their rows are no findings.",
    ...queries
      .filter((query) => !isFindingQuery(query))
      .flatMap(({ id, title, users, reads, columns, why, ...query }) => [
        `### ${id}`,
        `**${title}**`,
        why,
        table(
          ["", ""],
          [
            ["For", users.join(", ")],
            ["Reads", reads.map(code).join(", ")],
            ["Columns", columns.map(code).join(", ")],
            ["Parameters", parameters(query)],
          ],
        ),
      ]),
  );
}

function permissionsPage(): string {
  const rows = permissions(connectors, "content");
  return page(
    "# Permissions",
    "Generated from what the steps declare. `forereach permissions --format az|graph|terraform` prints the commands that grant them; Forereach never runs them. It sends no writes. A credential may still be able to write: the last column says what a thief could do with it.",
    table(
      ["Step", "From level", "Permission", "Kind", "Why", "If the credential is stolen"],
      rows.map(({ step, level, permission, kind, why, risk, doc }) => [
        code(step),
        level,
        `[${permission}](${doc})`,
        kind === "graph"
          ? "Microsoft Graph application permission"
          : "Azure role at the root management group",
        why,
        risk,
      ]),
    ),
  );
}

function reasonsPage(): string {
  return page(
    "# Reason codes",
    "Generated from `src/reach/reasons.ts`. `reason_code` of a row says why it is not exact; `reason` says the same in words, with the condition where there is one.",
    table(
      ["Code", "Meaning"],
      Object.entries(REASONS).map(([name, words]) => [code(name), words]),
    ),
  );
}

interface Part {
  type?: string;
  description?: string;
  default?: unknown;
  const?: unknown;
  enum?: readonly unknown[];
  minimum?: number;
  maximum?: number;
  required?: readonly string[];
  properties?: Readonly<Record<string, Part>>;
  items?: Part;
  oneOf?: readonly Part[];
  anyOf?: readonly Part[];
}

/** One row for each key that takes a value; `[]` marks a list. */
function keysOf(path: string, part: Part, must: boolean): string[][] {
  const choices = part.oneOf ?? part.anyOf;
  if (choices !== undefined) {
    const row = [code(path), "one of the kinds below", must ? "yes" : "", "", part.description ?? ""];
    return [row, ...choices.flatMap((choice) => choiceOf(path, choice))];
  }
  if (part.properties !== undefined)
    return Object.entries(part.properties).flatMap(([name, child]) =>
      keysOf(path === "" ? name : `${path}.${name}`, child, (part.required ?? []).includes(name)),
    );
  if (part.items?.properties !== undefined) return keysOf(`${path}[]`, part.items, must);
  const values = part.enum?.map((value) => code(String(value))).join(", ");
  const bounds =
    part.minimum === undefined || (part.maximum ?? Number.MAX_SAFE_INTEGER) === Number.MAX_SAFE_INTEGER
      ? ""
      : `, ${part.minimum} to ${part.maximum}`;
  const type =
    part.const !== undefined ? code(String(part.const)) : (values ?? `${part.type ?? "text"}${bounds}`);
  const standard = part.default === undefined ? "" : code(JSON.stringify(part.default));
  return [
    [
      code(path),
      part.items === undefined ? type : "list of texts",
      must ? "yes" : "",
      standard,
      part.description ?? "",
    ],
  ];
}

function choiceOf(path: string, choice: Part): string[][] {
  const kind = String(choice.properties?.kind?.const ?? "");
  const about = choice.properties?.kind?.description ?? "";
  const own = Object.entries(choice.properties ?? {}).filter(([name]) => name !== "kind");
  const head = [
    `${code(`${path}.kind`)}: ${code(kind)}`,
    own.length === 0 ? "no more keys" : "",
    "",
    "",
    about,
  ];
  return [
    head,
    ...own.flatMap(([name, child]) =>
      keysOf(`${path}.${name}`, child, (choice.required ?? []).includes(name)),
    ),
  ];
}

function configurationPage(): string {
  const names = connectors.map(({ name }) => code(name)).join(" or ");
  const schema: Part = configJsonSchema(["CONNECTOR"]);
  return page(
    "# Configuration",
    "Generated from the schema of `forereach.yaml`. `forereach init` writes a commented file; `forereach schema --json-schema` prints the JSON Schema for editors. A variable in a value, as in that file, is taken from the environment. An unknown key is an error.",
    `${code("CONNECTOR")} stands for ${names}. A connector that is not configured is not run, and its steps are reported as skipped.`,
    table(["Key", "Value", "Required", "Default", "Meaning"], keysOf("", schema, false)),
  );
}

async function run(check: boolean): Promise<number> {
  const all = (await pages()).set("docs/reference/commands.md", commandsPage());
  const stale: string[] = [];
  for (const [path, text] of all) {
    const file = join(packageRoot, path);
    if (check) {
      if (readOrEmpty(file) !== text) stale.push(path);
    } else {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
  }
  for (const path of stale) process.stderr.write(`${path} is stale: npm run docs\n`);
  process.stdout.write(`${all.size} generated pages, ${stale.length} stale\n`);
  return stale.length === 0 ? 0 : 1;
}

function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

if (process.argv[1] === import.meta.filename) process.exitCode = await run(process.argv.includes("--check"));
