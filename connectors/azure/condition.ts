/**
 * ABAC conditions of role assignments: text to tree. Pure.
 * https://learn.microsoft.com/azure/role-based-access-control/conditions-format
 */

export type Source = "resource" | "request" | "principal" | "environment";
export type Literal = string | number | boolean;
export interface Attribute {
  source: Source;
  /** As written, without the source: `Microsoft.Storage/storageAccounts:name`. */
  name: string;
  /** The name in lower case: names compare without regard to case. */
  key: string;
}
/** One side of a comparison. */
export type Operand = { attribute: Attribute } | { values: readonly Literal[] };
export interface Quantifier {
  left: "any" | "all";
  right: "any" | "all";
}
export interface Comparison {
  op: "compare";
  /** In its canonical spelling: `StringNotLikeIgnoreCase`. */
  operator: string;
  quantifier: Quantifier | undefined;
  left: Operand;
  right: Operand;
}
export type Expr =
  | { op: "and" | "or"; args: readonly Expr[] }
  | { op: "not"; arg: Expr }
  | { op: "action" | "suboperation"; patterns: readonly string[] }
  | { op: "exists"; attribute: Attribute }
  | Comparison
  /**
   * What could not be understood: a whole condition, or one comparison with an operator that is not known. It may
   * take away anything that it decides, so it is kept as a leaf of its own.
   */
  | { op: "unparsed"; text: string };

/** Every comparison in its canonical spelling; conditions are read without regard to case. */
const EQUALITY = ["Equals", "NotEquals"];
const ORDER = [...EQUALITY, "GreaterThan", "GreaterThanEquals", "LessThan", "LessThanEquals"];
const TEXT = [...EQUALITY, "StartsWith", "NotStartsWith", "Like", "NotLike"];
export const OPERATORS: readonly string[] = [
  ...[...TEXT, ...TEXT.map((verb) => `${verb}IgnoreCase`)].map((verb) => `String${verb}`),
  ...["Numeric", "DateTime"].flatMap((type) => ORDER.map((verb) => `${type}${verb}`)),
  ...["Bool", "Guid"].flatMap((type) => EQUALITY.map((verb) => `${type}${verb}`)),
];
const operatorNamed = new Map(OPERATORS.map((name) => [name.toLowerCase(), name]));
/** Words that stand between comparisons, never in one. */
const JOINTS: ReadonlySet<string> = new Set(["and", "or", "not"]);
const QUANTIFIED = /^for(any|all)of(any|all)values:(.+)$/;

/** Longer than ARM accepts (8 KB); beyond it nothing is parsed. */
const MAX_LENGTH = 32_768;
const MAX_DEPTH = 100;

/** Why a condition could not be read; callers keep such a condition as `unparsed`. */
export class ConditionSyntaxError extends Error {}

/** Parses a condition, or keeps it as an `unparsed` leaf: a condition is never dropped. */
export function readCondition(text: string): Expr {
  try {
    return parseCondition(text);
  } catch (error) {
    if (error instanceof ConditionSyntaxError) return { op: "unparsed", text };
    throw error;
  }
}

/** Parses a condition. Throws ConditionSyntaxError. */
export function parseCondition(text: string): Expr {
  const parser = new Parser(text, tokenize(text));
  const expr = parser.or(0);
  parser.end();
  return expr;
}

type Lexeme =
  | { type: "symbol" | "word"; text: string }
  | { type: "literal"; value: Literal; text?: undefined }
  | { type: "attribute"; value: Attribute; text?: undefined };
/** With where it stands in the text. */
type Token = Lexeme & { start: number; end: number };

const SPACE = /\s+/y;
/** Tried in this order at each position. */
const TOKENS: readonly (readonly [pattern: RegExp, token: (match: RegExpExecArray) => Lexeme])[] = [
  [/&&|\|\||[(){},!]/y, ([text]) => ({ type: "symbol", text })],
  [
    /@(Resource|Request|Principal|Environment)\s*\[([^[\]]+)\]/iy,
    ([, source, name]) => ({
      type: "attribute",
      value: {
        source: source!.toLowerCase() as Source,
        name: name!.trim(),
        key: name!.trim().toLowerCase(),
      },
    }),
  ],
  // A backslash stays in the value (`\*` and `\?` mean something to StringLike), a doubled quote is one quote.
  [
    /'((?:[^'\\]|\\[\s\S]|'')*)'/y,
    ([, text]) => ({ type: "literal", value: text!.replaceAll("''", "'").replaceAll("\\'", "'") }),
  ],
  // Built-in roles write role ids bare, with and without dashes.
  [
    /[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}(?![\w-])/iy,
    ([text]) => ({ type: "literal", value: text }),
  ],
  [/-?\d+(?:\.\d+)?(?![\w.])/y, ([text]) => ({ type: "literal", value: Number(text) })],
  [/[a-z]+(?::[a-z]+)?/iy, ([text]) => wordToken(text)],
];

function tokenize(text: string): Token[] {
  if (text.length > MAX_LENGTH) throw new ConditionSyntaxError("the condition is too long");
  const tokens: Token[] = [];
  let at = 0;
  const take = (pattern: RegExp) => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match !== null) at += match[0].length;
    return match;
  };
  const next = (): Token => {
    const start = at;
    for (const [pattern, token] of TOKENS) {
      const match = take(pattern);
      if (match !== null) return { ...token(match), start, end: at };
    }
    throw new ConditionSyntaxError(`unexpected character at position ${at}`);
  };
  for (take(SPACE); at < text.length; take(SPACE)) tokens.push(next());
  return tokens;
}

function wordToken(text: string): Lexeme {
  const word = text.toLowerCase();
  return word === "true" || word === "false"
    ? { type: "literal", value: word === "true" }
    : { type: "word", text: word };
}

/** Recursive descent; `depth` bounds the nesting, so that no text can exhaust the stack. */
class Parser {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(text: string, tokens: readonly Token[]) {
    this.#text = text;
    this.#tokens = tokens;
  }

  or(depth: number): Expr {
    if (depth > MAX_DEPTH) throw new ConditionSyntaxError("the condition is nested too deeply");
    return this.#chain("or", ["or", "||"], () => this.#chain("and", ["and", "&&"], () => this.#not(depth)));
  }

  end(): void {
    if (this.#at < this.#tokens.length) throw this.#unexpected();
  }

  #chain(op: "and" | "or", joints: readonly string[], next: () => Expr): Expr {
    const args = [next()];
    while (joints.some((joint) => this.#accept(joint))) args.push(next());
    return args.length === 1 ? args[0]! : { op, args };
  }

  #not(depth: number): Expr {
    let negations = 0;
    while (this.#accept("!") || this.#accept("not")) negations++;
    const arg = this.#primary(depth);
    return negations % 2 === 0 ? arg : { op: "not", arg };
  }

  #primary(depth: number): Expr {
    if (this.#accept("(")) {
      const inner = this.or(depth + 1);
      this.#expect(")");
      return inner;
    }
    if (this.#accept("actionmatches")) return { op: "action", patterns: this.#texts() };
    if (this.#accept("suboperationmatches")) return { op: "suboperation", patterns: this.#texts() };
    if (this.#accept("exists")) return { op: "exists", attribute: this.#attribute() };
    if (this.#accept("notexists")) return { op: "not", arg: { op: "exists", attribute: this.#attribute() } };
    return this.#comparison();
  }

  #comparison(): Expr {
    const start = this.#peek()?.start;
    const left = this.#operand();
    const token = this.#next();
    if (token.type !== "word" || JOINTS.has(token.text)) throw this.#unexpected();
    const quantified = QUANTIFIED.exec(token.text);
    const operator = operatorNamed.get(quantified?.[3] ?? token.text);
    const quantifier =
      quantified === null ? undefined : ({ left: quantified[1], right: quantified[2] } as Quantifier);
    const right = this.#operand();
    // The rest of the condition can still be decided: only what this comparison decides stays open.
    if (operator === undefined)
      return { op: "unparsed", text: this.#text.slice(start, this.#tokens[this.#at - 1]!.end) };
    return subOperation({ op: "compare", operator, quantifier, left, right });
  }

  #operand(): Operand {
    const token = this.#peek();
    if (token?.type === "attribute") return { attribute: this.#attribute() };
    return { values: this.#literals() };
  }

  #attribute(): Attribute {
    const token = this.#next();
    if (token.type !== "attribute") throw this.#unexpected();
    return token.value;
  }

  /** A literal, or a set of them. */
  #literals(): Literal[] {
    const one = () => {
      const token = this.#next();
      if (token.type !== "literal") throw this.#unexpected();
      return token.value;
    };
    if (!this.#accept("{")) return [one()];
    const values = [one()];
    while (this.#accept(",")) values.push(one());
    this.#expect("}");
    return values;
  }

  /** The patterns of ActionMatches and SubOperationMatches; some write parentheses around them. */
  #texts(): string[] {
    const wrapped = this.#accept("(");
    const texts = this.#literals().map((value) => {
      if (typeof value !== "string") throw this.#unexpected();
      return value;
    });
    if (wrapped) this.#expect(")");
    return texts;
  }

  #peek(): Token | undefined {
    return this.#tokens[this.#at];
  }

  #next(): Token {
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw new ConditionSyntaxError("the condition ends too early");
    return token;
  }

  #accept(text: string): boolean {
    if (this.#peek()?.text !== text) return false;
    this.#at++;
    return true;
  }

  #expect(text: string): void {
    if (!this.#accept(text)) throw new ConditionSyntaxError(`expected ${text} at token ${this.#at + 1}`);
  }

  #unexpected(): ConditionSyntaxError {
    return new ConditionSyntaxError(`unexpected token ${this.#at + 1}`);
  }
}

/** Version 1.0 spelled SubOperationMatches as a comparison with `@Request[subOperation]`. */
function subOperation(comparison: Comparison): Expr {
  const { left, right, operator } = comparison;
  if (!("attribute" in left) || !("values" in right)) return comparison;
  if (left.attribute.source !== "request" || left.attribute.key !== "suboperation") return comparison;
  const expr: Expr = { op: "suboperation", patterns: right.values.map(String) };
  return operator.includes("Not") ? { op: "not", arg: expr } : expr;
}
