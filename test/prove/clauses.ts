/**
 * The clauses of a rule, and what it becomes without each of them: every operand of a condition taken away or negated,
 * every comparison off by one, every pattern taken away or turned round, every min for a max.
 */
import type { Rule, Statement } from "../../src/graph/rules.ts";

export type How = "without" | "negated" | "off by one" | "turned round" | "min for max";
export interface Mutant {
  rule: Rule;
  /** The one that was changed: 0 is the first of the rule's file. */
  statement: number;
  /** Unique, and the same as long as the rule is. */
  id: string;
  how: How;
  /** The clause that was changed. */
  clause: string;
}

interface Token {
  text: string;
  start: number;
  end: number;
}
interface Edit {
  how: How;
  clause: string;
  text: string;
}

const TOKEN = /'(?:[^'\\]|\\.)*'|`[^`]*`|\$?\w+|<>|<=|>=|->|<-|[^\s]/g;
const tokensOf = (text: string): Token[] =>
  [...text.matchAll(TOKEN)].map((match) => ({
    text: match[0],
    start: match.index,
    end: match.index + match[0].length,
  }));
const OPEN = new Set(["(", "[", "{", "CASE"]);
const CLOSE = new Set([")", "]", "}", "END"]);
/** Words that end a condition or a pattern. */
const CLAUSE = new Set(["MATCH", "OPTIONAL", "WITH", "WHERE", "RETURN", "UNION", "ORDER", "UNWIND"]);
/** Each comparison, and the one that differs from it where both sides are equal. */
const NEXT: Readonly<Record<string, string>> = { "<": "<=", "<=": "<", ">": ">=", ">=": ">" };
/** Bounds of a slice of agents or scopes say for whom a rule runs, not what it derives. */
const BOUND = /^\$(from|to)$/;

/** Where the run of tokens from `at` ends: at the same depth, before the first that `stop` accepts. */
function until(tokens: readonly Token[], at: number, stop: (token: Token) => boolean): number {
  let depth = 0;
  for (let index = at; index < tokens.length; index++) {
    const token = tokens[index]!;
    if (depth === 0 && stop(token)) return index;
    if (OPEN.has(token.text)) depth += 1;
    if (CLOSE.has(token.text)) depth -= 1;
    if (depth < 0) return index;
  }
  return tokens.length;
}

/** Tokens between those that `word` separates, at depth 0. */
function split(tokens: readonly Token[], word: string): Token[][] {
  const parts: Token[][] = [];
  for (let at = 0; at <= tokens.length; ) {
    const end = until(tokens, at, (token) => token.text === word);
    parts.push(tokens.slice(at, end));
    at = end + 1;
  }
  return parts;
}

/** Every change to one statement. */
function* editsOf(text: string): Generator<Edit> {
  const tokens = tokensOf(text);
  const span = (part: readonly Token[]): string => text.slice(part[0]!.start, part.at(-1)!.end);
  const put = (part: readonly Token[], instead: string): string =>
    text.slice(0, part[0]!.start) + instead + text.slice(part.at(-1)!.end);

  /**
   * `neutral`: what stands for a condition that is not there. `values`: what a CASE comes to where it holds, then what it may
   * come to otherwise.
   */
  function* condition(
    part: readonly Token[],
    neutral: "true" | "false",
    values: readonly string[] = [],
  ): Generator<Edit> {
    const any = split(part, "OR");
    const each = any.length > 1 ? any : split(part, "AND");
    if (each.length > 1) {
      for (const operand of each) yield* condition(operand, any.length > 1 ? "false" : "true", values);
      return;
    }
    if (part.some(({ text: one }) => BOUND.test(one))) return;
    yield { how: "without", clause: span(part), text: put(part, neutral) };
    const inner = part.slice(1, -1);
    if (part[0]!.text === "(" && until(inner, 0, ({ text: one }) => one === ")") === inner.length) {
      const nested = [...condition(inner, neutral, values)];
      // What it comes to if the whole was one operand is said already.
      yield* nested.length > 3 ? nested : [];
      return;
    }
    yield { how: "negated", clause: span(part), text: put(part, `NOT (${span(part)})`) };
    const at = until(part, 0, (token) => token.text in NEXT);
    const sides = [part.slice(0, at), part.slice(at + 1)].filter((side) => side.length > 0).map(span);
    // The greater of two that are equal is either.
    const greater = sides.includes(values[0] ?? "") && sides.every((side) => values.includes(side));
    if (at < part.length && !greater)
      yield {
        how: "off by one",
        clause: span(part),
        text: put(part.slice(at, at + 1), NEXT[part[at]!.text]!),
      };
  }

  for (const [index, token] of tokens.entries()) {
    if (token.text === "WHERE") {
      const end = until(tokens, index + 1, ({ text: one }) => CLAUSE.has(one));
      yield* condition(tokens.slice(index + 1, end), "true");
    } else if (token.text === "WHEN") {
      const end = until(tokens, index + 1, ({ text: one }) => one === "THEN");
      // Of `CASE x WHEN value` the value is no condition.
      if (simple(tokens, index)) continue;
      yield* condition(tokens.slice(index + 1, end), "false", valuesFrom(end));
    } else if (token.text === "MATCH") {
      yield* patterns(index);
    } else if (/^(min|max)$/.test(token.text) && tokens[index + 1]?.text === "(") {
      const end = until(tokens, index + 2, ({ text: one }) => one === ")");
      yield {
        how: "min for max",
        clause: span(tokens.slice(index, end + 1)),
        text: put([token], token.text === "min" ? "max" : "min"),
      };
    }
  }

  /** What a CASE can come to from the THEN at `index` on. */
  function valuesFrom(index: number): string[] {
    const values: string[] = [];
    for (let at = index; at < tokens.length && tokens[at]!.text !== "END"; ) {
      const end = until(tokens, at + 1, ({ text: one }) => /^(WHEN|ELSE|END)$/.test(one));
      values.push(span(tokens.slice(at + 1, end)));
      at = tokens[end]?.text === "WHEN" ? until(tokens, end + 1, ({ text: one }) => one === "THEN") : end;
    }
    return values;
  }

  /** The pattern after the MATCH at `index`: without its first or last step, each step turned round. */
  function* patterns(index: number): Generator<Edit> {
    const end = until(tokens, index + 1, ({ text: one }) => CLAUSE.has(one));
    for (const chain of split(tokens.slice(index + 1, end), ",")) {
      const steps = stepsOf(chain);
      if (steps.length === 0) continue;
      const nodes = [0, ...steps.map((step) => step.to)];
      const last = steps.at(-1)!;
      yield { how: "without", clause: span(chain.slice(last.from)), text: put(chain.slice(last.from), "") };
      if (steps.length > 1)
        yield {
          how: "without",
          clause: span(chain.slice(0, nodes[1])),
          text: put(chain.slice(0, nodes[1]), ""),
        };
      for (const step of steps) {
        const part = chain.slice(step.from, step.to);
        // A loop is the same either way.
        const [left, right] = [chain.slice(0, step.from).findLast(isOpening), chain[step.to + 1]];
        if (left !== undefined && chain[chain.indexOf(left) + 1]?.text === right?.text && right?.text !== ":")
          continue;
        const round = span(part).startsWith("<") ? `${span(part).slice(1)}>` : `<${span(part).slice(0, -1)}`;
        yield { how: "turned round", clause: span(part), text: put(part, round) };
      }
    }
  }
}

const isOpening = ({ text }: Token): boolean => text === "(";

/**
 * A statement whose columns all have names of their own: those that are literals would be taken for one another. A name
 * stays as it is: the engine does not take every statement in which a name gets another.
 */
export function withNames(text: string): string {
  const tokens = tokensOf(text);
  const start = tokens.findLastIndex((token) => token.text === "RETURN") + 1;
  const from = tokens[start]?.text === "DISTINCT" ? start + 1 : start;
  const end = until(tokens, from, (token) => token.text === "ORDER");
  const columns = split(tokens.slice(from, end), ",").map((part, index) => {
    const written = text.slice(part[0]!.start, part.at(-1)!.end);
    return /^\w*[a-z]\w*$/i.test(written) || until(part, 0, (token) => token.text === "AS") < part.length
      ? written
      : `${written} AS column_${index}`;
  });
  const rest = end < tokens.length ? ` ${text.slice(tokens[end]!.start)}` : "";
  return `${text.slice(0, tokens[from]!.start)}${columns.join(", ")}${rest}`;
}

/** Relationships of a chain `(a)-[r]->(b)<-[s]-(c)`: from their first token to the node that follows. */
function stepsOf(chain: readonly Token[]): { from: number; to: number }[] {
  const steps: { from: number; to: number }[] = [];
  for (let at = 0; at < chain.length; ) {
    // Over the node.
    const node = until(chain, at + 1, ({ text: one }) => one === ")") + 1;
    if (node >= chain.length) break;
    const to = until(chain, node, ({ text: one }) => one === "(");
    steps.push({ from: node, to });
    at = to;
  }
  return steps;
}

/** True for `CASE x WHEN …`, which compares values. */
function simple(tokens: readonly Token[], when: number): boolean {
  let depth = 0;
  for (let at = when - 1; at >= 0; at--) {
    const { text } = tokens[at]!;
    if (CLOSE.has(text)) depth += 1;
    else if (OPEN.has(text)) {
      if (depth === 0) return text === "CASE" && tokens[at + 1]!.text !== "WHEN";
      depth -= 1;
    }
  }
  return false;
}

/** Every rule that differs from this one in one clause. */
export function mutantsOf(rule: Rule): Mutant[] {
  const mutants: Mutant[] = [];
  const changed = (statement: Statement, place: string, put: (text: Statement) => Rule): void => {
    for (const { how, clause, text } of editsOf(statement.text)) {
      if (text === statement.text) continue;
      const shown = clause.replaceAll(/\s+/g, " ");
      const same = mutants.filter((one) => one.id.startsWith(`${rule.id} ${place} ${how}: ${shown}`)).length;
      mutants.push({
        rule: put({ ...statement, text }),
        statement: Number(place) - 1,
        id: `${rule.id} ${place} ${how}: ${shown}${same === 0 ? "" : ` (${same + 1})`}`,
        how,
        clause: shown,
      });
    }
  };
  for (const [index, statement] of rule.first.entries())
    changed(statement, String(index + 1), (one) => ({ ...rule, first: rule.first.with(index, one) }));
  for (const [index, statement] of rule.again.entries())
    changed(statement, String(rule.first.length + index + 1), (one) => ({
      ...rule,
      again: rule.again.map((other) => (other === statement ? one : other)),
    }));
  return mutants;
}
