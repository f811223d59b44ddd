/** Breaks each clause of each rule and sees whether a tenant notices. */
import type { Put } from "../oracle/records.ts";
import { tenants } from "../oracle/tenants.ts";
import { HIDDEN, type Verdict, WIDER } from "./batch.ts";
import { type Mutant, mutantsOf } from "./clauses.ts";
import { everyoneJoins, hasGaps, lacksParts, standsApart } from "./compare.ts";
import { richest } from "./features.ts";
import { ENDED, LATE } from "./helper.ts";
import { hasJoins, hasPolicies } from "./hits.ts";
import { Judge } from "./judge.ts";
import { RULES } from "./product.ts";
import { tenantsToTry } from "./random.ts";
import { worldFiles } from "./world.ts";

export const allMutants = (): Mutant[] => RULES.flatMap(mutantsOf);

/** A database full of tenants. */
interface Field {
  about: string;
  /** Tenants that are drawn. */
  drawn(seed: number): readonly (readonly Put[])[];
}
/** Each with ids of its own. */
const worlds = (alone: boolean): Put[][] =>
  worldFiles()
    .filter(({ file }) => file.startsWith("alone-") === alone)
    .map(({ world }) => [...world.records]);
const whole = (world: readonly Put[]): boolean => !hasGaps(world);
const together = (some: readonly (readonly Put[])[]): (readonly Put[])[] =>
  some.filter((world) => !standsApart(world));
/** Of so many tenants the few are taken that have what is rare. */
const MANY = 20_000;
/** What one field shows is not tried on the next. */
const FIELDS: readonly Field[] = [
  {
    about: "worlds, and the richest of 400 tenants",
    drawn: (seed) => together([...worlds(false).filter(whole), ...richest(tenants(400, seed), 60)]),
  },
  {
    about: "worlds, and the richest of 400 others, read in part",
    drawn: (seed) =>
      together([...worlds(false).filter(hasGaps), ...richest(tenantsToTry(400, seed, 400), 60)]),
  },
  {
    about: "tenants of which nobody read who may use their agents",
    drawn: (seed) => tenantsToTry(400, seed, 1_000).filter(lacksParts).slice(0, 30),
  },
  // Some statements are for where there are none, and among many tenants there always are some.
  {
    about: "worlds and tenants without memberships to come",
    drawn: (seed) =>
      together(
        [...worlds(false), ...richest(tenants(600, seed, 3_000), 200)].filter((world) => !hasJoins(world)),
      ),
  },
  {
    about: "worlds and tenants without memberships to come, and without policies",
    drawn: (seed) =>
      together(
        [...worlds(false), ...richest(tenants(1_500, seed, 5_000), 400)].filter(
          (world) => !hasJoins(world) && !hasPolicies(world),
        ),
      ),
  },
  // Few have such groups.
  ...[true, false].map(
    (joins): Field => ({
      about: `tenants in which everyone is in groups, ${joins ? "and somebody" : "and nobody"} could come to be in more`,
      drawn: (seed) =>
        richest(
          together(
            tenants(MANY, seed, 20_000).filter((world) => everyoneJoins(world) && hasJoins(world) === joins),
          ),
          60,
        ),
    }),
  ),
  {
    about: "the richest of 1500 others",
    drawn: (seed) => together(richest(tenants(1_500, seed, 800), 150)),
  },
  { about: "few tenants", drawn: (seed) => richest(together(tenants(100, seed)), 8) },
  ...worlds(true).map((world, index): Field => ({ about: `alone, ${index + 1}`, drawn: () => [world] })),
];
const LAST = FIELDS.length - 1;
/** Where a broken rule that multiplies what many tenants have comes to an end, if it ends at all. */
const FEW = FIELDS.findIndex(({ about }) => about === "few tenants");

/** How far a trial of all mutants is. Plain data. */
export interface Trial {
  seed: number;
  /** `next`: the field to try next on. */
  verdicts: Record<string, Verdict & { next: number }>;
}

/** Tries mutants until each has its verdict; `say` hears each one that is settled, and all that changed. */
export async function mutate(
  trying: Trial,
  ids: readonly string[],
  cli: string,
  say: (verdict: Verdict) => void,
): Promise<void> {
  for (const [index, field] of FIELDS.entries()) {
    const open = ids.filter((id) => (trying.verdicts[id]?.next ?? 0) <= index);
    if (open.length === 0) continue;
    const worlds = field.drawn(trying.seed);
    const heard = (verdict: Verdict): void => {
      const { id, fate } = verdict;
      const before = trying.verdicts[id];
      if ([LATE, ENDED].includes(verdict.why) && index < FEW) {
        trying.verdicts[id] = { id, fate: "idle", why: verdict.why, next: FEW };
        return;
      }
      const settled = fate === "caught" || fate === "refused";
      // What was seen once is not unseen because another field shows less.
      const seen = [HIDDEN, WIDER].find((one) => [before?.why, verdict.why].includes(one));
      const why = fate === "same" ? (seen ?? "") : verdict.why;
      const kept = fate === "idle" && before?.fate === "same" ? before : { ...verdict, why };
      trying.verdicts[id] = { ...kept, next: settled ? LAST + 1 : index + 1 };
      say(trying.verdicts[id]);
    };
    await Judge.use(worlds, cli, (judge) => judge.try(open, heard));
  }
}
export const isOpen = (verdict: Verdict): boolean => verdict.fate === "same" || verdict.fate === "idle";
