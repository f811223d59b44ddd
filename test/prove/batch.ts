/**
 * Many broken rules at a time. What a clause of one rule does is first seen in the rows of that rule; tenants share no
 * ids, so in each of them another rule may be broken, and all rules run once for all of them.
 */
import { isPoolFull } from "../../src/graph/engine.ts";
import { StoreError } from "../../src/model.ts";
import type { OracleRow } from "../oracle/evaluate.ts";
import { compareBytes } from "../oracle/records.ts";
import type { Mutant } from "./clauses.ts";
import { byTenant, differences, prefixOf } from "./compare.ts";
import { HINTS } from "./equivalent.ts";
import type { GraphRows } from "./product.ts";
import { readsItself, type Workbench } from "./workbench.ts";

/** `caught`: rows differ, or the rule fails as it runs. `refused`: the engine does not take the text. `idle`: it did not run. */
export type Fate = "caught" | "same" | "refused" | "idle";
export interface Verdict {
  id: string;
  fate: Fate;
  /** How it was noticed: a tenant, or an error; of what is the same, how far that goes. */
  why: string;
}

/** What the rows of a rule show, and nothing behind it. */
export const HIDDEN = "only what the rule itself derives differs";
/** The rule looks at more, and misses nothing: of a kind that only says where to look. */
export const WIDER = "more to look at, and nothing else";
const DOUBLED = "two nodes of one id";

/** A broken rule that derives something else in some tenants. Plain data. */
export interface Candidate {
  id: string;
  /** Place of its rule on the bench. */
  at: number;
  /** The statement that was broken; 0 where all rows of the kind are one part. */
  part: number;
  /** True if it has every row that the rule has, and the kind is one of `HINTS`. */
  wider: boolean;
  /** Rows of these tenants, those that differ most first. */
  rows: readonly (readonly [tenant: string, lines: readonly string[]])[];
}
/** A broken rule, and the tenants in which it is broken. */
export interface Share {
  candidate: Candidate;
  tenants: readonly string[];
}

/** Of the tenants that show something, so many are tried. */
const TRIED = 24;

/** Rows by the one tenant that their ids belong to; `rest`: of none, or of several. */
interface Yield {
  own: Map<string, string[]>;
  rest: string[];
}
const TENANT = /\b[tw]\d+:/g;
/** Tenants that a text names. */
export const tenantsIn = (text: string): string[] => [...new Set(text.match(TENANT))];
const idsOf = (line: string, ends: number): string =>
  (JSON.parse(line) as unknown[]).slice(0, ends).join(" ");
/** `ends`: how many ids a row starts with. */
function sorted(lines: readonly string[], ends: number): Yield {
  const found: Yield = { own: new Map(), rest: [] };
  for (const line of lines) {
    const [tenant, ...others] = tenantsIn(idsOf(line, ends));
    if (others.length > 0 || tenant === undefined) {
      found.rest.push(line);
      continue;
    }
    const own = found.own.get(tenant) ?? [];
    found.own.set(tenant, own);
    own.push(line);
  }
  return found;
}
const textOf = (lines: readonly string[] = []): string => [...lines].sort(compareBytes).join("\n");
const isWithin = (one: readonly string[], two: readonly string[] = []): boolean => {
  const more = new Set(two);
  return one.every((line) => more.has(line));
};
/** In how many lines two differ. */
const distance = (one: readonly string[] = [], two: readonly string[] = []): number => {
  const [a, b] = [new Set(one), new Set(two)];
  return one.filter((line) => !b.has(line)).length + two.filter((line) => !a.has(line)).length;
};

/**
 * Runs broken versions of the rule at this place of the bench, by themselves; yields what is settled by that, and what
 * the rules behind it must decide. `announce` hears which is next, in case that the engine does not survive it.
 */
export async function* survey(
  bench: Workbench,
  at: number,
  mutants: readonly Mutant[],
  announce: (ids: readonly string[]) => void,
): AsyncGenerator<Verdict | Candidate> {
  const rule = bench.rules[at]!;
  const ends = bench.endsOf(rule);
  announce([]);
  await bench.rewind(at);
  const partOf = (statement: number): number => (readsItself(rule) ? 0 : statement);
  const parts = new Map<number, Yield | undefined>();
  for (const { id, rule: broken, statement } of mutants) {
    const part = partOf(statement);
    // Even of a rule that reads itself each statement runs here or does not.
    if (!parts.has(statement)) {
      announce([]);
      const lines = await bench.yields(at, rule, statement);
      parts.set(statement, lines && sorted(lines, ends));
    }
    const law = parts.get(statement);
    announce([id]);
    try {
      const lines = law && (await bench.yields(at, broken, statement));
      if (law === undefined || lines === undefined) {
        yield { id, fate: "idle", why: "" };
        continue;
      }
      if (ends === 1 && new Set(lines.map((line) => idsOf(line, 1))).size < lines.length) {
        yield { id, fate: "caught", why: DOUBLED };
        continue;
      }
      const found = sorted(lines, ends);
      const differ = [...new Set([...law.own.keys(), ...found.own.keys()])]
        .filter((tenant) => textOf(law.own.get(tenant)) !== textOf(found.own.get(tenant)))
        .map((tenant) => ({ tenant, far: distance(law.own.get(tenant), found.own.get(tenant)) }))
        .sort((a, b) => b.far - a.far);
      const rows = inTurn(differ)
        .slice(0, TRIED)
        .map(({ tenant }) => [tenant, found.own.get(tenant) ?? []] as const);
      const wider =
        HINTS.has(rule.derives) &&
        [...law.own].every(([tenant, known]) => isWithin(known, found.own.get(tenant))) &&
        isWithin(law.rest, found.rest);
      if (rows.length === 0) yield { id, fate: "same", why: "" };
      else yield { id, at, part, rows, wider };
    } catch (error) {
      if (isPoolFull(error)) throw error;
      yield failure(id, error);
    }
  }
}

/**
 * The order in which tenants that show something are tried, given those that show most first. In turn a world, since each is
 * about one thing alone, and of the others one that shows most, one that shows least, one between: where much is at hand the
 * same is often had in another way.
 */
function inTurn<T extends { tenant: string }>(found: readonly T[]): T[] {
  const worlds = found.filter(({ tenant }) => tenant.startsWith("w"));
  const others = found.filter(({ tenant }) => !tenant.startsWith("w"));
  const from = [() => 0, () => others.length - 1, () => others.length >> 1];
  return found.map((_, n) =>
    others.length === 0 || (n % 2 === 0 && worlds.length > 0)
      ? worlds.pop()!
      : others.splice(from[(n >> 1) % 3]!(), 1)[0]!,
  );
}

/** Rules did not run to the end: the one at this place fails. */
export class Failed extends Error {
  readonly at: number;
  constructor(at: number, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.at = at;
  }
}

interface SaidOfTenant {
  rows: readonly OracleRow[];
  /** A line each actor and label, and each actor and tier. */
  more: ReadonlySet<string>;
}
/** What a graph said as the rules are, by tenant. */
export type Sound = (tenant: string) => SaidOfTenant;
export function soundOf(bench: Workbench, raw: GraphRows): Sound {
  const parts = partsOf(raw);
  const known = new Map<string, SaidOfTenant>();
  return (tenant) => {
    const said = known.get(tenant) ?? saidOf(bench, parts(tenant), tenant);
    known.set(tenant, said);
    return said;
  };
}
const saidOf = (bench: Workbench, raw: GraphRows, tenant: string): SaidOfTenant => ({
  rows: bench.expanded(raw, tenant),
  more: new Set(
    [...raw.use.filter(({ label }) => prefixOf(label) === tenant), ...raw.counted].map((one) =>
      JSON.stringify(one),
    ),
  ),
});
const differ = (a: SaidOfTenant, b: SaidOfTenant): boolean =>
  a.more.size !== b.more.size ||
  [...a.more].some((line) => !b.more.has(line)) ||
  differences(a.rows, b.rows).length > 0;

/**
 * Runs all rules from the first broken one on, each broken in its tenants; a verdict on each. `to`: only up to the rule
 * at this place, without verdicts. `announce` hears which rule runs next. Throws Failed.
 */
export async function runTogether(
  bench: Workbench,
  sound: Sound,
  shares: readonly Share[],
  announce: (at: number) => void,
  to = bench.rules.length - 1,
): Promise<Verdict[]> {
  const first = Math.min(...shares.map(({ candidate }) => candidate.at));
  const doubled = new Set<string>();
  announce(first);
  await bench.rewind(first);
  for (let at = first; at <= to; at++) {
    announce(at);
    const here = shares.filter(({ candidate }) => candidate.at === at);
    const ends = bench.endsOf(bench.rules[at]!);
    const seen = new Set<string>();
    const instead = (lines: readonly string[], statement: number): string[] => {
      const put = put_(lines, statement);
      if (ends > 1) return put;
      // The engine stops at a second node of one id, for all tenants.
      return put.filter((line) => {
        const id = idsOf(line, 1);
        if (seen.has(id)) for (const tenant of tenantsIn(id)) doubled.add(tenant);
        return !seen.has(id) && seen.add(id);
      });
    };
    const put_ = (lines: readonly string[], statement: number): string[] => {
      const broken = new Map(
        here
          .filter(({ candidate }) => candidate.part === statement)
          .flatMap(({ candidate, tenants }) => candidate.rows.filter(([tenant]) => tenants.includes(tenant))),
      );
      if (broken.size === 0) return [...lines];
      const { own, rest } = sorted(lines, ends);
      const kept = [...own].flatMap(([tenant, some]) => (broken.has(tenant) ? [] : some));
      return [...rest, ...kept, ...[...broken.values()].flat()];
    };
    try {
      await bench.step(at, here.length > 0 || ends === 1 ? instead : undefined);
    } catch (error) {
      if (isPoolFull(error)) throw error;
      throw new Failed(at, error);
    }
  }
  if (to < bench.rules.length - 1) return [];
  const parts = partsOf(await bench.raw());
  return shares.map(({ candidate: { id, wider }, tenants }): Verdict => {
    for (const tenant of tenants)
      try {
        if (doubled.has(tenant)) return { id, fate: "caught", why: DOUBLED };
        if (differ(sound(tenant), saidOf(bench, parts(tenant), tenant)))
          return { id, fate: "caught", why: tenant };
      } catch (error) {
        return { id, fate: "caught", why: `${tenant} ${String(error)}` };
      }
    return { id, fate: "same", why: wider ? WIDER : HIDDEN };
  });
}

/** What may concern one tenant: its own, and what belongs to all. */
function partsOf(raw: GraphRows): (tenant: string) => GraphRows {
  const parts = <T>(list: readonly T[], idOf: (one: T) => string): ((tenant: string) => T[]) => {
    const found = byTenant(list, idOf);
    return (tenant) => [...(found.get(tenant) ?? []), ...(found.get("") ?? [])];
  };
  const rows = parts(raw.rows, ({ agent }) => agent);
  const holdings = parts(raw.holdings, ({ agent }) => agent);
  const principals = parts(raw.principals, ({ id }) => id);
  const grants = parts(raw.grants, ({ scope }) => scope);
  const use = parts(raw.use, ({ agent }) => agent);
  const blind = parts(raw.blind, ({ scope }) => scope);
  const sums = parts(raw.counted, ({ agent }) => agent);
  return (tenant) => ({
    rows: rows(tenant),
    holdings: holdings(tenant),
    principals: principals(tenant),
    grants: grants(tenant),
    use: use(tenant),
    blind: blind(tenant),
    counted: sums(tenant),
  });
}

/** A path that leads nowhere, a second row at one place, or the engine itself: a test would fail. */
export function failure(id: string, error: unknown): Verdict {
  if (!(error instanceof Error)) throw error;
  const refused = error instanceof StoreError && /^(Binder|Parser|Catalog) exception/.test(error.message);
  return { id, fate: refused ? "refused" : "caught", why: error.message };
}
