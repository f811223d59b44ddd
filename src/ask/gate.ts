/**
 * What an ad hoc query may contain. Opening a store read-only is not enough: the embedded engine, opened
 * so, still runs `LOAD FROM '/any/file'`, `COPY (…) TO 'file'`, `EXPORT DATABASE`, several statements in one
 * string and `CALL threads=1`; Neo4j in READ mode still runs `LOAD CSV FROM 'file:///…'` (gate.test.ts shows
 * it on the engine). So the gate knows what is allowed and refuses all else: the grammar below is an
 * allow-list of clauses, procedures and functions. Time, rows and memory are bounded by the store.
 */

import { ConfigError, type Params } from "../model.ts";
import { type Dialect, refusal, type Token, tokens } from "./cypher-tokens.ts";
import { FUNCTIONS, PROCEDURES, REFUSED } from "./gate-lists.ts";

export type { Dialect } from "./cypher-tokens.ts";

/** Highest bound of a variable-length pattern; the embedded engine refuses more. */
const LONGEST_PATH = 30;
/** Deepest nesting of brackets, so that neither this check nor the engine’s parser runs out of stack. */
const DEEPEST = 100;

/** After these an operand follows, so no clause can begin there. */
const OPERATORS = new Set(["AND", "OR", "XOR", "IN", "IS", "CONTAINS", "AS"]);
const ORDERINGS = new Set(["ASC", "ASCENDING", "DESC", "DESCENDING"]);
const CASE_PARTS = new Set(["WHEN", "THEN", "ELSE"]);
/** Before a label expression, or within one. */
const LABELS = new Set([":", "|", "&", "!"]);
const OPENING: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };

/**
 * Lets a read-only query pass. Throws ConfigError `query-refused` that names the clause, its line and column
 * and the reason.
 */
export function checkQuery(text: string, dialect: Dialect): void {
  new Gate(tokens(text, dialect), dialect).statement();
}

/**
 * The embedded engine leaves out a condition whose parameter nobody set: the answer would be every row. Throws ConfigError
 * `query-parameter` that names the first such parameter.
 */
export function checkParameters(text: string, dialect: Dialect, given: Params): void {
  const missing = tokens(text, dialect).find(
    ({ kind, text: name }) => kind === "parameter" && !Object.hasOwn(given, name),
  );
  if (missing === undefined) return;
  const { text: name, line, column } = missing;
  throw new ConfigError(
    "query-parameter",
    `The query was not run: nothing says what $${name} is (line ${line}, column ${column}).`,
    `--param ${name}=VALUE`,
  );
}

interface Body {
  /** What closes it: a bracket, or `clause`: the next clause, the end, a semicolon or a brace. */
  until: ")" | "]" | "}" | "clause";
  /** Inside a pattern `+` and `*` repeat a part; elsewhere they add and multiply. */
  pattern?: boolean;
  /** `*` may stand alone as the first thing: RETURN *, count(*). */
  star?: boolean;
}

/** Where the reading of a body stands. */
interface State {
  pattern: boolean;
  /** An operand has ended: an operator, a closing bracket or a clause follows. */
  operand: boolean;
  /** CASE expressions that are open. */
  cases: number;
  /** Dotted name of the operand so far: a function’s name if a bracket follows. */
  path: string;
}

const PATTERN = { pattern: true };
const STAR = { star: true };
/** Every clause that has a body, and what its body is like. CALL and UNION stand in `#clause`. */
const CLAUSES: Readonly<Record<string, Omit<Body, "until">>> = {
  MATCH: PATTERN,
  OPTIONAL: PATTERN,
  WITH: STAR,
  RETURN: STAR,
  WHERE: {},
  UNWIND: {},
  ORDER: {},
  SKIP: {},
  LIMIT: {},
};

class Gate {
  readonly #tokens: readonly Token[];
  readonly #dialect: Dialect;
  #next = 0;
  #depth = 0;

  constructor(list: readonly Token[], dialect: Dialect) {
    this.#tokens = list;
    this.#dialect = dialect;
  }

  statement(): void {
    if (this.#peek().kind === "end") throw refusal("nothing", this.#peek(), "the query is empty");
    this.#query("end");
    if (this.#skip(";") && this.#peek().kind !== "end") {
      throw refusal("a second statement", this.#peek(), "a query is one statement");
    }
    if (this.#peek().kind !== "end") throw this.#unexpected();
  }

  /** Clauses up to the end, or to the brace that closes a subquery. */
  #query(until: "end" | "}"): void {
    for (;;) {
      const token = this.#peek();
      if (token.kind === "end" || signOf(token) === ";" || signOf(token) === until) return;
      this.#clause();
    }
  }

  #clause(): void {
    const token = this.#peek();
    const word = keyword(token);
    if (word === undefined) throw this.#unexpected();
    this.#next++;
    if (word === "CALL") {
      this.#call(token);
      return;
    }
    if (word === "UNION") {
      if (!this.#skip("ALL")) this.#skip("DISTINCT");
      return;
    }
    if (word === "OPTIONAL" && !this.#skip("MATCH")) throw this.#refuseClause(this.#peek(), word);
    if (word === "ORDER" && !this.#skip("BY")) throw this.#unexpected();
    const body = CLAUSES[word];
    if (body === undefined) throw this.#refuseClause(token);
    if (body.star === true) this.#skip("DISTINCT");
    this.#body({ until: "clause", ...body });
  }

  #call(call: Token): void {
    const scoped = signOf(this.#peek());
    if (scoped === "{" || scoped === "(") {
      if (this.#dialect !== "neo4j") {
        throw refusal("CALL { }", call, "the embedded engine has no subqueries; use EXISTS { } or WITH");
      }
      if (scoped === "(") this.#group();
      this.#braces(() => this.#query("}"));
      const after = this.#peek();
      if (keyword(after) === "IN") {
        throw refusal("CALL { } IN TRANSACTIONS", after, "it opens transactions of its own");
      }
      return;
    }
    let name = this.#name();
    while (this.#skip(".")) name += `.${this.#name()}`;
    if (signOf(this.#peek()) !== "(" || !PROCEDURES[this.#dialect].has(name.toLowerCase())) {
      throw refusal(`CALL ${name}`, call, "it is not one of the procedures that only read the catalog");
    }
    this.#group();
    if (this.#skip("YIELD")) this.#body({ until: "clause", star: true });
  }

  /** A pattern or expression. Where an operand has ended, a word that is no operator begins a clause. */
  #body(body: Body): void {
    const state: State = { pattern: body.pattern === true, operand: false, cases: 0, path: "" };
    const first = this.#next;
    for (;;) {
      const token = this.#peek();
      if (token.kind === "end" || signOf(token) === ";" || isClosing(signOf(token))) {
        if (body.until === "clause" ? token.text === ")" || token.text === "]" : token.text !== body.until) {
          throw this.#unexpected();
        }
        this.#closed(state);
        return;
      }
      if (token.kind === "sign") {
        this.#sign(token, state, body.star === true && this.#next === first);
      } else if (token.kind !== "word") {
        if (state.operand) throw this.#unexpected();
        this.#next++;
        state.operand = true;
        state.path = token.kind === "name" ? token.text : "";
      } else if (!this.#word(token, state, body)) {
        this.#closed(state);
        return;
      }
    }
  }

  /** A CASE without its END is a name to the engine, and what stands behind it may be a clause: RETURN case NEXT WHEN … */
  #closed({ cases }: State): void {
    if (cases > 0) throw refusal("CASE", this.#peek(), "it has no END before this");
  }

  /** An operator or a bracket. `mayStand`: a `*` here stands for all columns. */
  #sign(token: Token, state: State, mayStand: boolean): void {
    const before = signOf(this.#before());
    if (token.text === ".") {
      this.#next++;
      // Kept in front of every name, so that what is called on a value is looked up too, and refused.
      state.path += `.${this.#skip("*") ? "*" : this.#name()}`;
      state.operand = true;
      return;
    }
    if (Object.hasOwn(OPENING, token.text)) {
      if (token.text === "(" && state.path !== "") this.#function(state.path);
      if (token.text === "(" && this.#before()?.kind === "parameter")
        throw refusal(
          `$${this.#before()?.text}()`,
          token,
          "which labels it asks for must stand in the query",
        );
      if (token.text === "{" && !state.pattern && isSubquery(state.path)) {
        this.#subquery();
      } else if (token.text === "{" && state.pattern && [")", ">", "-"].includes(before)) {
        this.#quantifier();
      } else {
        this.#group({ pattern: state.pattern && token.text === "(" }, token.text === "[" && before === "-");
      }
      state.operand = true;
      state.path = "";
      return;
    }
    if ((token.text === "+" || token.text === "*") && (state.pattern || this.#isArrow())) {
      throw unbounded(token);
    }
    // A factorial: an operand could end here without our seeing it.
    if (token.text === "!" && !LABELS.has(before)) throw this.#unexpected();
    this.#next++;
    state.operand = (token.text === "*" && mayStand) || (token.text === "%" && LABELS.has(before));
    state.path = "";
  }

  /** An operator, a part of one, or an operand. False if a clause begins here. */
  #word(token: Token, state: State, body: Body): boolean {
    const word = keyword(token) ?? "";
    const inCase = state.cases > 0;
    const filter = word === "WHERE" && body.until !== "clause";
    const follows = state.operand && (OPERATORS.has(word) || word === "STARTS" || word === "ENDS");
    if (word === "CASE" && !state.operand) {
      state.cases++;
    } else if (word === "END" && inCase && state.operand) {
      state.cases--;
      state.path = "";
    } else if ((inCase && CASE_PARTS.has(word)) || filter || follows) {
      state.operand = false;
      state.path = "";
      if (filter) state.pattern = false;
    } else if (!state.operand) {
      // DELETE [n][0] is a clause, too: whatever an engine reads differently before it, it never passes.
      if (REFUSED[word] !== undefined && ["[", "{"].includes(signOf(this.#tokens[this.#next + 1])))
        throw this.#refuseClause(token);
      state.operand = word !== "NOT" && word !== "DISTINCT";
      state.path = state.operand ? token.text : "";
    } else if (body.until !== "clause") {
      throw this.#refuseClause(token);
    } else if (!ORDERINGS.has(word)) {
      return false;
    }
    this.#next++;
    // Measured on @ladybugdb/core 0.19.1: the whole process dies of `x IN NULL`.
    if (follows && word === "IN" && keyword(this.#peek()) === "NULL") {
      throw refusal("IN NULL", token, "it is never true, and the embedded engine breaks down on it");
    }
    if (follows && !OPERATORS.has(word) && !this.#skip("WITH")) throw this.#unexpected();
    return true;
  }

  /** A bracketed part; `step` says that it is the inside of a relationship. */
  #group(options: Omit<Body, "until"> = {}, step = false): void {
    const open = this.#peek();
    const close = OPENING[signOf(open)];
    if (close !== ")" && close !== "]" && close !== "}") throw this.#unexpected();
    this.#next++;
    if (++this.#depth > DEEPEST) throw refusal("brackets", open, `they are nested deeper than ${DEEPEST}`);
    const inside = step ? this.#step() : options;
    this.#body({ until: close, star: close === ")" && inside.pattern !== true, ...inside });
    if (!this.#skip(close)) throw this.#unexpected();
    this.#depth--;
  }

  /**
   * `[r:KIND*1..3`: passes over name, kinds and length, if that is what stands here. An expression such as
   * `a - [f(b)]` is left alone and read as one.
   */
  #step(): Omit<Body, "until"> {
    const start = this.#next;
    if (isName(this.#peek()) && keyword(this.#peek()) !== "WHERE") this.#next++;
    const kinds = signOf(this.#peek()) === ":";
    while (LABELS.has(signOf(this.#peek()))) {
      while (LABELS.has(signOf(this.#peek()))) this.#next++;
      if (isName(this.#peek())) this.#next++;
    }
    const star = this.#peek();
    if (signOf(star) !== "*") {
      if (["]", "{"].includes(signOf(star)) || keyword(star) === "WHERE") return {};
      this.#next = start;
      return kinds ? PATTERN : {};
    }
    this.#next++;
    for (const how of ["ALL", "SHORTEST", "TRAIL", "ACYCLIC"]) this.#skip(how);
    const low = this.#number();
    const high = this.#skip("..") ? this.#number() : low;
    if (high === undefined) throw unbounded(star);
    if (high > LONGEST_PATH) throw refusal(`*..${high}`, star, `a path may have ${LONGEST_PATH} steps`);
    return {};
  }

  /** True just behind `->`. */
  #isArrow(): boolean {
    return signOf(this.#before()) === ">" && signOf(this.#tokens[this.#next - 2]) === "-";
  }

  /** `{1,3}` behind a part of a pattern. */
  #quantifier(): void {
    const open = this.#peek();
    this.#next++;
    const low = this.#number();
    const high = this.#skip(",") ? this.#number() : low;
    if (high === undefined) throw unbounded(open);
    if (high > LONGEST_PATH) throw refusal(`{,${high}}`, open, `a path may have ${LONGEST_PATH} steps`);
    if (!this.#skip("}")) throw this.#unexpected();
  }

  /** EXISTS { }, COUNT { }, COLLECT { }: a query, or a bare pattern. */
  #subquery(): void {
    const inside = this.#tokens[this.#next + 1];
    this.#braces(() => {
      if (signOf(inside) === "(") this.#body({ until: "clause", pattern: true });
      this.#query("}");
    });
  }

  #braces(inside: () => void): void {
    const open = this.#peek();
    if (!this.#skip("{")) throw this.#unexpected();
    if (++this.#depth > DEEPEST) throw refusal("braces", open, `they are nested deeper than ${DEEPEST}`);
    inside();
    if (!this.#skip("}")) throw this.#unexpected();
    this.#depth--;
  }

  #function(name: string): void {
    if (FUNCTIONS.has(name.toLowerCase())) return;
    throw refusal(
      `${name}()`,
      this.#before() ?? this.#peek(),
      "it is not one of the functions a query may use",
    );
  }

  #peek(): Token {
    return this.#tokens[Math.min(this.#next, this.#tokens.length - 1)]!;
  }

  #before(): Token | undefined {
    return this.#tokens[this.#next - 1];
  }

  /** Passes over this sign or keyword if it is next. */
  #skip(text: string): boolean {
    const token = this.#peek();
    if (keyword(token) !== text && !(token.kind === "sign" && token.text === text)) return false;
    this.#next++;
    return true;
  }

  #name(): string {
    const token = this.#peek();
    if (!isName(token)) throw this.#unexpected();
    this.#next++;
    return token.text;
  }

  #number(): number | undefined {
    const token = this.#peek();
    if (token.kind !== "number") return undefined;
    this.#next++;
    return Number(token.text);
  }

  #unexpected(): ConfigError {
    const token = this.#peek();
    if (token.kind === "word") return this.#refuseClause(token);
    return refusal(token.kind === "end" ? "the end" : token.text, token, "it cannot stand here");
  }

  #refuseClause(token: Token, after = ""): ConfigError {
    const word = keyword(token) ?? token.text;
    const reason = REFUSED[word] ?? "it is not a clause that a query may have here";
    return refusal(after === "" ? word : `${after} ${word}`, token, reason);
  }
}

/** The word in capitals, if this token can be a keyword. Only ASCII folds: engines differ on other letters. */
function keyword(token: Token): string | undefined {
  return token.kind === "word" && /^[A-Za-z_]+$/.test(token.text) ? token.text.toUpperCase() : undefined;
}

/** The operator or bracket, if it is one: a name in backquotes may be spelled like any of them. */
const signOf = (token: Token | undefined): string => (token?.kind === "sign" ? token.text : "");
const isName = (token: Token): boolean => token.kind === "word" || token.kind === "name";
const isClosing = (text: string): boolean => text === ")" || text === "]" || text === "}";
const isSubquery = (path: string): boolean => /^(exists|count|collect)$/i.test(path);

const unbounded = (token: Token): ConfigError =>
  new ConfigError(
    "query-refused",
    `The query was not run: a pattern without an upper bound at line ${token.line}, column ${token.column}: ` +
      "on nested groups it walks every path and may never end.",
    `Give it an upper bound of at most ${LONGEST_PATH}, such as *1..5, or ask CAN_REACH, which is derived level by level.`,
  );
