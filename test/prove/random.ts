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
  disagreementOf,
  everyoneJoins,
  hasGaps,
  lacksParts,
  prefixOf,
  saidOfMany,
  sharesPeople,
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
/** So few are not worth two databases. */
const FEW = 50;
/** More are judged as one tenant in more time than their databases would take. */
const AS_ONE = 8;
/** So many databases are made at a time: each keeps one processor busy at most, and waits for its turn in between. */
const LANES = 2 * availableParallelism();
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

/** A tenant, and its place in a run. */
export interface Tried {
  place: number;
  world: readonly Put[];
}

/** Tries tenants until the run has `worlds`; yields after each few databases. Milliseconds by part of the way go to `spent`. */
export async function* tryTenants(
  run: Run,
  worlds: number,
  spent: Map<string, number> = new Map(),
): AsyncGenerator<Run> {
  const onStage = (stage: string, ms: number): void => void spent.set(stage, (spent.get(stage) ?? 0) + ms);
  const lanes = pLimit(LANES);
  while (run.worlds < worlds) {
    const start = performance.now();
    const at = run.from + run.worlds;
    const count = Math.min(run.apart ? AT_ONCE_APART : AT_ONCE, worlds - run.worlds);
    const part = tenantsOf(run, count, at).map((world, index): Tried => ({ place: at + index, world }));
    onStage("tenants", performance.now() - start);
    const { beside, asOne } = run.apart ? { beside: part.map((one) => [one]), asOne: [] } : shareOut(part);
    const judge = async (database: readonly Tried[], law: typeof besideOthers): Promise<void> => {
      const said = await answers(recordsOf(database), { onStage });
      const judged = performance.now();
      const { rows, differ } = await law(database, said);
      onStage("oracle", performance.now() - judged);
      run.rows += rows;
      run.mismatches.push(...differ);
    };
    await Promise.all([
      lanes.map(beside, (database) => judge(database, besideOthers)),
      lanes.map(asOne, (database) => judge(database, asOneTenant)),
    ]);
    run.mismatches.sort((a, b) => a - b);
    for (const { world } of part) meet(run.met, featuresOf(world));
    run.worlds += part.length;
    run.seconds += (performance.now() - start) / 1_000;
    yield run;
  }
}

const recordsOf = (database: readonly Tried[]): Put[] => database.flatMap(({ world }) => world);

interface Judgement {
  /** Rows that the definition has. */
  rows: number;
  /** Places of tenants on which the two differ. */
  differ: number[];
}

/** Each tenant of a database as if it were alone in it. */
async function besideOthers(database: readonly Tried[], said: Said): Promise<Judgement> {
  const found: Judgement = { rows: 0, differ: [] };
  const many = saidOfMany(said);
  for (const { place, world } of database) {
    const law = evaluate(world, TIME);
    found.rows += law.length;
    const wrong = disagreementAmong(many, world, tenantPrefix(place), law);
    // Whoever asks an agent that is for everyone may be of another tenant here: by itself the tenant has the last word.
    if (wrong.length > 0 && (!sharesAudience(world) || (await disagreement(world)).length > 0))
      found.differ.push(place);
  }
  return found;
}

/** Tenants that share people: together they are one. If it is wrong, those are that are wrong alone, or all. */
export async function asOneTenant(database: readonly Tried[], said: Said): Promise<Judgement> {
  const records = recordsOf(database);
  // Of each alone: how many there are does not depend on which tenants stand together.
  const rows = database.reduce((sum, { world }) => sum + evaluate(world, TIME).length, 0);
  if (disagreementOf(records, evaluate(records, TIME), said).length === 0) return { rows, differ: [] };
  const alone: number[] = [];
  for (const { place, world } of database) if ((await disagreement(world)).length > 0) alone.push(place);
  return { rows, differ: alone.length > 0 ? alone : database.map(({ place }) => place) };
}

/** A few databases of many tenants, those that take longest first, and some of tenants that are judged as one. */
function shareOut(part: readonly Tried[]): { beside: Tried[][]; asOne: Tried[][] } {
  const own = part.filter(({ world }) => byItself(world));
  const others = part.filter(({ world }) => !byItself(world));
  const lacking = others.filter(({ world }) => lacksParts(world));
  const together = others.filter(({ world }) => !lacksParts(world));
  return {
    beside: [
      // A graph without gaps is another test than one with some; so is one where nobody could join a group, or no policy is.
      ...quietApart(together.filter(({ world }) => !hasGaps(world))).flatMap((some) =>
        bySharing(some, PER_DATABASE),
      ),
      ...[...quietApart(together.filter(({ world }) => hasGaps(world))), lacking].flatMap((some) =>
        bySharing(some, PER_SHARED_DATABASE),
      ),
    ].sort((a, b) => b.length - a.length),
    asOne: [
      own.filter(({ world }) => !lacksParts(world)),
      own.filter(({ world }) => lacksParts(world)),
    ].flatMap((some) => evenly(some, AS_ONE)),
  };
}

/**
 * Among many tenants somebody always could join a group, and some policy is there. What rules do where there is none of
 * either, they do for those that are by themselves.
 */
function quietApart(worlds: readonly Tried[]): Tried[][] {
  const joins = ({ world }: Tried): boolean => hasJoins(world);
  const policies = ({ world }: Tried): boolean => hasPolicies(world);
  const steady = worlds.filter((one) => !joins(one));
  return [worlds.filter(joins), steady.filter(policies), steady.filter((one) => !policies(one))];
}

/** Tenants in databases of at most so many; those where everyone holds something in others than the rest. */
function bySharing(worlds: readonly Tried[], most: number): Tried[][] {
  if (worlds.length <= FEW) return evenly(worlds, most);
  return [
    ...evenly(
      worlds.filter(({ world }) => sharesGrants(world)),
      PER_SHARED_DATABASE,
    ),
    ...evenly(
      worlds.filter(({ world }) => !sharesGrants(world)),
      most,
    ),
  ];
}

/** Parts of about as many, at most so many. */
function evenly<T>(all: readonly T[], most: number): T[][] {
  const parts = Math.ceil(all.length / most);
  const each = Math.ceil(all.length / parts);
  return Array.from({ length: parts }, (_, at) => all.slice(at * each, (at + 1) * each));
}

const byEveryone = (kind: string) => (world: readonly Put[]) =>
  world.some((put) => "from" in put && put.kind === kind && prefixOf(put.from.id) === "");
/** Persons of all tenants in one graph have what everyone has in one of them: it cannot be judged as if it were alone. */
export const byItself = (world: readonly Put[]): boolean => sharesPeople(world) || everyoneJoins(world);
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
