/** Takes one clause out of one rule and finds the least tenant that shows it. */
import { evaluate } from "../oracle/evaluate.ts";
import type { Put } from "../oracle/records.ts";
import { TIME, tenants } from "../oracle/tenants.ts";
import { type Fate, tryRule } from "./batch.ts";
import type { Mutant } from "./clauses.ts";
import { byPrefix, differences, shrink, tenantOf } from "./compare.ts";
import { richest } from "./features.ts";
import { allMutants } from "./mutate.ts";
import { product, RULES } from "./product.ts";
import { Workbench } from "./workbench.ts";

export interface Broken {
  mutant: Mutant;
  /** Absent: no tenant noticed. */
  least: Put[] | undefined;
}

/** So many tenants are asked, those with most in them. */
const ASKED = 40;
const DRAWN = 400;

/** Breaks one clause, chosen by the seed among all (or those of one rule); one that the engine refuses is passed over. */
export async function breakOne(seed: number, rule?: string): Promise<Broken> {
  const clauses = allMutants().filter(
    (one) => one.how === "without" && (rule === undefined || one.rule.id === rule),
  );
  const worlds = richest(tenants(DRAWN, seed), ASKED);
  return Workbench.use(worlds.flat(), [], async (bench) => {
    await bench.keep();
    const rows = await bench.raw();
    for (let at = scattered(seed, clauses.length); ; at = (at + 1) % clauses.length) {
      const mutant = clauses[at]!;
      const rule = bench.rules.findIndex(({ id }) => id === mutant.rule.id);
      let fate: Fate = "same";
      for await (const verdict of tryRule({ bench, rows }, rule, [mutant], () => {})) fate = verdict.fate;
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
  const judged = (records: readonly Put[]) => product(records, { rules });
  const found = byPrefix(await judged(worlds.flat()));
  const shows = worlds.find(
    (world) => differences(evaluate(world, TIME), found.get(tenantOf(world)) ?? []).length > 0,
  );
  if (shows === undefined) throw new Error(`the product with "${mutant.id}" agrees on every tenant`);
  return shrink(shows, undefined, judged);
}
