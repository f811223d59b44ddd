/**
 * The saved queries: one `.cypher` file each, with its meaning as front matter in comments, so that a file
 * runs as pasted. The rules in queries/derive are no queries and have a loader of their own.
 */
import { readdir, readFile } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { ConfigError, type Params, type Row, SEVERITIES, type Severity } from "../model.ts";
import { nearest } from "../nearest.ts";
import { packageRoot } from "../root.ts";
import { isNodeKind, isRelKind, PUBLISHED_KINDS } from "../schema.ts";

export interface Query {
  /** Stable; findings are known by it. */
  id: string;
  title: string;
  /** Of its findings. Absent: a question that somebody asks, whose rows are no findings. */
  severity: Severity | undefined;
  /** Who asks it; of a question only. */
  users: readonly string[];
  /** Kinds that it reads: what is incomplete among them makes a vanished finding `unknown`. */
  reads: readonly string[];
  columns: readonly string[];
  /** Columns that hold node ids and make two rows of two scans the same finding; of a question none. */
  identity: readonly string[];
  why: string;
  /** What to do about a finding; empty for a question. */
  fix: string;
  /** Parameters and their defaults; whoever runs the query may set others. */
  params: Readonly<Record<string, Value>>;
  /** Parameters without a default, which are texts: a guess would give an answer to another question. */
  required: readonly Required[];
  text: string;
}

type Value = string | number | boolean;
interface Required {
  name: string;
  /** What it must name: nodes by id or name, relationships by key. Absent: it is no name. */
  kind: string | undefined;
}

/** As the list of queries and its page show them. */
export const sayParameters = ({ params, required }: Pick<Query, "params" | "required">): string[] => [
  ...required.map(({ name, kind }) => `${name} (required${kind === undefined ? "" : `: ${kind}`})`),
  ...Object.entries(params).map(([name, value]) => `${name}=${value}`),
];

const REQUIRED = ["id", "title", "reads", "columns", "why"] as const;
const OF_FINDINGS = ["severity", "identity", "fix"] as const;
type Key = (typeof REQUIRED | typeof OF_FINDINGS)[number] | "for";
const KEYS: ReadonlySet<string> = new Set([...REQUIRED, ...OF_FINDINGS, "for", "params"]);
/** A query whose rows are findings. */
export type FindingQuery = Query & { severity: Severity };
export const isFindingQuery = (query: Query): query is FindingQuery => query.severity !== undefined;
const PUBLISHED: ReadonlySet<string> = new Set(PUBLISHED_KINDS);

/** The saved query of that name; undefined for Cypher. Throws ConfigError for what can only be a name, and is none. */
export async function savedQuery(cypherOrName: string): Promise<Query | undefined> {
  const saved = await loadQueries();
  const found = saved.find(({ id }) => id === cypherOrName);
  if (found !== undefined || !/^\w+(-\w+)+$/.test(cypherOrName)) return found;
  const near = nearest(
    cypherOrName,
    saved.map(({ id }) => id),
  );
  throw new ConfigError(
    "no-such-query",
    `No saved query is called ${cypherOrName}${near === undefined ? "" : `; did you mean ${near}?`}`,
    "forereach queries lists them",
  );
}

/** All saved queries, ordered by id. Throws ConfigError for a file that does not say what it must. */
export async function loadQueries(folder = join(packageRoot, "queries")): Promise<Query[]> {
  const files = (await readdir(folder, { recursive: true }))
    .filter((file) => file.endsWith(".cypher") && file.split(sep)[0] !== "derive")
    .sort();
  const queries = new Map<string, Query>();
  for (const file of files) {
    const path = join(folder, file);
    const query = parseQuery(await readFile(path, "utf8"), relative(dirname(folder), path));
    if (queries.has(query.id)) throw wrong(path, `the id ${query.id} is taken by another file`);
    queries.set(query.id, query);
  }
  return [...queries.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** One file: `// key: value` lines first, a value going on in lines that are indented. */
export function parseQuery(text: string, file: string): Query {
  const meta = frontMatter(text, file);
  const value = (key: Key): string => {
    const found = meta.get(key);
    if (found === undefined || found === "") throw wrong(file, `"${key}" is missing`);
    return found;
  };
  const list = (key: Key): string[] => {
    const names = value(key).split(/\s*,\s*/);
    if (names.includes("")) throw wrong(file, `"${key}" has an empty name`);
    if (new Set(names).size < names.length) throw wrong(file, `"${key}" names one thing twice`);
    return names;
  };
  const question = meta.has("for");
  const both = OF_FINDINGS.find((key) => question && meta.has(key));
  if (both !== undefined) throw wrong(file, `"for" makes it a question, "${both}" a finding`);
  const severity = question ? undefined : SEVERITIES.find((known) => known === value("severity"));
  if (severity === undefined && !question)
    throw wrong(file, `"severity" is none of ${SEVERITIES.join(", ")}`);
  const query: Query = {
    id: value("id"),
    title: value("title"),
    severity,
    users: question ? list("for") : [],
    reads: list("reads"),
    columns: list("columns"),
    identity: question ? [] : list("identity"),
    why: value("why"),
    fix: question ? "" : value("fix"),
    ...parameters(meta.get("params"), file),
    text,
  };
  if (!question && query.required.length > 0)
    throw wrong(file, `a scan looks for findings unasked: "params" must have a default for each`);
  if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(query.id))
    throw wrong(file, '"id" is not made of words-in-small-letters');
  const stranger = query.reads.find((kind) => !isNodeKind(kind) && !isRelKind(kind) && !PUBLISHED.has(kind));
  if (stranger !== undefined) throw wrong(file, `"reads" names ${stranger}, which the schema does not have`);
  const extra = query.identity.find((column) => !query.columns.includes(column));
  if (extra !== undefined) throw wrong(file, `"identity" names ${extra}, which is no column`);
  return query;
}

/**
 * Runs a query with its defaults and `params`. Throws ConfigError if a parameter is unknown, missing or of another type, if
 * it names nothing that is there or several things, or if the engine’s columns are not those that the file declares.
 */
export async function runQuery(
  run: (cypher: string, params: Params) => Promise<Row[]>,
  query: Query,
  params: Params = {},
): Promise<Row[]> {
  const rows = await run(query.text, await meant(run, query, checked(query, params)));
  const got = rows[0] === undefined ? undefined : Object.keys(rows[0]).join(", ");
  if (got !== undefined && got !== query.columns.join(", ")) {
    throw wrong(query.id, `it declares the columns ${query.columns.join(", ")} and returns ${got}`);
  }
  return rows;
}

/** What the text is run with. */
function checked(query: Query, params: Params): Params {
  const refuse = (what: string, fix: string) => new ConfigError("query-parameter", what, fix);
  const known = [...query.required.map(({ name }) => name), ...Object.keys(query.params)];
  const unknown = Object.keys(params).find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw refuse(
      `The query ${query.id} has no parameter ${unknown}.`,
      `Its parameters: ${known.join(", ") || "none"}.`,
    );
  const missing = query.required.find(({ name }) => !Object.hasOwn(params, name));
  if (missing !== undefined)
    throw refuse(
      `The query ${query.id} needs the parameter ${missing.name}.`,
      `forereach query ${query.id} --param ${missing.name}=VALUE`,
    );
  const values = Object.entries(params).map(([name, value]) => {
    const type = typeof (query.params[name] ?? "");
    // What looks like a number may be a name.
    if (type === "string") return [name, String(value)];
    if (type !== typeof value)
      throw refuse(
        `The parameter ${name} of the query ${query.id} is a ${type}.`,
        `Such as --param ${name}=${query.params[name]}.`,
      );
    return [name, value];
  });
  return { ...query.params, ...Object.fromEntries(values) };
}

/** So many candidates are listed. */
const CANDIDATES = 10;

/**
 * Names as the ids that they mean; a grant by its id, also where conditions made parts of it, whose keys go on behind a #. No
 * rows about something that is not there would say no, where nothing was asked; and rows about two places of one name would be
 * taken for one's.
 */
async function meant(
  run: (cypher: string, params: Params) => Promise<Row[]>,
  query: Query,
  given: Params,
): Promise<Params> {
  const ids: Params = {};
  for (const { name, kind } of query.required) {
    if (kind === undefined) continue;
    const value = given[name]!;
    const found = await run(
      isNodeKind(kind)
        ? `MATCH (n:${kind}) WHERE n.id = $value OR n.name = $value RETURN n.id AS id ORDER BY id`
        : `MATCH (a)-[n:${kind}]->(b) WHERE n.key = $value OR n.key STARTS WITH ($value + '#') RETURN $value AS id LIMIT 1`,
      { value },
    );
    const fit = found.map(({ id }) => String(id));
    if (fit.length === 0)
      throw new ConfigError(
        "not-found",
        `There is no ${kind} ${value}, so ${query.id} cannot say anything about it.`,
        `Give ${isNodeKind(kind) ? "an id or a whole name" : "the key"}.`,
      );
    if (fit.length > 1 && !fit.includes(String(value)))
      throw new ConfigError(
        "ambiguous",
        `"${value}" fits ${fit.length} of kind ${kind}: ${fit.slice(0, CANDIDATES).join(", ")}${fit.length > CANDIDATES ? ", …" : ""}`,
        "give the id",
      );
    ids[name] = fit.length === 1 ? fit[0]! : value;
  }
  return { ...given, ...ids };
}

function frontMatter(text: string, file: string): Map<string, string> {
  const meta = new Map<string, string>();
  let last: string | undefined;
  for (const line of text.split(/\r?\n/)) {
    if (!line.startsWith("//")) break;
    const more = /^\/\/\s{2,}(\S.*)$/.exec(line)?.[1];
    const [, key, value] = /^\/\/ ([a-z]+):\s*(.*)$/.exec(line) ?? [];
    if (more !== undefined && last !== undefined) {
      meta.set(last, `${meta.get(last)} ${more.trim()}`);
    } else if (key === undefined || value === undefined || !KEYS.has(key)) {
      throw wrong(file, `"${key ?? line}" is none of ${[...KEYS].join(", ")}`);
    } else if (meta.has(key)) {
      throw wrong(file, `"${key}" stands twice`);
    } else {
      meta.set(key, value.trim());
      last = key;
    }
  }
  return meta;
}

function parameters(line: string | undefined, file: string): Pick<Query, "params" | "required"> {
  const params: Record<string, Value> = {};
  const required: Required[] = [];
  for (const part of line === undefined ? [] : line.split(/\s*,\s*/)) {
    const [, name, , kind, value] = /^([A-Za-z]\w*)(:(\w+)|=(.+))?$/.exec(part) ?? [];
    if (name === undefined)
      throw wrong(file, `"params" is not written name=default, name, name:Kind: ${part}`);
    if (kind !== undefined && !isNodeKind(kind) && !isRelKind(kind))
      throw wrong(file, `"params" names ${kind}, which the schema does not have`);
    if (value === undefined) required.push({ name, kind });
    else if (value === "true" || value === "false") params[name] = value === "true";
    else params[name] = /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value;
  }
  return { params, required };
}

const wrong = (where: string, what: string): ConfigError =>
  new ConfigError("query-file", `${where}: ${what}.`, "See “A query: one file” in the contributor guide.");
