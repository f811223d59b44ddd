/**
 * The optimizer of the embedded engine loses rows (0.19.1): where a pattern shares no node with what was matched before and is
 * joined to it by an equation of two values, beside an equation with a constant (`WHERE r.grant = witness AND r.tier = 'now'`),
 * it may find none. Such a query runs as it is written.
 */
import type { Token } from "./cypher-tokens.ts";

const CLAUSES = new Set(["MATCH", "OPTIONAL", "WITH", "UNWIND", "RETURN", "ORDER", "UNION"]);
const CONSTANTS = new Set(["TRUE", "FALSE", "NULL"]);

const isSign = (token: Token | undefined, text: string): boolean =>
  token?.kind === "sign" && token.text === text;
const keyword = (token: Token | undefined): string =>
  token?.kind === "word" ? token.text.toUpperCase() : "";
const isName = (token: Token | undefined): token is Token =>
  token?.kind === "name" || (token?.kind === "word" && !CONSTANTS.has(keyword(token)));

/** True if patterns of a MATCH stand apart, and its equations join them while another tells something else. */
export function needsPlainPlan(list: readonly Token[]): boolean {
  let known: Names = new Set();
  for (const clause of clausesOf(list)) {
    const [head, ...body] = clause;
    switch (keyword(head)) {
      case "MATCH": {
        const patterns = patternsOf(body);
        if (standApart(known.size > 0 ? [known, ...patterns] : patterns) && isJoinedBeside(body)) return true;
        known = patterns.reduce(both, known);
        break;
      }
      case "UNWIND":
        known = both(known, exposedBy(body));
        break;
      // What follows knows no more than this.
      case "WITH":
        known = isSign(body[0], "*") ? both(known, exposedBy(body)) : exposedBy(body);
        break;
      case "UNION":
        known = new Set();
    }
  }
  return false;
}

/** Each from its keyword on, with the WHERE that belongs to it. */
function clausesOf(list: readonly Token[]): Token[][] {
  const clauses: Token[][] = [];
  for (const token of list)
    if (CLAUSES.has(keyword(token))) clauses.push([token]);
    else clauses.at(-1)?.push(token);
  return clauses;
}

/** Names that a WITH or UNWIND hands on: those behind an AS, and variables that stand alone. */
function exposedBy(body: readonly Token[]): Set<string> {
  const ends = body.findIndex((token) => ["WHERE", "SKIP", "LIMIT"].includes(keyword(token)));
  const items = partsOf(ends === -1 ? body : body.slice(0, ends));
  return new Set(
    items.flatMap((item) => {
      const [before, last] = item.slice(-2);
      const alone = item.filter((token) => keyword(token) !== "DISTINCT");
      if (keyword(before) === "AS" && last !== undefined) return [last.text];
      return alone.length === 1 && isName(alone[0]) ? [alone[0].text] : [];
    }),
  );
}

/** What commas outside of any bracket part. */
function partsOf(body: readonly Token[]): Token[][] {
  const parts: Token[][] = [[]];
  let depth = 0;
  for (const token of body) {
    if (["(", "[", "{"].some((sign) => isSign(token, sign))) depth++;
    if ([")", "]", "}"].some((sign) => isSign(token, sign))) depth--;
    if (depth === 0 && isSign(token, ",")) parts.push([]);
    else if (token.kind !== "end") parts.at(-1)!.push(token);
  }
  return parts;
}

/** Names of the nodes and relationships of each pattern, up to the WHERE. */
function patternsOf(body: readonly Token[]): Set<string>[] {
  const where = body.findIndex((token) => keyword(token) === "WHERE");
  return partsOf(where === -1 ? body : body.slice(0, where)).map(
    (part) =>
      new Set(
        part
          .filter((token, at) => isName(token) && (isSign(part[at - 1], "(") || isSign(part[at - 1], "[")))
          .map(({ text }) => text),
      ),
  );
}

type Names = ReadonlySet<string>;
const both = (a: Names, b: Names): Set<string> => new Set([...a, ...b]);
const shares = (a: Names, b: Names): boolean => [...a].some((name) => b.has(name));

/** True if not all of these are connected by names that they share. */
function standApart([first, ...others]: readonly Names[]): boolean {
  let together: Names = first ?? new Set();
  let left = others;
  for (let count = -1; count !== left.length; ) {
    count = left.length;
    for (const names of left) if (shares(names, together)) together = both(together, names);
    left = left.filter((names) => !shares(names, together));
  }
  return left.length > 0;
}

/** True for two equations or more of which one is of two values. `{tier: 'now'}` in a pattern is an equation, too. */
function isJoinedBeside(body: readonly Token[]): boolean {
  let maps = 0;
  let equations = 0;
  let joined = false;
  for (const [at, token] of body.entries()) {
    if (isSign(token, "{")) maps++;
    if (isSign(token, "}")) maps--;
    const before = body[at - 1];
    // Orders (`<=`), and the name of a path, which stands first.
    const isOther = isSign(before, "<") || isSign(before, ">") || at === 1;
    if (!(isSign(token, "=") && !isOther) && !(maps > 0 && isSign(token, ":"))) continue;
    equations++;
    joined ||= (isName(before) || isSign(before, ")")) && (isName(body[at + 1]) || isSign(body[at + 1], "("));
  }
  return joined && equations > 1;
}
