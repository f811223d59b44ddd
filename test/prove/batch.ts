/**
 * Many broken rules at a time. What a clause of one rule does is first seen in the rows of that rule; tenants share no
 * ids, so each of them gets the rows of another broken rule, and all later rules run once for all of them.
 */
import { StoreError } from "../../src/model.ts";
import { compareBytes } from "../oracle/records.ts";
import type { Mutant } from "./clauses.ts";
import { differences } from "./compare.ts";
import type { GraphRows } from "./product.ts";
import { Endless, readsItself, type Workbench } from "./workbench.ts";

/** `caught`: rows differ, or the rule fails as it runs. `refused`: the engine does not take the text. `idle`: it did not run. */
export type Fate = "caught" | "same" | "refused" | "idle";
export interface Verdict {
  id: string;
  fate: Fate;
  /** How it was noticed: a tenant, or an error; of what is the same, how far that goes. */
  why: string;
}

/** Each broken rule gets so many tenants, and another so many if these notice nothing. */
const TENANTS = 4;
const TRIES = 2;
/** What the rows of a rule show, and nothing behind it. */
export const HIDDEN = "only what the rule itself derives differs";

/** Rows by the one tenant that their ids belong to; `rest`: of none, or of several. */
interface Yield {
  own: Map<string, string[]>;
  rest: string[];
}
interface Candidate {
  mutant: Mutant;
  part: number;
  /** Rows of tenants whose rows differ, those that differ most first. */
  rows: [tenant: string, lines: string[]][];
  tried: number;
}

const TENANT = /\b[tw]\d+:/g;
/** `ends`: how many ids a row starts with. */
function sorted(lines: readonly string[], ends: number): Yield {
  const found: Yield = { own: new Map(), rest: [] };
  for (const line of lines) {
    const ids = (JSON.parse(line) as unknown[]).slice(0, ends).join(" ");
    const tenants = new Set(ids.match(TENANT));
    const [tenant] = tenants;
    if (tenants.size !== 1 || tenant === undefined) found.rest.push(line);
    else found.own.set(tenant, [...(found.own.get(tenant) ?? []), line]);
  }
  return found;
}
const textOf = (lines: readonly string[] = []): string => [...lines].sort(compareBytes).join("\n");
/** In how many lines two differ. */
const distance = (one: readonly string[] = [], two: readonly string[] = []): number => {
  const [a, b] = [new Set(one), new Set(two)];
  return one.filter((line) => !b.has(line)).length + two.filter((line) => !a.has(line)).length;
};

/** A bench on which rules have run, and what they said. */
export interface Sound {
  bench: Workbench;
  rows: GraphRows;
}

/**
 * Tries broken versions of the rule at this place of the bench; yields the verdict on each. `announce` hears which are
 * tried next, in case that the engine does not survive it.
 */
export async function* tryRule(
  { bench, rows }: Sound,
  at: number,
  mutants: readonly Mutant[],
  announce: (ids: readonly string[]) => void,
): AsyncGenerator<Verdict> {
  const soundOf = once((tenant: string) => bench.expanded(rows, tenant));
  const rule = bench.rules[at]!;
  const ends = bench.endsOf(rule);
  announce([]);
  await bench.rewind(at);
  const partOf = (statement: number): number => (readsItself(rule) ? 0 : statement);
  const parts = new Map<number, Yield>();
  for (const [statement] of [...rule.first, ...rule.again].entries())
    if (!parts.has(partOf(statement))) {
      const lines = await bench.yields(at, rule, statement);
      if (lines !== undefined) parts.set(partOf(statement), sorted(lines, ends));
    }

  let waiting: Candidate[] = [];
  for (const mutant of mutants) {
    const part = partOf(mutant.statement);
    const law = parts.get(part);
    announce([mutant.id]);
    try {
      const lines = law === undefined ? undefined : await bench.yields(at, mutant.rule, mutant.statement);
      if (law === undefined || lines === undefined) yield { id: mutant.id, fate: "idle", why: "" };
      else if (ends === 1 && new Set(lines.map(idOf)).size < lines.length)
        yield { id: mutant.id, fate: "caught", why: "two nodes of one id" };
      else {
        const found = sorted(lines, ends);
        const rows = [...new Set([...law.own.keys(), ...found.own.keys()])]
          .filter((tenant) => textOf(law.own.get(tenant)) !== textOf(found.own.get(tenant)))
          .map((tenant) => ({ tenant, far: distance(law.own.get(tenant), found.own.get(tenant)) }))
          .sort((a, b) => b.far - a.far)
          .slice(0, TENANTS * TRIES * 2)
          .map(({ tenant }): [string, string[]] => [tenant, found.own.get(tenant) ?? []]);
        if (rows.length === 0) yield { id: mutant.id, fate: "same", why: "" };
        else waiting.push({ mutant, part, rows, tried: 0 });
      }
    } catch (error) {
      yield failure(mutant, error);
    }
  }

  while (waiting.length > 0) {
    // Those with the least choice first; each tenant serves one.
    const taken = new Map<string, Candidate>();
    const batch = new Map<Candidate, string[]>();
    for (const one of waiting.sort((a, b) => a.rows.length - b.rows.length)) {
      const free = one.rows
        .map(([tenant]) => tenant)
        .filter((tenant) => !taken.has(tenant))
        .slice(0, TENANTS);
      for (const tenant of free) taken.set(tenant, one);
      if (free.length > 0) batch.set(one, free);
    }
    const verdicts = await tryBatch([...batch.keys()]);
    for (const [one, tenants] of batch) {
      one.tried += 1;
      const verdict = verdicts.get(one)!;
      one.rows = one.rows.filter(([tenant]) => !tenants.includes(tenant));
      const open = verdict.fate === "same" && one.tried < TRIES && one.rows.length > 0;
      if (open) continue;
      yield verdict;
      waiting = waiting.filter((other) => other !== one);
    }

    async function tryBatch(some: readonly Candidate[]): Promise<Map<Candidate, Verdict>> {
      announce(some.map(({ mutant }) => mutant.id));
      const mine = (one: Candidate): string[] => batch.get(one)!;
      try {
        await bench.rewind(at);
        const others = new Set(some.flatMap(mine));
        const lines = [...parts].flatMap(([part, { own, rest }]) => {
          const instead = new Map(
            some
              .filter((one) => one.part === part)
              .flatMap((one) =>
                one.rows.filter(([tenant]) => others.has(tenant) && mine(one).includes(tenant)),
              ),
          );
          return [
            ...rest,
            ...[...new Set([...own.keys(), ...instead.keys()])].flatMap(
              (tenant) => instead.get(tenant) ?? own.get(tenant) ?? [],
            ),
          ];
        });
        await bench.load(at, lines);
        await bench.resume(at);
        const raw = await bench.raw();
        return new Map(some.map((one) => [one, verdictOn(one, mine(one), raw)]));
      } catch (error) {
        if (some.length === 1) return new Map([[some[0]!, failure(some[0]!.mutant, error)]]);
        const half = some.length >> 1;
        return new Map([...(await tryBatch(some.slice(0, half))), ...(await tryBatch(some.slice(half)))]);
      }
    }
  }

  function verdictOn({ mutant: { id } }: Candidate, tenants: readonly string[], raw: GraphRows): Verdict {
    for (const tenant of tenants)
      try {
        if (differences(soundOf(tenant), bench.expanded(raw, tenant)).length > 0)
          return { id, fate: "caught", why: tenant };
      } catch (error) {
        return { id, fate: "caught", why: `${tenant} ${String(error)}` };
      }
    return { id, fate: "same", why: HIDDEN };
  }
}

/** Remembers what was asked. */
function once<T>(ask: (key: string) => T): (key: string) => T {
  const known = new Map<string, T>();
  return (key) => {
    const found = known.get(key) ?? ask(key);
    known.set(key, found);
    return found;
  };
}
const idOf = (line: string): unknown => (JSON.parse(line) as unknown[])[0];

/** A path that leads nowhere, a second row at one place, or the engine itself: a test would fail. */
function failure({ id }: Mutant, error: unknown): Verdict {
  if (error instanceof StoreError && /^(Binder|Parser|Catalog) exception/.test(error.message))
    return { id, fate: "refused", why: error.message };
  if (error instanceof Endless || error instanceof Error) return { id, fate: "caught", why: error.message };
  throw error;
}
