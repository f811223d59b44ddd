/** Comparisons of ABAC conditions between known values. Pure. */
import { type Comparison, type Literal, OPERATORS } from "./condition.ts";

/**
 * Compares two lists of values. Without a quantifier one match suffices. A missing attribute is an empty
 * list: no comparison with it holds, a negative one included (a blob without the tag gives no access).
 * https://learn.microsoft.com/azure/role-based-access-control/conditions-format#cross-product-comparison-operators
 */
export function compareValues(
  { operator, quantifier }: Pick<Comparison, "operator" | "quantifier">,
  left: readonly Literal[],
  right: readonly Literal[],
): boolean {
  if (left.length === 0 || right.length === 0) return false;
  const test = comparisonOf(operator);
  const overRight = (a: Literal) =>
    quantifier?.right === "all" ? right.every((b) => test(a, b)) : right.some((b) => test(a, b));
  return quantifier?.left === "all" ? left.every(overRight) : left.some(overRight);
}

type Test = (a: Literal, b: Literal) => boolean;

const TESTS: ReadonlyMap<string, Test> = new Map(OPERATORS.map((operator) => [operator, testOf(operator)]));
/** The test of an operator in its canonical spelling. */
const comparisonOf = (operator: string): Test => TESTS.get(operator)!;

function testOf(operator: string): Test {
  const match = /^(Bool|String|Numeric|DateTime|Guid)(.+?)(IgnoreCase)?$/.exec(operator)!;
  const verb = match[2]!;
  switch (match[1]) {
    case "Bool":
      return (a, b) => ordered(verb, String(a).toLowerCase(), String(b).toLowerCase());
    case "Guid":
      return (a, b) => ordered(verb, guid(a), guid(b));
    case "Numeric":
      return (a, b) => ordered(verb, numberOf(a), numberOf(b));
    case "DateTime":
      return (a, b) => ordered(verb, Date.parse(String(a)), Date.parse(String(b)));
    default:
      return match[3] === undefined
        ? (a, b) => text(verb, String(a), String(b))
        : (a, b) => text(verb, String(a).toLowerCase(), String(b).toLowerCase());
  }
}

/** An empty text is no number, whatever JavaScript makes of it. */
const numberOf = (value: Literal): number =>
  typeof value === "string" && value.trim() === "" ? Number.NaN : Number(value);

const guid = (value: Literal) => String(value).toLowerCase().replaceAll("-", "");

function ordered<T extends string | number>(verb: string, a: T, b: T): boolean {
  // Not a number or not a date: nothing can be said of it, so no comparison holds.
  if (Number.isNaN(a) || Number.isNaN(b)) return false;
  switch (verb) {
    case "Equals":
      return a === b;
    case "NotEquals":
      return a !== b;
    case "GreaterThan":
      return a > b;
    case "GreaterThanEquals":
      return a >= b;
    case "LessThan":
      return a < b;
    default:
      return a <= b;
  }
}

function text(verb: string, value: string, pattern: string): boolean {
  if (verb.startsWith("Not")) return !text(verb.slice(3), value, pattern);
  if (verb === "StartsWith") return value.startsWith(pattern);
  if (verb === "Like") return like(pattern, value);
  return value === pattern;
}

/**
 * `*` many characters, `?` one, `\\*` and `\\?` themselves; the whole value must match. Characters are code points.
 * Time is at most the product of the lengths, whatever the pattern.
 */
export function like(pattern: string, value: string): boolean {
  let at = 0;
  // Behind the last star; 0 before there is one.
  let star = 0;
  let resume = 0;
  let i = 0;
  while (i < value.length) {
    if (pattern[at] === "*") {
      star = ++at;
      resume = i;
      continue;
    }
    const escaped = pattern[at] === "\\" && (pattern[at + 1] === "*" || pattern[at + 1] === "?") ? 1 : 0;
    if (pattern[at] === "?") {
      at++;
      i += widthAt(value, i);
    } else if (pattern[at + escaped] === value[i]) {
      at += escaped + 1;
      i++;
    } else if (star > 0) {
      at = star;
      resume += widthAt(value, resume);
      i = resume;
    } else return false;
  }
  while (pattern[at] === "*") at++;
  return at === pattern.length;
}

/** Code units of the character at a position. */
const widthAt = (text: string, at: number): number => (text.codePointAt(at)! > 0xffff ? 2 : 1);
