/**
 * Cypher as tokens. The gate judges tokens, never text, so a keyword inside a string, a comment or a
 * backquoted name is not a keyword. What two engines might read differently is refused here.
 */
import { ConfigError } from "../model.ts";

export type Dialect = "embedded" | "neo4j";

export interface Token {
  /** `name` is a backquoted identifier: its text is the name itself, and it is never a keyword. */
  kind: "word" | "name" | "string" | "number" | "parameter" | "sign" | "end";
  text: string;
  line: number;
  column: number;
  /** Where it stands in the text, in UTF-16 units: first, and one past its last. */
  start: number;
  end: number;
}

/** Longest text that the gate looks at, in characters. */
export const LONGEST_QUERY = 100_000;

/** A refusal that points at its place. Lines and columns count from 1. */
export function refusal(what: string, at: { line: number; column: number }, reason: string): ConfigError {
  return new ConfigError(
    "query-refused",
    `The query was not run: ${what} at line ${at.line}, column ${at.column}: ${reason}.`,
    "A query may use MATCH, OPTIONAL MATCH, WHERE, WITH, UNWIND, RETURN, UNION, ORDER BY, SKIP and LIMIT, " +
      "in one statement. Put a name that is also a keyword into `backquotes`.",
  );
}

const SPACE = /^[\p{White_Space}]$/u;
const WORD = /[\p{L}_][\p{L}\p{N}\p{M}_]*/uy;
// `1..3` is two numbers and a range, so a dot belongs to a number only if a digit follows it.
const NUMBER = /(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?/y;
const ESCAPE = /\\(?:[\\'"`bfnrtBFNRT]|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})/y;
const SIGNS = new Set("()[]{}<>=+-*/%^,.:|;&!");

/**
 * The tokens of `text`, ended by one of kind `end`.
 * Throws ConfigError `query-refused` for what cannot be read in one certain way.
 */
export function tokens(text: string, dialect: Dialect): Token[] {
  if (text.length > LONGEST_QUERY) {
    throw refusal("text", { line: 1, column: 1 }, `it is longer than ${LONGEST_QUERY} characters`);
  }
  const found: Token[] = [];
  let at = 0;
  let line = 1;
  let lineStart = 0;
  const here = () => ({ line, column: at - lineStart + 1 });
  const move = (to: number) => {
    for (; at < to; at++) {
      if (text[at] === "\n") {
        line++;
        lineStart = at + 1;
      }
    }
  };
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0];
  };
  const take = (kind: Token["kind"], length: number, value = text.slice(at, at + length)) => {
    found.push({ kind, text: value, ...here(), start: at, end: at + length });
    move(at + length);
  };
  // `$0OR` is a parameter and an operator to Cypher 5, and one parameter to Cypher 25.
  const noLetter = () => {
    const word = match(WORD);
    if (word !== undefined)
      throw refusal(
        word,
        here(),
        "engines differ on a digit right before a letter; put a blank between them",
      );
  };

  while (at < text.length) {
    const char = String.fromCodePoint(text.codePointAt(at) ?? 0);
    if (char === "\u0085") {
      // Cypher 5 takes it for a letter, Cypher 25 for a blank.
      throw refusal("character U+0085", here(), "engines differ on whether it is a blank");
    } else if (SPACE.test(char)) {
      move(at + char.length);
    } else if (text.startsWith("//", at) || text.startsWith("/*", at)) {
      move(endOfComment(text, at, dialect, here()));
    } else if (char === "'" || char === '"') {
      take("string", endOfString(text, at, dialect, here()) - at);
    } else if (char === "`") {
      const name = quotedName(text, at, here());
      take("name", name.length, name.value);
    } else if (char === "$") {
      move(at + 1);
      if (text[at] === "`") {
        const name = quotedName(text, at, here());
        take("parameter", name.length, name.value);
      } else {
        const name = match(WORD) ?? match(/\d+/y);
        if (name === undefined) throw refusal("$", here(), "a parameter needs a name");
        take("parameter", name.length);
        noLetter();
      }
    } else if (match(WORD) !== undefined) {
      take("word", match(WORD)!.length);
    } else if (match(NUMBER) !== undefined && !text.startsWith("..", at)) {
      take("number", match(NUMBER)!.length);
      noLetter();
      // GQL has numbers that end in their point: behind one, DELETE would be a clause and no name of a property.
      if (text[at] === "." && text[at + 1] !== ".") throw refusal(".", here(), "it belongs to no number");
    } else if (text.startsWith("..", at)) {
      take("sign", 2);
    } else if (SIGNS.has(char)) {
      take("sign", 1);
    } else if (char === "~" && found.at(-1)?.text === "=") {
      take("sign", 1);
    } else if (char === "\\") {
      throw refusal("\\", here(), "an escape outside a string can hide a keyword");
    } else {
      const code = char.codePointAt(0)?.toString(16).toUpperCase().padStart(4, "0");
      throw refusal(`character U+${code}`, here(), "it has no meaning in a query");
    }
  }
  found.push({ kind: "end", text: "the end", ...here(), start: at, end: at });
  return found;
}

type Place = { line: number; column: number };

function endOfComment(text: string, start: number, dialect: Dialect, place: Place): number {
  const block = text[start + 1] === "*";
  const close = text.indexOf(block ? "*/" : "\n", start + 2);
  if (block && close < 0) throw refusal("/*", place, "the comment has no end");
  const end = block ? close + 2 : close < 0 ? text.length : close;
  const comment = text.slice(start, end);
  // Neo4j decodes \uXXXX before it looks for the end of a comment or string, so an escape can end either:
  // https://neo4j.com/docs/cypher-manual/current/syntax/parsing/
  if (dialect === "neo4j" && comment.includes("\\u")) {
    throw refusal("\\u in a comment", place, "the engine decodes it first, so it can end the comment");
  }
  // Some engines end a line comment at a carriage return alone, others do not.
  if (!block && /\r(?!$)/.test(comment)) {
    throw refusal("a carriage return in a comment", place, "engines differ on whether it ends the comment");
  }
  return end;
}

function endOfString(text: string, start: number, dialect: Dialect, place: Place): number {
  const quote = text[start];
  let at = start + 1;
  while (at < text.length) {
    if (text[at] === quote) return at + 1;
    if (text[at] !== "\\") {
      at++;
      continue;
    }
    ESCAPE.lastIndex = at;
    const sequence = ESCAPE.exec(text)?.[0];
    if (sequence === undefined) throw refusal("a string", place, "it has an escape that no engine knows");
    if (dialect === "neo4j" && /u/i.test(sequence[1] ?? "")) {
      throw refusal(
        "\\u in a string",
        place,
        "the engine decodes it first, so it can end the string; use a parameter",
      );
    }
    at += sequence.length;
  }
  throw refusal("a string", place, "it has no end");
}

function quotedName(text: string, start: number, place: Place): { value: string; length: number } {
  let at = start + 1;
  let value = "";
  while (at < text.length) {
    if (text[at] === "\\") throw refusal("a name in backquotes", place, "it holds a backslash");
    if (text[at] !== "`") {
      value += text[at++];
    } else if (text[at + 1] === "`") {
      value += "`";
      at += 2;
    } else {
      return { value, length: at + 1 - start };
    }
  }
  throw refusal("a name in backquotes", place, "it has no end");
}
