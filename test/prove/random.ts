/** Random tenants, many to a database, the product against the oracle; a run can be stopped and goes on. */
import { availableParallelism } from "node:os";
import pLimit from "p-limit";
import { evaluate } from "../oracle/evaluate.ts";
import type { Put } from "../oracle/records.ts";
import { TIME, tenantPrefix, tenants } from "../oracle/tenants.ts";
import { sparse } from "../oracle/tenants-sparse.ts";
import { partlyRead } from "../oracle/tenants-unread.ts";
import {
  disagreement,
  disagreementAmong,
  everyoneJoins,
  hasGaps,
  lacksParts,
  prefixOf,
  saidOfMany,
  sharesPeople,
  standsApart,
} from "./compare.ts";
import { featuresOf, type Met, meet, pairs } from "./features.ts";
import { hasJoins, hasPolicies } from "./hits.ts";
import { answers, type Said } from "./product.ts";

/** So many are tried at a time: a database costs as much as a hundred tenants in it. */
const AT_ONCE = 2_000;
/** So many if each has one to itself. */
const AT_ONCE_APART = 100;
/** More to a database take longer each, most where everyone holds something: agents of all of them hold it, too. */
const PER_DATABASE = 200;
const PER_SHARED_DATABASE = 100;
/** So many databases are made at a time: each keeps one processor busy, and no more. */
const LANES = availableParallelism();
/** Of all pairs of features, so many percent must meet in some tenant of a run of `ENOUGH`. */
export const LEAST_PAIRS = 99;
export const ENOUGH = 500;

/** How far a run is. Plain data: kept in a file, it goes on from there. */
export interface Run {
  seed: number;
  from: number;
  /** Each tenant in a graph of its own, and without some kinds of relationship: nothing that others need is there. */
  apart: boolean;
  /** Tenants tried, from `from` on. */
  worlds: number;
  rows: number;
  seconds: number;
  /** Places of tenants on which the two differ. */
  mismatches: number[];
  met: Met;
}
export const newRun = (seed: number, from: number, apart = false): Run => ({
  ...{ seed, from, apart, worlds: 0, rows: 0, seconds: 0 },
  mismatches: [],
  met: {},
});

/** Tries tenants until the run has `worlds`; yields after each few databases. Milliseconds by part of the way go to `spent`. */
export async function* tryTenants(
  run: Run,
  worlds: number,
  spent: Map<string, number> = new Map(),
): AsyncGenerator<Run> {
  const add = (stage: string, ms: number): void => void spent.set(stage, (spent.get(stage) ?? 0) + ms);
  while (run.worlds < worlds) {
    const start = performance.now();
    const at = run.from + run.worlds;
    const part = tenantsOf(run, Math.min(run.apart ? AT_ONCE_APART : AT_ONCE, worlds - run.worlds), at);
    add("tenants", performance.now() - start);
    const said = saidOfMany(await saidOf(run.apart ? part : shareOut(part), add));
    const judged = performance.now();
    for (const [index, world] of part.entries()) {
      const law = evaluate(world, TIME);
      run.rows += law.length;
      meet(run.met, featuresOf(world));
      const wrong = disagreementAmong(said, world, tenantPrefix(at + index), law);
      // Whoever asks an agent that is for everyone may be of another tenant here: by itself the tenant has the last word.
      if (wrong.length > 0 && (!sharesAudience(world) || (await disagreement(world)).length > 0))
        run.mismatches.push(at + index);
    }
    add("oracle", performance.now() - judged);
    run.worlds += part.length;
    run.seconds += (performance.now() - start) / 1_000;
    yield run;
  }
}

/** What the product says about the tenants in these databases. */
async function saidOf(
  databases: readonly Put[][],
  onStage: (stage: string, ms: number) => void,
): Promise<Said> {
  const lanes = pLimit(LANES);
  const said = await lanes.map(databases, (records) => answers(records, { onStage }));
  return {
    rows: said.flatMap(({ rows }) => rows),
    use: said.flatMap(({ use }) => use),
    counted: said.flatMap(({ counted }) => counted),
  };
}

/** A few databases of many tenants, and one for each that has to stand apart. */
function shareOut(part: readonly Put[][]): Put[][] {
  const together = part.filter((world) => !standsApart(world) && !byItself(world));
  return [
    // A graph without gaps is another test than one with some; so is one where nobody could join a group, or no policy is.
    ...[together.filter((world) => !hasGaps(world)), together.filter(hasGaps)]
      .flatMap(quietApart)
      .flatMap((some) => [
        ...shared(some.filter(sharesGrants), PER_SHARED_DATABASE),
        ...shared(
          some.filter((world) => !sharesGrants(world)),
          some.some(hasGaps) ? PER_SHARED_DATABASE : PER_DATABASE,
        ),
      ]),
    ...shared(
      part.filter((world) => lacksParts(world) && !byItself(world)),
      PER_SHARED_DATABASE,
    ),
    ...part.filter(byItself),
  ];
}

/**
 * Among many tenants somebody always could join a group, and some policy is there. What rules do where there is none of
 * either, they do for those that are by themselves.
 */
function quietApart(worlds: readonly Put[][]): Put[][][] {
  const steady = worlds.filter((world) => !hasJoins(world));
  return [worlds.filter(hasJoins), steady.filter(hasPolicies), steady.filter((world) => !hasPolicies(world))];
}

/** Tenants in databases of about as many, at most so many, and as many databases as work at a time. */
function shared(worlds: readonly Put[][], most: number): Put[][] {
  const databases = LANES * Math.ceil(worlds.length / most / LANES);
  const each = Math.ceil(worlds.length / databases);
  return Array.from({ length: databases }, (_, at) => worlds.slice(at * each, (at + 1) * each).flat()).filter(
    (records) => records.length > 0,
  );
}

const byEveryone = (kind: string) => (world: readonly Put[]) =>
  world.some((put) => "from" in put && put.kind === kind && prefixOf(put.from.id) === "");
/** What groups control that everyone is in, persons of all tenants in one graph control. */
const byItself = (world: readonly Put[]): boolean => sharesPeople(world) || everyoneJoins(world);
/** Everyone holds something. */
const sharesGrants = byEveryone("GRANTED");
/** An agent is for everyone. */
const sharesAudience = byEveryone("MAY_USE");

/** The tenants of a run from a place on: as they are or, one in a few, as they were read in part. */
export const tenantsToTry = (count: number, seed: number, from = 0): Put[][] =>
  tenants(count, seed, from).map((world, index) =>
    partlyRead(world, tenantPrefix(from + index), seed, from + index),
  );
const tenantsOf = ({ seed, apart }: Run, count: number, from: number): Put[][] =>
  apart
    ? tenantsToTry(count, seed, from).map((world, index) => sparse(world, seed, from + index))
    : tenantsToTry(count, seed, from);
/** The tenant at one place of a run. */
export const tenantAt = (run: Run, place: number): Put[] => tenantsOf(run, 1, place)[0]!;

/** The run in one line. */
export function summary(run: Run): string {
  const { all, unmet } = pairs(run.met);
  const share = Math.floor(((all - unmet.length) / all) * 1_000) / 10;
  return `${run.worlds} worlds${run.apart ? " apart" : ""} (seed ${run.seed}, ${run.from} to ${run.from + run.worlds - 1}), ${run.rows} rows, ${run.mismatches.length} mismatches, ${Math.round(run.seconds)} s; ${share} % of ${all} pairs of features met`;
}
export const metEnough = (run: Run): boolean => {
  const { all, unmet } = pairs(run.met);
  return run.apart || run.worlds < ENOUGH || unmet.length * 100 <= all * (100 - LEAST_PAIRS);
};
