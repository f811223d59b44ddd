/**
 * Rewrites Cypher by its tokens: a query for one tenant of a database that several share, and rules for a scratch
 * graph. The text stays as it was written otherwise, so that errors point at the same place.
 */
import { type Dialect, type Token, tokens } from "./cypher-tokens.ts";

const NEO4J: Dialect = "neo4j";
/** Words after which no pattern goes on. */
const NO_PATTERN = new Set(["WHERE", "WITH", "RETURN", "UNWIND", "ORDER", "SKIP", "LIMIT", "CALL", "UNION"]);
const SUBQUERY = new Set(["EXISTS", "COUNT", "COLLECT"]);

const sign = (token: Token | undefined): string => (token?.kind === "sign" ? token.text : "");
const word = (token: Token | undefined): string => (token?.kind === "word" ? token.text.toUpperCase() : "");
const isName = (token: Token | undefined): boolean => token?.kind === "word" || token?.kind === "name";

type Insertion = readonly [at: number, text: string];
const inserted = (text: string, insertions: readonly Insertion[]): string => {
  let done = "";
  let from = 0;
  for (const [at, what] of [...insertions].sort((a, b) => a[0] - b[0])) {
    done += text.slice(from, at) + what;
    from = at;
  }
  return done + text.slice(from);
};

/**
 * The query with `label` demanded of every node that it matches. Relationships never leave a tenant, so what a
 * pattern reaches from such a node is of the same tenant. `label` is quoted already. The query passed the gate.
 */
export function withLabel(text: string, label: string): string {
  const list = tokens(text, NEO4J);
  const insertions: Insertion[] = [];
  /** What the brackets around stand in. */
  const around: boolean[] = [];
  let pattern = false;
  for (const [index, token] of list.entries()) {
    const here = sign(token);
    if (here === "(" || here === "[" || here === "{") {
      around.push(pattern);
      if (here === "(") insertions.push(...node(list, index, pattern, label));
      if (here === "[") pattern = false;
      if (here === "{") pattern = SUBQUERY.has(word(list[index - 1])) && sign(list[index + 1]) === "(";
    } else if (here === ")" || here === "]" || here === "}") {
      pattern = around.pop() ?? false;
    } else if (word(token) === "MATCH") pattern = true;
    // A path may have such a name: MATCH limit = (a)-->(b)
    else if (NO_PATTERN.has(word(token)) && sign(list[index + 1]) !== "=") pattern = false;
  }
  return inserted(text, insertions);
}

/** What to put into `(name:LABELS …`, if a node begins at this bracket. */
function node(list: readonly Token[], open: number, pattern: boolean, label: string): Insertion[] {
  let at = open + 1;
  if (isName(list[at]) && !(pattern && ["WHERE", "IS"].includes(word(list[at])))) at++;
  const next = list[at]!;
  if (sign(next) === ":" || (pattern && word(next) === "IS")) {
    let end = at + 1;
    while (
      isName(list[end])
        ? word(list[end]) !== "WHERE"
        : [":", "|", "&", "!", "%", "(", ")"].includes(sign(list[end]))
    )
      if (sign(list[end]) === ")" && !isOpen(list, at, end)) break;
      else end++;
    const colons = list.slice(at + 1, end).some((one) => sign(one) === ":");
    const [first, last] = [list[at + 1]!, list[end - 1]!];
    return colons
      ? [[last.end, `:${label}`]]
      : [
          [first.start, "("],
          [last.end, `)&${label}`],
        ];
  }
  if (!pattern && !isInPath(list, open)) return [];
  // `(n)`, `()`, `(n {id: 1})`, `(n WHERE …)`; a second bracket groups a part of a path.
  return sign(next) === ")" || sign(next) === "{" || word(next) === "WHERE"
    ? [[list[at - 1]!.end, `:${label}`]]
    : [];
}

/** True if a relationship begins behind this bracket or ends before it: in an expression, too, it holds a node then. */
function isInPath(list: readonly Token[], open: number): boolean {
  let close = open + 1;
  while (close < list.length - 1 && (sign(list[close]) !== ")" || isOpen(list, open + 1, close))) close++;
  const signs = (from: number, to: number): string => list.slice(from, to).map(sign).join("");
  if (/^<?-[-[]/.test(signs(close + 1, close + 4))) return true;
  const before = signs(Math.max(0, open - 3), open);
  return (
    /--$|-->$/.test(before) ||
    (/\]->?$/.test(before) && isRelationship(list, before.endsWith(">") ? open - 3 : open - 2))
  );
}

/** True if what this bracket closes stands behind a dash, as a list does not. */
function isRelationship(list: readonly Token[], close: number): boolean {
  let depth = 0;
  for (let at = close; at >= 0; at--) {
    if (sign(list[at]) === "]") depth++;
    if (sign(list[at]) === "[" && --depth === 0) return sign(list[at - 1]) === "-";
  }
  return false;
}

/** True if a bracket that was opened after `from` is open before `to`. */
function isOpen(list: readonly Token[], from: number, to: number): boolean {
  let depth = 0;
  for (const token of list.slice(from, to)) {
    if (sign(token) === "(") depth++;
    if (sign(token) === ")") depth--;
  }
  return depth > 0;
}

/** The text with labels and relationship types renamed where `rename` knows another name. */
export function renameKinds(text: string, rename: (kind: string) => string | undefined): string {
  const list = tokens(text, NEO4J);
  let done = "";
  let from = 0;
  for (const [index, token] of list.entries()) {
    const before = sign(list[index - 1]);
    if (!isName(token) || ![":", "|", "&", "!"].includes(before)) continue;
    const name = rename(token.text);
    if (name === undefined) continue;
    done += text.slice(from, token.start) + name;
    from = token.end;
  }
  return done + text.slice(from);
}

/** Indexes of tokens, and whether they stand in brackets. */
function depths(list: readonly Token[]): number[] {
  let depth = 0;
  return list.map((token) => {
    if (["(", "[", "{"].includes(sign(token))) return depth++;
    if ([")", "]", "}"].includes(sign(token))) depth--;
    return depth;
  });
}

/**
 * The query with WITH in place of its RETURN, so that a statement can go on with its rows, and what its columns are
 * called: as they are named, or c0, c1, … by their place.
 */
export function withRows(text: string): { text: string; columns: string[] } {
  const list = tokens(text, NEO4J);
  const depth = depths(list);
  const start = list.findLastIndex((token, index) => word(token) === "RETURN" && depth[index] === 0);
  const insertions: Insertion[] = [];
  const columns: string[] = [];
  let first = start + (word(list[start + 1]) === "DISTINCT" ? 2 : 1);
  for (let at = first; at < list.length; at++) {
    const end = list[at]!.kind === "end" || word(list[at]) === "ORDER";
    if (depth[at] !== 0 || (!end && sign(list[at]) !== ",")) continue;
    const named = word(list[at - 2]) === "AS" && at - 2 > first;
    const name = named ? list[at - 1]!.text : `c${columns.length}`;
    if (!named) insertions.push([list[at - 1]!.end, ` AS ${name}`]);
    columns.push(name);
    first = at + 1;
    if (end) break;
  }
  const { start: before, end: after } = list[start]!;
  return { text: `${text.slice(0, before)}WITH${inserted(text, insertions).slice(after)}`, columns };
}

const CLAUSES = new Set(["MATCH", "OPTIONAL", "WHERE", "WITH", "UNWIND", "RETURN", "ORDER"]);

/**
 * Kinds without which a query has no rows: of each group, one must have some. It looks at what must match; where a
 * projection could make a row of none, as a count does, it asks for nothing.
 */
export function neededKinds(text: string): string[][] {
  const list = tokens(text, NEO4J);
  const depth = depths(list);
  const groups: string[][] = [];
  let matching = false;
  for (const [at, token] of list.entries()) {
    const [clause, next] = [word(token), list[at + 1]];
    if (depth[at] === 0 && CLAUSES.has(clause)) {
      matching = clause === "MATCH" && word(list[at - 1]) !== "OPTIONAL";
      if ((clause === "WITH" || clause === "RETURN") && !hasKey(list, depth, at)) return [];
    } else if (!matching || !isName(next)) continue;
    // `{id: 1}` has a colon, too, but deeper.
    else if (sign(token) === ":" && depth[at] === 1) groups.push([next!.text]);
    else if (sign(token) === "|") groups.at(-1)?.push(next!.text);
    else if (sign(token) === "!") return [];
  }
  return groups;
}

/** Whether the first item of a projection is no call, so that rows are made for its values only. */
function hasKey(list: readonly Token[], depth: readonly number[], clause: number): boolean {
  for (let at = clause + 1; at < list.length; at++) {
    if (sign(list[at]) === "(") return false;
    const ends = list[at]!.kind === "end" || sign(list[at]) === "," || CLAUSES.has(word(list[at]));
    if (depth[at] === 0 && ends) return true;
  }
  return true;
}
