/** The strict check of one line of an import file: what it must look like, said with the nearest known name. */
import { type Column, endpoints, isKeyed, properties } from "../graph/generate.ts";
import { COVERAGE_STATES, ConfigError, type Coverage, type CoverageState } from "../model.ts";
import { nearest } from "../nearest.ts";
import {
  ACTIONS,
  armId,
  type Change,
  directoryId,
  EVERYONE,
  EXCEPT_EXTERNAL,
  isNodeKind,
  isRelKind,
  type Kind,
  NODE_KINDS,
  type NodeKind,
  type NodeRecord,
  type NodeRef,
  REL_KINDS,
  type RelKind,
  type RelRecord,
} from "../schema.ts";
import type { ImportLine } from "./inventory.ts";
import { misfit } from "./inventory-rows.ts";

type Json = Readonly<Record<string, unknown>>;
const GUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

/** A refused line. Thrown within this module only; `checkLine` adds the line number. */
class Misfit extends Error {}

/**
 * Reads one line. Returns undefined for a blank one.
 * Throws ConfigError `bad-record` that names the line and what is expected there.
 */
export const checkLine = (line: string, number: number, file: string): ImportLine | undefined => {
  // The first line of a file may start with a byte-order mark.
  const json = (number === 1 ? line.replace(/^\uFEFF/, "") : line).trim();
  if (json === "") return undefined;
  try {
    return lineOf(parse(json));
  } catch (error) {
    if (!(error instanceof Misfit)) throw error;
    throw new ConfigError(
      "bad-record",
      `${file}, line ${number}: ${error.message}; nothing of the file was applied`,
      "correct the line (forereach schema lists kinds and properties) and import the file again",
    );
  }
};

const parse = (json: string): unknown => {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new Misfit(`not valid JSON (${error instanceof Error ? error.message : error})`);
  }
  mustBeClear(json);
  return value;
};

/**
 * What JSON.parse takes without a word: of two equal keys it keeps the last, and halves of surrogate pairs, which no file can
 * hold, so that two ids would become one. `json` is valid.
 */
const mustBeClear = (json: string): void => {
  const open: Set<string>[] = [];
  for (let at = 0; at < json.length; at++) {
    const sign = json[at];
    if (sign === "{") open.push(new Set());
    else if (sign === "}") open.pop();
    if (sign !== '"') continue;
    const start = at++;
    while (json[at] !== '"') at += json[at] === "\\" ? 2 : 1;
    const quoted = json.slice(start, at + 1);
    const text = quoted.includes("\\") ? String(JSON.parse(quoted)) : quoted.slice(1, -1);
    if (/\p{Surrogate}/u.test(text)) throw new Misfit(`${quoted.slice(0, 80)} is no valid Unicode text`);
    if (!isKeyAt(json, at + 1)) continue;
    if (open.at(-1)?.has(text)) throw new Misfit(`"${text}" stands there twice`);
    open.at(-1)?.add(text);
  }
};
const isKeyAt = (json: string, end: number): boolean => {
  let at = end;
  while (" \t\r\n".includes(json[at] ?? ",")) at++;
  return json[at] === ":";
};

const lineOf = (value: unknown): ImportLine => {
  const line = objectOf(value, "the line");
  const [what, ...more] = Object.keys(line);
  if (what === undefined || more.length > 0)
    throw new Misfit('a line has exactly one of "put", "remove" and "coverage"');
  if (what === "put") return { put: putOf(objectOf(line.put, "put")) };
  if (what === "remove") return { remove: removalOf(objectOf(line.remove, "remove")) };
  if (what === "coverage") return { coverage: coverageOf(objectOf(line.coverage, "coverage")) };
  throw unknownName("field", what, ["put", "remove", "coverage"]);
};

/** Who stands for all: rules know them by their ids, so that by another one nobody would be meant. */
const STANDING: ReadonlyMap<string, string> = new Map([
  ["Everyone", EVERYONE],
  ["EveryoneExceptExternal", EXCEPT_EXTERNAL],
]);
const standsById = (id: string, sort: unknown): void => {
  const expected = STANDING.get(String(sort));
  if (expected !== undefined && id !== expected)
    throw new Misfit(`the id of a Principal of kind ${sort} is ${JSON.stringify(id)}; expected ${expected}`);
};

const putOf = (record: Json): NodeRecord | RelRecord => {
  const kind = kindOf(record.kind);
  if (isNodeKind(kind)) {
    onlyFields(record, ["kind", "id", "props"]);
    const [id, props] = [idOf(kind, record.id, "id"), propsOf(kind, record.props)];
    if (kind === "Principal") standsById(id, props.kind);
    // The properties were checked against the kind, which the type cannot express for a kind known at run time.
    return { kind, id, props } as NodeRecord;
  }
  onlyFields(record, ["kind", "from", "to", "props"]);
  const ends = endsOf(kind, record);
  const props = propsOf(kind, record.props);
  return (record.props === undefined ? { kind, ...ends } : { kind, ...ends, props }) as RelRecord;
};

const removalOf = (record: Json): Extract<Change, { remove: unknown }>["remove"] => {
  const kind = kindOf(record.kind);
  if (isNodeKind(kind)) {
    onlyFields(record, ["kind", "id"]);
    return { kind, id: idOf(kind, record.id, "id") };
  }
  onlyFields(record, ["kind", "from", "to", "key"]);
  const ends = endsOf(kind, record);
  if (record.key === undefined) return { kind, ...ends };
  return { kind, ...ends, key: keyOf(kind, record.key) };
};

const endsOf = (kind: RelKind, record: Json): { from: NodeRef; to: NodeRef } => {
  const allowed = endpoints(kind);
  return {
    from: refOf(kind, record.from, "from", allowed.from),
    to: refOf(kind, record.to, "to", allowed.to),
  };
};

const refOf = (of: RelKind, value: unknown, where: "from" | "to", allowed: readonly NodeKind[]): NodeRef => {
  const ref = objectOf(value, where);
  onlyFields(ref, ["kind", "id", "alias"]);
  const kind = kindOf(ref.kind);
  if (!isNodeKind(kind) || !allowed.includes(kind))
    throw new Misfit(`${of} goes ${where} ${allowed.join(" or ")}, not ${where} ${kind}`);
  if ((ref.id === undefined) === (ref.alias === undefined))
    throw new Misfit(`${where} names a node by exactly one of "id" and "alias"`);
  if (ref.id !== undefined) return { kind, id: idOf(kind, ref.id, `${where}.id`) };
  return { kind, alias: nonEmpty(ref.alias, `${where}.alias`) };
};

const propsOf = (kind: Kind, value: unknown): Json => {
  const props = value === undefined ? {} : objectOf(value, "props");
  const known = properties(kind);
  for (const [name, given] of Object.entries(props)) {
    if (name === "key" && isRelKind(kind)) {
      keyOf(kind, given);
      continue;
    }
    const spec = known.find((property) => property.name === name);
    if (spec === undefined) {
      const names = known.map((property) => property.name);
      throw unknownName(
        `property of ${kind}`,
        name,
        isRelKind(kind) && isKeyed(kind) ? ["key", ...names] : names,
      );
    }
    const expected = misfit(given, spec.type) ?? unlisted(given, spec);
    if (expected !== undefined)
      throw new Misfit(`${name} of ${kind} is ${JSON.stringify(given).slice(0, 80)}; expected ${expected}`);
  }
  for (const { name, values, required } of known)
    if (required === true && props[name] === undefined)
      throw new Misfit(`${name} of ${kind} is missing; expected ${choice(values)}`);
  // It would take nothing away, and what it does take away would count as there for sure.
  if (kind === "DENIED" && !ACTIONS.some((action) => typeof props[action] === "boolean"))
    throw new Misfit(`DENIED says no action; expected one or more of ${ACTIONS.join(", ")}`);
  return Object.fromEntries(Object.entries(props).map(([name, said]) => [name, withIds(name, said)]));
};

/** Ids that stand in properties, spelled as those of nodes: rules compare them. Names and keys stay as they are. */
const withIds = (name: string, value: unknown): unknown => {
  if (name === "name" || name === "key") return value;
  if (Array.isArray(value)) return value.map((one) => withIds(name, one));
  return typeof value === "string" && GUID.test(value) ? directoryId(value) : value;
};

/** What is expected if the value is none of a closed list, misspells a word that rules know, or has in it what it may not have. `null` clears, which what is required does not bear. */
const unlisted = (value: unknown, column: Column): string | undefined => {
  const { values, required, never = [], ids, words = [] } = column;
  if (Array.isArray(value) && value.some((item) => never.includes(item)))
    return `single principals and groups, none of ${never.join(", ")}`;
  if (ids === true && [value].flat().some(isAlias))
    return `${Array.isArray(value) ? "ids" : "an id"}: only ends of relationships are named by alias`;
  const meant = words.find((word) =>
    [value].flat().some((said) => said !== word && spelled(said) === spelled(word)),
  );
  if (meant !== undefined) return `${meant}, in this spelling`;
  const fits = value === null ? required !== true : values === undefined || values.includes(String(value));
  return fits ? undefined : choice(values);
};
/** The same for all spellings of a word. */
const spelled = (word: unknown): string =>
  String(word)
    .toLowerCase()
    .replaceAll(/[\s_-]/g, "");
const isAlias = (value: unknown): boolean =>
  typeof value === "string" && /^(appid|application|upn|mail|sid):/i.test(value);
/** Where no values are listed it is a flag. */
const choice = (values: readonly string[] = ["true", "false"]): string => `one of ${values.join(", ")}`;

const keyOf = (kind: RelKind, value: unknown): string => {
  if (!isKeyed(kind)) throw new Misfit(`${kind} has no key: there is at most one between two nodes`);
  if (typeof value !== "string") throw new Misfit(`key of ${kind} must be a string`);
  return value;
};

const coverageOf = (value: Json): Coverage => {
  onlyFields(value, ["step", "scope", "state", "reason", "fix"]);
  const state = COVERAGE_STATES.find((known): known is CoverageState => known === value.state);
  if (state === undefined) throw unknownName("coverage state", String(value.state), COVERAGE_STATES);
  const optional = (name: "reason" | "fix") =>
    value[name] === undefined ? {} : { [name]: nonEmpty(value[name], name) };
  const scope = value.scope ?? "";
  if (typeof scope !== "string") throw new Misfit("scope must be a string");
  return {
    step: nonEmpty(value.step, "step"),
    scope: normalId("Scope", scope),
    state,
    ...optional("reason"),
    ...optional("fix"),
  };
};

const kindOf = (value: unknown): Kind => {
  if (typeof value !== "string") throw new Misfit('"kind" is missing or not a string');
  if (isNodeKind(value) || isRelKind(value)) return value;
  throw unknownName("kind", value, [...NODE_KINDS, ...REL_KINDS]);
};

const idOf = (kind: NodeKind, value: unknown, where: string): string =>
  normalId(kind, nonEmpty(value, where));

/** The one spelling that connectors use, so that an imported id names the same node as a crawled one. */
const normalId = (kind: NodeKind, id: string): string => {
  if (kind === "Scope" && id.startsWith("/")) return armId(id);
  return GUID.test(id) ? directoryId(id) : id;
};

const nonEmpty = (value: unknown, where: string): string => {
  if (typeof value !== "string" || value.trim() === "")
    throw new Misfit(`${where} is missing: a non-empty string is expected`);
  return value;
};

const objectOf = (value: unknown, where: string): Json => {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new Misfit(`${where} must be a JSON object`);
  return value as Json;
};

const onlyFields = (value: Json, known: readonly string[]): void => {
  for (const name of Object.keys(value)) if (!known.includes(name)) throw unknownName("field", name, known);
};

const unknownName = (what: string, name: string, known: readonly string[]): Misfit => {
  const near = nearest(name, known);
  const hint = near === undefined ? `expected ${known.join(", ")}` : `did you mean "${near}"?`;
  return new Misfit(`unknown ${what} "${name}"; ${known.length === 0 ? "it has none" : hint}`);
};
