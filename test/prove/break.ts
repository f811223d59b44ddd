/** Takes one clause out of one rule and finds the least tenant that shows it. */
import type { Put } from "../oracle/records.ts";
import type { Verdict } from "./batch.ts";
import type { Mutant } from "./clauses.ts";
import { disagreementAmong, saidOfMany, shrink, tenantOf } from "./compare.ts";
import { Judge } from "./judge.ts";
import { allMutants } from "./mutate.ts";
import { answers, RULES } from "./product.ts";

export interface Broken {
  mutant: Mutant;
  /** Absent: no tenant noticed. */
  least: Put[] | undefined;
}

/** Breaks one clause, chosen by the seed among all (or those of one rule), in these tenants; one that the engine refuses is passed over. */
export async function breakOne(
  seed: number,
  rule: string | undefined,
  worlds: readonly (readonly Put[])[],
  cli: string,
): Promise<Broken> {
  const clauses = allMutants().filter(
    (one) => one.how === "without" && (rule === undefined || one.rule.id === rule),
  );
  if (clauses.length === 0) throw new Error(`no rule is called "${rule}"`);
  return Judge.use(worlds, cli, async (judge) => {
    for (let at = scattered(seed, clauses.length); ; at = (at + 1) % clauses.length) {
      const mutant = clauses[at]!;
      const verdicts: Verdict[] = [];
      await judge.try([mutant.id], (verdict) => verdicts.push(verdict));
      const fate = verdicts[0]?.fate;
      if (fate === "refused") continue;
      if (fate !== "caught") return { mutant, least: undefined };
      return { mutant, least: await leastOf(worlds, mutant) };
    }
  });
}
/** A place in a list of so many that neighbouring seeds do not share. */
const scattered = (seed: number, length: number): number => (Math.imul(seed + 1, 0x9e3779b1) >>> 0) % length;

async function leastOf(worlds: readonly (readonly Put[])[], mutant: Mutant): Promise<Put[]> {
  const rules = RULES.map((rule) => (rule.id === mutant.rule.id ? mutant.rule : rule));
  const judged = (records: readonly Put[]) => answers(records, { rules });
  const said = saidOfMany(await judged(worlds.flat()));
  // What a small one shows needs little shrinking.
  const bySize = [...worlds].sort((a, b) => a.length - b.length);
  const shows = bySize.find((world) => disagreementAmong(said, world, tenantOf(world)).length > 0);
  if (shows === undefined) throw new Error(`the product with "${mutant.id}" agrees on every tenant`);
  return shrink(shows, undefined, judged);
}
