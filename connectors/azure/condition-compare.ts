/** Comparisons of ABAC conditions between known values. Pure. */
import type { Comparison, Literal } from "./condition.ts";

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
  const test = (a: Literal, b: Literal) => compareOne(operator, a, b);
  const overRight = (a: Literal) =>
    quantifier?.right === "all" ? right.every((b) => test(a, b)) : right.some((b) => test(a, b));
  return quantifier?.left === "all" ? left.every(overRight) : left.some(overRight);
}

function compareOne(operator: string, a: Literal, b: Literal): boolean {
  const [, type, verb, ignoreCase] = /^(Bool|String|Numeric|DateTime|Guid)(.+?)(IgnoreCase)?$/.exec(
    operator,
  )!;
  switch (type) {
    case "Bool":
      return ordered(verb!, String(a).toLowerCase(), String(b).toLowerCase());
    case "Guid":
      return ordered(verb!, guid(a), guid(b));
    case "Numeric":
      return ordered(verb!, Number(a), Number(b));
    case "DateTime":
      return ordered(verb!, Date.parse(String(a)), Date.parse(String(b)));
    default:
      return ignoreCase === undefined
        ? text(verb!, String(a), String(b))
        : text(verb!, String(a).toLowerCase(), String(b).toLowerCase());
  }
}

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

/** `*` many characters, `?` one, `\*` and `\?` themselves; the whole value must match. Linear, no backtracking tree. */
export function like(pattern: string, value: string): boolean {
  const parts = [...pattern.matchAll(/\\([*?])|([\s\S])/g)].map((match) =>
    match[1] !== undefined ? { literal: match[1] } : { wild: match[2]! },
  );
  const matches = (at: number, char: string) => {
    const part = parts[at];
    if (part === undefined) return false;
    return "literal" in part ? part.literal === char : part.wild === "?" || part.wild === char;
  };
  const isStar = (at: number) => {
    const part = parts[at];
    return part !== undefined && "wild" in part && part.wild === "*";
  };
  let at = 0;
  let star = -1;
  let resume = 0;
  for (let i = 0; i < value.length; ) {
    if (isStar(at)) {
      star = at++;
      resume = i;
    } else if (matches(at, value[i]!)) {
      at++;
      i++;
    } else if (star >= 0) {
      at = star + 1;
      i = ++resume;
    } else return false;
  }
  while (isStar(at)) at++;
  return at === parts.length;
}
