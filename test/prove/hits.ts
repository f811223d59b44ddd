/** How many tenants made each statement of each rule derive a row. */
import type { Rule } from "../../src/graph/rules.ts";
import { type Put, UNREAD } from "../oracle/records.ts";
import { prefixOf } from "./compare.ts";
import { statementsOf, Workbench } from "./workbench.ts";

export interface Hit {
  rule: string;
  /** 1 is the first of the rule's file. */
  statement: number;
  /** Share of the tenants, 0 to 1. */
  share: number;
}

/** A statement that fewer tenants than this make derive something is not tested by them. */
export const LEAST_SHARE = 0.01;
/** What everyone has, the people of all tenants in one graph have: more together take longer each. */
const PER_BENCH = 50;
/** True if somebody could come to be in a group. Among many tenants one always could, and some statements are for where none. */
export const hasJoins = (world: readonly Put[]): boolean =>
  world.some(({ kind }) => ["ELIGIBLE_FOR", "CONFERS"].includes(kind));
export const hasPolicies = (world: readonly Put[]): boolean => world.some(({ kind }) => kind === "Policy");

const isId = (value: string): boolean => /^[tw]\d+:/.test(value);

/** Runs the rules on these tenants. */
export async function hits(worlds: readonly (readonly Put[])[]): Promise<Hit[]> {
  const found = new Map<string, Set<string>>();
  const run = (some: readonly (readonly Put[])[]): Promise<readonly Rule[]> =>
    Workbench.use(some.flat(), async (bench) => {
      await bench.run((rule, statement, rows) => {
        const name = `${rule.id} ${statement}`;
        const tenants = found.get(name) ?? new Set<string>();
        found.set(name, tenants);
        for (const row of rows) {
          // A deny of everyone binds the agents of all tenants; what it does to its own counts.
          const own = new Set(Object.values(row).map(String).filter(isId).map(prefixOf));
          if (own.size === 1) tenants.add([...own].join());
        }
      });
      return bench.rules;
    });
  let rules: readonly Rule[] = [];
  for (let at = 0; at < worlds.length; at += PER_BENCH) {
    const some = worlds.slice(at, at + PER_BENCH);
    // Some statements run only if something was not read, and spare others their work: every second time.
    const whole = some.map((world) => world.filter(({ kind }) => kind !== UNREAD));
    rules = await run((at / PER_BENCH) % 2 === 0 ? whole : some);
  }
  const without = worlds.filter((world) => !hasJoins(world)).slice(0, PER_BENCH);
  if (without.length > 0) await run(without);
  return rules.flatMap((rule) =>
    statementsOf(rule).map((_, index) => ({
      rule: rule.id,
      statement: index + 1,
      share: (found.get(`${rule.id} ${index}`)?.size ?? 0) / worlds.length,
    })),
  );
}
