/**
 * The optimizer of the embedded engine loses rows (0.19.1): of a MATCH that is joined by an equation of two values beside an
 * equation with a constant (`WHERE r.grant = witness AND r.tier = 'now'`) it may find none. Such a query runs as it is written.
 */
import type { Token } from "./cypher-tokens.ts";

const CLAUSES = new Set(["WITH", "RETURN", "UNWIND", "ORDER", "UNION", "OPTIONAL", "MATCH"]);
const CONSTANTS = new Set(["TRUE", "FALSE", "NULL"]);

const isSign = (token: Token | undefined, text: string): boolean =>
  token?.kind === "sign" && token.text === text;
const keyword = (token: Token): string => (token.kind === "word" ? token.text.toUpperCase() : "");
/** A variable, a property, a call, something in parentheses. */
const isValue = (token: Token | undefined): boolean =>
  token !== undefined &&
  (token.kind === "name" ||
    (token.kind === "word" && !CONSTANTS.has(keyword(token))) ||
    isSign(token, ")") ||
    isSign(token, "("));

/** True if a MATCH with its WHERE has two equations or more, and one of them is of two values. */
export function needsPlainPlan(list: readonly Token[]): boolean {
  let inMatch = false;
  let maps = 0;
  let equations = 0;
  let joined = false;
  for (const [at, token] of list.entries()) {
    if (CLAUSES.has(keyword(token))) {
      inMatch = keyword(token) === "MATCH";
      [equations, joined] = [0, false];
    }
    if (isSign(token, "{")) maps++;
    if (isSign(token, "}")) maps--;
    // `{tier: 'now'}` in a pattern is an equation, too.
    const equates = isSign(token, "=") ? !isOrder(list, at) : maps > 0 && isSign(token, ":");
    if (!inMatch || !equates) continue;
    equations++;
    joined ||= isValue(list[at - 1]) && isValue(list[at + 1]);
    if (joined && equations > 1) return true;
  }
  return false;
}

/** `<=` and `>=`. The name of a path (`p = (a)-[r]->(b)`) counts as an equation, which only costs time. */
const isOrder = (list: readonly Token[], at: number): boolean =>
  isSign(list[at - 1], "<") || isSign(list[at - 1], ">");
