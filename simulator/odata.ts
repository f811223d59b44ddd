/** Collections as Graph answers them: paging, `$select`, `$filter`, `$expand`, `$count`. */
import { BadRequest, json, linkTo, offsetOf, type Reply, type SimulatedRequest, writeToken } from "./wire.ts";
import type { Json, JsonValue } from "./world.ts";

export interface Collection {
  readonly total: number;
  /** The object at a position, or undefined where it was removed. */
  at(i: number): Json | undefined;
  /** Largest page; default 999. https://learn.microsoft.com/graph/paging */
  readonly max?: number;
  /** Properties given without `$select`; default all. */
  readonly defaults?: readonly string[];
  /** Related objects by name, for `$expand`. */
  expand?(i: number, name: string): JsonValue | undefined;
}

export const listOf = (rows: readonly Json[]): Collection => ({ total: rows.length, at: (i) => rows[i] });

/** Collections one after the other. */
export function concat(...parts: readonly Collection[]): Collection {
  const find = (i: number): [Collection, number] | undefined => {
    for (const part of parts) {
      if (i < part.total) return [part, i];
      i -= part.total;
    }
    return undefined;
  };
  return {
    total: parts.reduce((sum, part) => sum + part.total, 0),
    at(i) {
      const found = find(i);
      return found?.[0].at(found[1]);
    },
    expand(i, name) {
      const found = find(i);
      return found?.[0].expand?.(found[1], name);
    },
  };
}

/** Keeps what was selected, and annotations. */
export function select(object: Json, names: readonly string[] | undefined): Json {
  if (!names) return object;
  const out: Record<string, JsonValue> = {};
  for (const [name, value] of Object.entries(object))
    if (name.startsWith("@") || names.includes(name)) out[name] = value;
  return out;
}

export const selectedOf = (query: URLSearchParams): readonly string[] | undefined =>
  query
    .get("$select")
    ?.split(",")
    .map((name) => name.trim());

/** `$expand=a($select=id),b`: the names. */
const expandedOf = (query: URLSearchParams): readonly string[] =>
  query
    .get("$expand")
    ?.replace(/\([^)]*\)/g, "")
    .split(",")
    .map((name) => name.trim()) ?? [];

/** `a eq 'x' and b eq true`, `id in ('x','y')`: what directory lists take without advanced queries. */
export function filterOf(text: string | null): (object: Json) => boolean {
  if (!text) return () => true;
  const tests = text.split(/\s+and\s+/i).map((term): ((object: Json) => boolean) => {
    const equal = /^\(?\s*([\w/]+)\s+eq\s+(?:'([^']*)'|(true|false|null))\s*\)?$/i.exec(term);
    if (equal) {
      const [, name = "", quoted, bare] = equal;
      return (object) => String(object[name]).toLowerCase() === (quoted ?? bare ?? "").toLowerCase();
    }
    const among = /^\(?\s*(\w+)\s+in\s+\(([^)]*)\)\s*\)?$/i.exec(term);
    if (among) {
      const [, name = "", values = ""] = among;
      const wanted = new Set(
        values.split(",").map((value) => value.trim().replace(/^'|'$/g, "").toLowerCase()),
      );
      return (object) => wanted.has(String(object[name]).toLowerCase());
    }
    throw new BadRequest(`The filter '${term}' is not supported here.`);
  });
  return (object) => tests.every((test) => test(object));
}

function topOf(query: URLSearchParams, max: number): number {
  const text = query.get("$top");
  if (text === null) return Math.min(100, max);
  const top = Number(text);
  if (!Number.isInteger(top) || top < 1 || top > max)
    throw new BadRequest(`Invalid page size specified: '${text}'. Must be between 1 and ${max} inclusive.`);
  return top;
}

/** One page of a collection, with the link to the next. */
export function page(request: SimulatedRequest, collection: Collection): Reply {
  const { query } = request;
  const top = topOf(query, collection.max ?? 999);
  const names = selectedOf(query) ?? collection.defaults;
  const expanded = expandedOf(query);
  const keep = filterOf(query.get("$filter"));
  const value: Json[] = [];
  let at = offsetOf(query.get("$skiptoken"));
  // A page holds `top` positions; a filter goes on until it has that many objects.
  const filtered = query.has("$filter");
  const until = filtered ? collection.total : Math.min(collection.total, at + top);
  for (; at < until && value.length < top; at++) {
    const object = collection.at(at);
    if (!object || !keep(object)) continue;
    const row: Record<string, JsonValue> = { ...select(object, names) };
    for (const name of expanded) {
      const related = collection.expand?.(at, name);
      if (related === undefined) throw new BadRequest(`Could not expand '${name}'.`);
      row[name] = related;
    }
    value.push(row);
  }
  const context = `${request.base}/$metadata#${request.path.replace(/^\//, "")}`;
  return json({
    "@odata.context": context,
    ...(query.get("$count") === "true" ? { "@odata.count": countOf(collection, keep, filtered) } : {}),
    ...(at < collection.total
      ? { "@odata.nextLink": linkTo(request, { $skiptoken: writeToken({ at }) }) }
      : {}),
    value,
  });
}

function countOf(collection: Collection, keep: (object: Json) => boolean, filtered: boolean): number {
  if (!filtered) return collection.total;
  let count = 0;
  for (let i = 0; i < collection.total; i++) {
    const object = collection.at(i);
    if (object && keep(object)) count++;
  }
  return count;
}
