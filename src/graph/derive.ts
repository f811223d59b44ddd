/**
 * Runs rules level by level until nothing new appears: as patterns, recursions walk every path there is. The engine
 * underneath is a connection; what it must offer is written here, so that every store runs the same loop.
 */
import { neededKinds } from "../ask/cypher-scope.ts";
import { StoreError } from "../model.ts";
import type { DerivedKind } from "../schema.ts";
import type { Rule, Statement } from "./rules.ts";

/** Where rules run. `write` appends the rows of a statement to a derived kind and returns how many. */
export interface RuleTarget {
  write(kind: DerivedKind, statement: string): Promise<number>;
  count(kind: string): Promise<number>;
  deepest(kind: DerivedKind): Promise<number>;
}

/** What a rule is run for. `time` is the snapshot's now; codes from `from` up to, not including, `to`. */
export interface Bounds {
  time: string;
  from: string;
  to: string;
}

/** No chain in a directory or a scope tree is longer; a rule that gets here does not end by itself. */
const MOST_LEVELS = 1_000;

/** Runs one rule; returns the number of rows that it derived. */
export async function runRule(rule: Rule, target: RuleTarget, bounds: Bounds): Promise<number> {
  if (rule.when !== undefined && (await target.count(rule.when)) === 0) return 0;
  let rows = 0;
  const run = async (statement: Statement, level: number) => {
    if (statement.when !== undefined && (await target.count(statement.when)) === 0) return 0;
    if (statement.unless !== undefined && (await target.count(statement.unless)) > 0) return 0;
    if (!(await hasInput(statement, target))) return 0;
    return target.write(rule.derives, fill(statement.text, { ...bounds, level }));
  };
  for (const statement of rule.first) rows += await run(statement, 1);
  if (rule.again.length === 0) return rows;
  for (let level = 1, round = 0; ; round++) {
    let added = 0;
    for (const statement of rule.again) added += await run(statement, level);
    rows += added;
    if (added === 0 && !(rule.growth === "uneven" && level < (await target.deepest(rule.derives))))
      return rows;
    level = rule.growth === "doubling" ? await target.deepest(rule.derives) : level + 1;
    if (round === MOST_LEVELS)
      throw new StoreError("rule-endless", `rule ${rule.id} still finds rows after ${MOST_LEVELS} levels`);
  }
}

/** Whether all that must match has rows: to write none takes an engine longer than all else where a tenant is small. */
async function hasInput({ text }: Statement, target: RuleTarget): Promise<boolean> {
  const needs = NEEDS.get(text) ?? neededKinds(text);
  NEEDS.set(text, needs);
  for (const kinds of needs) {
    let some = false;
    for (const kind of kinds) some ||= (await target.count(kind)) > 0;
    if (!some) return false;
  }
  return true;
}
/** By statement: rules run for one slice of agents after the other. */
const NEEDS = new Map<string, readonly (readonly string[])[]>();

/** Bulk writes take no parameters: numbers, codes and a timestamp of ours are put into the text. */
const fill = (text: string, values: Bounds & { level: number }): string =>
  text.replace(/\$(level|time|from|to)\b/g, (_, name: "level" | keyof Bounds) => {
    const value = values[name];
    if (typeof value === "number") return String(value);
    if (!/^[0-9A-Z:.+~-]*$/.test(value))
      throw new StoreError("bad-bound", `not a code or a timestamp: ${value}`);
    return `'${value}'`;
  });

/** All codes: every code sorts from here to there. */
export const EVERYTHING = { from: "", to: "~" } as const;

/** Cuts a sorted list of codes into parts of at most `size`: bounds of each. */
export function slicesOf(first: readonly string[]): { from: string; to: string }[] {
  return first.map((from, i) => ({ from: i === 0 ? "" : from, to: first[i + 1] ?? "~" }));
}
