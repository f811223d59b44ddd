/**
 * Reads import lines and fails on a breach of the dependency rule: a file of `src/` imports only from its
 * own layer and from those before it; connectors see no store, stores see no HTTP.
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

/**
 * Layers of `src/`, lowest first. A word stands for `word.ts`, `word-*.ts` and all of `word/`; the longest that fits
 * counts. `http` stands for src/collect/http.ts and all of src/collect/http/.
 */
const LAYERS: readonly (readonly string[])[] = [
  ["model", "root", "reasons", "nearest"],
  ["schema"],
  // What the pipeline is made of: each collects, keeps or asks, and knows nothing of the whole.
  ["connector", "http", "generate", "inventory", "records", "rules"],
  ["gate", "cypher", "names", "query", "finding", "reach-row"],
  // Put together from those.
  ["store", "engine", "derive", "select", "progress", "pass", "crawl", "config", "credential"],
  // What is said of it: beside the graph, in files, and as answers.
  [
    "check",
    "permissions",
    "files",
    "format",
    "parquet",
    "export",
    "meta",
    "behind",
    "kept",
    "links",
    "gaps",
    "consents",
    "controls",
    "copies",
    "lenders",
    "holders",
    "keys",
    "nowhere",
    "paths",
    "tree",
    "inside",
    "rows",
    "expand",
    "use",
    "ways",
    "cut",
    "answers",
    "ranking",
    "audience",
    "people",
    "build",
    "whatif",
    "early",
    "plain-plan",
    "isolated",
  ],
  ["app", "suppose"],
  // What commands are declared and print with.
  [
    "arguments",
    "shell",
    "help",
    "completion",
    "screen",
    "prompt",
    "print",
    "output",
    "demo",
    "doctor",
    "reach-command",
    "whatif-command",
    "flags",
    "command-line",
  ],
  ["commands"],
  ["cli", "serve", "mcp"],
];

/** Folders of `src/` that group files and are no layer. */
const GROUPS: ReadonlySet<string> = new Set(["collect", "keep", "graph", "reach", "ask", "faces"]);

/** Packages and modules that reach the network, and the only words of `src/` that may load them. */
const NETWORK: Readonly<Record<string, readonly string[]>> = {
  undici: ["http"],
  "node:http": ["http", "serve", "mcp"],
  "node:https": ["http", "serve", "mcp"],
  "node:net": ["http", "serve", "mcp"],
  "node:tls": ["http"],
  "@azure/core-rest-pipeline": ["http"],
  "@azure/storage-blob": ["http"],
  "@microsoft/microsoft-graph-client": ["http"],
  "@azure/identity": ["http", "credential"],
  "neo4j-driver": ["store"],
};

interface Import {
  from: string;
  /** Path within the repository, or the name of a package. */
  to: string;
  typeOnly: boolean;
  lazy: boolean;
}

function importsOf(file: string, text: string): Import[] {
  const found: Import[] = [];
  const add = (specifier: string, typeOnly: boolean, lazy: boolean) => {
    const to = specifier.startsWith(".") ? posix.join(posix.dirname(file), specifier) : specifier;
    found.push({ from: file, to, typeOnly, lazy });
  };
  for (const [, names = "", specifier = ""] of text.matchAll(
    /^(?:import|export)\b([^"';]*?)\bfrom\s*["']([^"'\n]+)["']/gm,
  )) {
    const list = /^\s*\{([^}]*)\}\s*$/.exec(names)?.[1]?.split(",") ?? [];
    const named = list.map((name) => name.trim()).filter((name) => name !== "");
    const eachIsType = named.length > 0 && named.every((name) => name.startsWith("type "));
    add(specifier, /^\s+type\b/.test(names) || eachIsType, false);
  }
  for (const [, specifier = ""] of text.matchAll(/^import\s*["']([^"'\n]+)["']/gm)) {
    add(specifier, false, false);
  }
  for (const [, specifier = ""] of text.matchAll(/\bimport\(\s*["']([^"'\n]+)["']/g)) {
    add(specifier, false, true);
  }
  return found;
}

const top = (path: string) => (path.startsWith("test/oracle/") ? "oracle" : path.split("/")[0]);
const isTest = (path: string) => path.endsWith(".test.ts") || path.includes(".contract.");

/** The word that names a file of `src/` in the table above. */
function wordOf(path: string): string | undefined {
  const parts = path.replace(/\.ts$/, "").split("/").slice(1);
  const first = (parts.length > 1 && GROUPS.has(parts[0]!) ? parts[1] : parts[0]) ?? "";
  return LAYERS.flat()
    .filter((word) => first === word || first.startsWith(`${word}-`))
    .sort((a, b) => b.length - a.length)[0];
}
const layerOf = (word: string) => LAYERS.findIndex((words) => words.includes(word));

/** Why this import breaks the rule, or undefined. */
function breach({ from, to, typeOnly, lazy }: Import): string | undefined {
  const [ours, theirs] = [top(from), top(to)];
  const word = ours === "src" ? wordOf(from) : undefined;
  const inside = ["src", "connectors", "reports", "simulator", "bench", "test", "oracle"].includes(
    theirs ?? "",
  );
  if (!inside) {
    const allowed = NETWORK[to];
    if (allowed === undefined || typeOnly || ours === "simulator" || ours === "oracle") return undefined;
    return word !== undefined && allowed.includes(word)
      ? undefined
      : "only the transport reaches the network";
  }
  if (ours === "oracle") return theirs === "oracle" ? undefined : "the oracle imports nothing of the product";
  if (theirs === "oracle" || theirs === "test" || theirs === "bench") return "the product imports no test";
  const target = theirs === "src" ? wordOf(to) : undefined;
  const allow = (...words: string[]) => target !== undefined && words.includes(target);
  switch (ours) {
    case "connectors":
      if (theirs === "connectors" || allow("model", "schema", "connector")) return undefined;
      if (allow("http") && typeOnly) return undefined;
      return "a connector imports only model, schema, connector and types of http";
    case "reports":
      return theirs === "reports" || allow("model") ? undefined : "a report imports only model";
    case "simulator":
      return theirs === "simulator" || allow("model", "schema")
        ? undefined
        : "the simulator stands apart from what it tests";
    default:
      break;
  }
  if (word === undefined) return undefined;
  if (theirs === "simulator") {
    return word === "demo" ? undefined : "only demo imports the simulator";
  }
  if (target === "demo" && !lazy) return "demo, and the simulator with it, is loaded lazily";
  if (theirs !== "src") {
    const lowest = theirs === "reports" ? "export" : "app";
    return layerOf(word) >= layerOf(lowest) ? undefined : `${word} stands below ${theirs}`;
  }
  if (target === undefined) return undefined;
  if (word === "store" && target === "http") return "a store sees no HTTP";
  return layerOf(target) <= layerOf(word) ? undefined : `${word} stands below ${target}`;
}

/** Every breach in these files, as lines for people. */
function breaches(files: Readonly<Record<string, string>>): string[] {
  const product = Object.entries(files).filter(([path]) => !isTest(path) || top(path) === "oracle");
  const strangers = product
    .filter(([path]) => top(path) === "src" && wordOf(path) === undefined)
    .map(([path]) => `${path}: say which layer it belongs to`);
  const broken = product
    .flatMap(([path, text]) => importsOf(path, text))
    .flatMap((line) => {
      const why = line.to.startsWith("node:") && isTest(line.from) ? undefined : breach(line);
      return why === undefined ? [] : [`${line.from} imports ${line.to}: ${why}`];
    });
  return [...strangers, ...broken];
}

function readTree(root: string): Record<string, string> {
  const files: Record<string, string> = {};
  for (const folder of ["src", "connectors", "reports", "simulator", "test/oracle"]) {
    let entries: ReturnType<typeof list>;
    try {
      entries = list(join(root, folder));
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") continue;
      throw error;
    }
    for (const path of entries) {
      if (path.endsWith(".ts")) files[`${folder}/${path}`] = readFileSync(join(root, folder, path), "utf8");
    }
  }
  return files;
}
const list = (folder: string) =>
  readdirSync(folder, { recursive: true, encoding: "utf8" }).map((path) => path.replaceAll("\\", "/"));

test("no file breaks the dependency rule", () => {
  const files = readTree(join(dirname(fileURLToPath(import.meta.url)), ".."));
  expect(Object.keys(files)).toContain("src/model.ts");
  expect(breaches(files)).toEqual([]);
});

/** Packages that a question may wait for. The engine is one that each question needs, and it loads by `require`. */
const QUICK: readonly string[] = ["commander", "cli-table3", "csv-stringify", "p-limit"];

test("to ask a question loads nothing that only collecting, keeping or a server needs", () => {
  const files = readTree(join(dirname(fileURLToPath(import.meta.url)), ".."));
  const waitsFor = new Set([
    ...["src/cli.ts", "src/app.ts"],
    ...["reach-command", "print", "output"].map((face) => `src/faces/${face}.ts`),
  ]);
  const packages = new Set<string>();
  for (const path of waitsFor)
    for (const { to, typeOnly, lazy } of importsOf(path, files[path] ?? "")) {
      if (typeOnly || lazy || to.startsWith("node:")) continue;
      if (to in files) waitsFor.add(to);
      else packages.add(to);
    }
  // Otherwise nothing was followed.
  expect(waitsFor).toContain("src/graph/store-embedded.ts");
  expect(packages).toContain("csv-stringify");
  expect([...packages].filter((name) => !QUICK.includes(name))).toEqual([]);
});

test.each([
  ["src/schema.ts", 'import { crawl } from "./crawl.ts";', "schema stands below crawl"],
  ["src/gate.ts", 'import type {\n  App,\n} from "./app.ts";', "gate stands below app"],
  ["src/store-embedded.ts", 'import type { Transport } from "./http.ts";', "a store sees no HTTP"],
  ["src/http/retry.ts", 'export * from "../crawl.ts";', "http stands below crawl"],
  ["src/crawl.ts", 'import { fetch } from "undici";', "only the transport reaches the network"],
  ["src/crawl.ts", 'import { entra } from "../connectors/entra/index.ts";', "crawl stands below connectors"],
  ["src/app.ts", 'const s = await import("../simulator/server.ts");', "only demo imports the simulator"],
  ["src/cli.ts", 'import { runDemo } from "./demo.ts";', "loaded lazily"],
  ["src/graph/store-embedded.ts", 'import { crawl } from "../app.ts";', "store stands below app"],
  ["src/helpers.ts", "", "say which layer it belongs to"],
  ["src/app.ts", 'import { evaluate } from "../test/oracle/roles.ts";', "the product imports no test"],
  ["connectors/entra/index.ts", 'import "../../src/store.ts";', "a connector imports only"],
  [
    "connectors/entra/index.ts",
    'import { createHttp } from "../../src/http.ts";',
    "a connector imports only",
  ],
  ["connectors/azure/x.ts", 'import { BlobServiceClient } from "@azure/storage-blob";', "only the transport"],
  ["reports/csv.ts", 'import type { Row } from "../src/ask/query.ts";', "a report imports only model"],
  ["simulator/server.ts", 'import { createHttp } from "../src/collect/http.ts";', "stands apart"],
  ["test/oracle/roles.ts", 'import { armId } from "../../src/schema.ts";', "imports nothing of the product"],
])("a breach is caught: %s with %s", (path, text, why) => {
  const found = breaches({ [path]: text });
  expect(found).toHaveLength(1);
  expect(found[0]).toContain(path);
  expect(found[0]).toContain(why);
});

test("what the rule allows passes", () => {
  const files = {
    "connectors/azure/blobs.ts":
      'import type { Transport } from "../../src/http.ts";\nimport { armId } from "../../src/schema.ts";\nimport { type Step } from "../../src/connector.ts";\nimport { rights } from "./rights.ts";\nimport yauzl from "yauzl";',
    "src/cli.ts": 'import { app } from "./app.ts";\nconst s = await import("./demo.ts");',
    "src/demo.ts": 'import { startSimulator } from "../simulator/server.ts";',
    "src/reach-command.ts": 'import { printTop } from "./print.ts";',
    "src/reach/answers.ts": 'import type { GraphStore } from "../graph/store.ts";',
    "src/app.ts": 'import { connectors } from "../connectors/index.ts";\nimport { crawl } from "./crawl.ts";',
    "src/http/wire.ts": 'import { request } from "undici";\nimport type { Transport } from "../http.ts";',
    "src/crawl.test.ts": 'import { start } from "../simulator/server.ts";',
    "src/schema.ts": 'export const from = "crawl";\nexport type T = "./crawl.ts";',
  };
  expect(breaches(files)).toEqual([]);
});
