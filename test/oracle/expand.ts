/**
 * Compact rows to one row an (agent, mode, via, scope, tier), so that they can be compared with the oracle's. A row that
 * covers its subtree speaks for every scope below that has no row of its own in that tier; there, what an
 * earlier tier already gives is taken away.
 */
import type { Answer, Certainty, OracleRow } from "./evaluate.ts";
import { compareBytes, STATES, TIERS, type Tier } from "./records.ts";

/** A row as the graph holds it: a right that is null is unknown. Numbers may be bigint. */
export interface CompactRow extends Record<Right, boolean | null> {
  agent: string;
  mode: string;
  via: string | null;
  /** Of several identities the one that the witness starts from. */
  person: string | null;
  scope: string;
  tier: Tier;
  hops: number | bigint;
  certainty: Certainty;
  /** Code of the reason why it is not exact, or of what decides. */
  reason: string | null;
  /** It would be exact, but for what was not read at its place or below. */
  unread: boolean;
  subtree: boolean;
  /** The row above says it already. */
  absorbed: boolean;
  /** No row of the actor and tier stands above. */
  top: boolean;
  steps: number | bigint;
  /** Null where none is known. */
  grant: number | bigint | null;
  /** The last step is a right that the agent gives itself. */
  regrant: boolean;
  /** The copy through which the witness goes, or content that an agent carries; absent: through none. */
  copy?: { place: string; embedded: boolean };
}
export interface NamedPrincipal {
  code: string;
  id: string;
}
export interface NamedGrant {
  code: number | bigint;
  principal: string;
  scope: string;
  key: string;
  flow: string;
  tier: Tier | null;
}
/** How an agent comes to a principal’s rights. `path`: marks and a space, then codes of principals. */
export interface Holding {
  agent: string;
  mode: string;
  via: string | null;
  /** Of several identities the one that it starts from. */
  person: string | null;
  /** Grants that name the identity alone, or everyone as a person, count. */
  itself: boolean;
  principal: string;
  tier: Tier;
  hops: number | bigint;
  level: number | bigint;
  path: string;
}

/** A place of which something was not read. */
export interface Blind {
  scope: string;
  /** Of the worst state: as in `STATES`. */
  rank: number | bigint;
  /** 1 if it may hide what takes access away. */
  denies: number | bigint;
  steps: readonly string[];
}

export type Right = "discover" | "read" | "write" | "manage";
const RIGHTS = ["discover", "read", "write", "manage"] as const;
const RANK: Record<Answer, number> = { no: 0, unknown: 1, yes: 2 };
/** Characters of one code. */
const CODE = 5;
const answer = (right: boolean | null): Answer => (right === null ? "unknown" : right ? "yes" : "no");
/** Rights of an agent in one mode by one lender never mix with others. */
const actorOf = (one: { agent: string; mode: string; via: string | null }): string =>
  JSON.stringify([one.agent, one.mode, one.via ?? ""]);
const later = (a: Tier, b: Tier): Tier => (TIERS.indexOf(a) > TIERS.indexOf(b) ? a : b);

/** Places of servers and agents whose identity is not known; no grant leads there. */
const UNKNOWN = /^unknown:(mcp|agent):/;

/** How places lie, and what leads from one to another. */
export interface Layout {
  /** WITHIN and INHERITS, each from below. */
  parents: ReadonlyMap<string, readonly string[]>;
  sources: ReadonlyMap<string, readonly string[]>;
  /** Identities that have what a blueprint’s principal holds. */
  heirs: ReadonlyMap<string, readonly string[]>;
  /** COPIED_TO, from the place that was copied. */
  copies: ReadonlyMap<string, readonly string[]>;
}

/** Throws where a row’s grant does not lead back to its agent, or what it says of rows above is not so. */
export function expand(
  rows: readonly CompactRow[],
  principals: readonly NamedPrincipal[],
  grants: readonly NamedGrant[],
  holdings: readonly Holding[],
  blind: readonly Blind[],
  { parents, sources, heirs, copies }: Layout,
): OracleRow[] {
  const idOf = new Map(principals.map(({ code, id }) => [code, id]));
  const grantOf = new Map(grants.map((grant) => [Number(grant.code), grant]));
  const holdingsOf = new Map<string, Holding[]>();
  for (const one of holdings) {
    const key = JSON.stringify([actorOf(one), one.person, one.principal]);
    holdingsOf.set(key, [...(holdingsOf.get(key) ?? []), one]);
  }
  const blindAt = new Map(blind.map((one) => [one.scope, one]));
  const unreadAt = (places: readonly string[]): string => {
    const gaps = places.flatMap((place) => blindAt.get(place) ?? []);
    if (gaps.length === 0) return "";
    const steps = new Set(gaps.flatMap((gap) => gap.steps));
    return `${STATES[Math.max(...gaps.map(({ rank }) => Number(rank)))]} ${[...steps].sort(compareBytes).join(" ")}`;
  };
  /** What a place lies in, itself first, with the fewest relationships to each. */
  const above = (from: string, by: ReadonlyMap<string, readonly string[]>): ReadonlyMap<string, number> => {
    const met = new Map([[from, 0]]);
    for (const [at, steps] of met)
      for (const next of by.get(at) ?? []) if (!met.has(next)) met.set(next, steps + 1);
    return met;
  };
  const distance = (from: string, to: string, by: ReadonlyMap<string, readonly string[]>): number => {
    const steps = above(from, by).get(to);
    if (steps === undefined) throw new Error(`${from} does not lie in ${to}`);
    return steps;
  };
  /** Relationships from what is read, a copy or a place that was embedded, to a place that is read through it. */
  const through = ({ place: from, embedded }: { place: string; embedded: boolean }, to: string): number => {
    const met = new Map([[to, 0]]);
    for (const [at, steps] of met) {
      if (embedded && at === from) return steps;
      const copied = copies.get(at) ?? [];
      // What lies in a copy is not read with it: the last step is out of the copy.
      if (!embedded && copied.includes(from)) return steps + 1;
      for (const next of [...(parents.get(at) ?? []), ...copied])
        if (!met.has(next)) met.set(next, steps + 1);
    }
    throw new Error(`${to} is not read through ${from}`);
  };
  /** Through which principals the row’s grant comes to its agent: what fits its tier, hops and steps. */
  const witness = (row: CompactRow): { ids: string[]; key: string } => {
    // A row that gives nothing only ends what the row above it says.
    if (RIGHTS.every((right) => row[right] === false) || UNKNOWN.test(row.scope)) return { ids: [], key: "" };
    if (row.copy?.embedded === true) {
      if (through(row.copy, row.scope) >= Number(row.steps))
        throw new Error(`${row.agent} at ${row.scope}: ${row.copy.place} is further away`);
      return { ids: [row.agent, row.copy.place], key: "" };
    }
    if (row.grant === null && row.certainty === "unknown") return { ids: [], key: "" };
    const grant = grantOf.get(Number(row.grant));
    if (grant === undefined) throw new Error(`no grant has the code ${row.grant}`);
    const read = row.copy?.place ?? row.scope;
    const down =
      (row.copy === undefined ? 0 : through(row.copy, row.scope)) +
      distance(read, grant.scope, grant.flow === "acl" ? sources : parents);
    const level = Number(row.steps) - 1 - down;
    const holders = [grant.principal, ...(heirs.get(grant.principal) ?? [])];
    const held = holders.flatMap(
      (id) => holdingsOf.get(JSON.stringify([actorOf(row), row.person, id])) ?? [],
    );
    const fits = held.filter((one) => {
      if (Number(one.level) !== level) return false;
      if (grant.flow !== "posix" && /^everyone(-except-external)?$/.test(grant.principal) && !one.itself)
        return false;
      const extra = Number(row.hops) - Number(one.hops) - (row.regrant ? 1 : 0);
      const tier = row.regrant ? "latent" : later(one.tier, grant.tier ?? "now");
      // A group that must be there as well may come later than the holder, and a gate at the place may ask.
      return grant.flow === "posix"
        ? extra >= 0 && later(tier, row.tier) === row.tier
        : extra === 0 && (tier === row.tier || later(tier, "conditional") === row.tier);
    });
    // Fewer steps of control than the row only where something besides the path takes them.
    const most = Math.max(...fits.map((one) => Number(one.hops)));
    const [first] = fits
      .filter((one) => Number(one.hops) === most)
      .map(({ path }) => path.slice(path.indexOf(" ") + 1))
      .sort(compareBytes);
    if (first === undefined)
      throw new Error(`${row.agent} at ${row.scope}, ${row.tier}: no way to ${grant.principal} in ${level}`);
    const codes = first.match(new RegExp(`.{${CODE}}`, "gs")) ?? [];
    const ids = codes.map((code) => {
      const id = idOf.get(code);
      if (id === undefined) throw new Error(`no principal has the code ${code}`);
      return id;
    });
    if (!holders.includes(ids.at(-1)!)) throw new Error(`${first} does not end at ${grant.principal}`);
    return { ids: [row.agent, ...ids, grant.scope], key: grant.key };
  };

  const children = new Map<string, string[]>();
  for (const [child, containers] of parents)
    for (const parent of containers) children.set(parent, [...(children.get(parent) ?? []), child]);
  const place = (row: CompactRow, scope: string): string => JSON.stringify([actorOf(row), row.tier, scope]);
  const own = new Map<string, CompactRow>();
  for (const row of rows) {
    if (own.has(place(row, row.scope))) throw new Error(`two rows at ${place(row, row.scope)}`);
    own.set(place(row, row.scope), row);
  }

  const cells = new Map<string, Map<Tier, OracleRow>>();
  const say = (row: CompactRow, scope: string, further: number, said = new Set<string>()): void => {
    // In a circle a place comes up again.
    if (said.has(scope)) return;
    said.add(scope);
    const { agent, mode, tier } = row;
    // What was not read below the place of the row may lie elsewhere.
    const elsewhere = row.unread && Number(blindAt.get(scope)?.denies ?? 0) === 0;
    const copy = row.copy === undefined || row.copy.embedded ? [] : [row.copy.place];
    const { ids, key } = witness(row);
    const cell = cells.get(JSON.stringify([actorOf(row), scope])) ?? new Map<Tier, OracleRow>();
    cells.set(JSON.stringify([actorOf(row), scope]), cell);
    cell.set(tier, {
      agent,
      mode,
      via: row.via ?? "",
      scope,
      tier,
      hops: Number(row.hops),
      discover: answer(row.discover),
      read: answer(row.read),
      write: answer(row.write),
      manage: answer(row.manage),
      certainty: elsewhere ? "exact" : row.certainty,
      reason: (elsewhere && row.reason === "denies-unread" ? null : row.reason) ?? "",
      unread: unreadAt([scope, ...copy]),
      steps: Number(row.steps) + further,
      witness: ids,
      key,
    });
    if (!row.subtree) return;
    for (const child of children.get(scope) ?? []) goOn(row, child, further + 1, said);
  };
  /** At a place with a row for itself alone the row above does not count, but it goes on below. */
  const goOn = (row: CompactRow, scope: string, distance: number, said: Set<string>): void => {
    const here = own.get(place(row, scope));
    if (here === undefined) say(row, scope, distance, said);
    else if (!here.subtree && !said.has(scope)) {
      said.add(scope);
      for (const child of children.get(scope) ?? []) goOn(row, child, distance + 1, said);
    }
  };
  /** What a row says of itself must be so. */
  const check = (row: CompactRow): void => {
    const [, ...containers] = above(row.scope, parents);
    const rowsAbove = containers.flatMap(([at, steps]) => {
      const one = own.get(place(row, at));
      return one?.subtree === true ? [{ one, steps }] : [];
    });
    const where = `${row.agent} at ${row.scope}, ${row.tier}`;
    const [first] = rowsAbove;
    // Bad data has places in several others.
    const nearest = rowsAbove.filter(({ steps }) => steps === first!.steps).map(({ one }) => one);
    const shown = rowsAbove.some(({ one }) => !one.absorbed);
    const says = (one: CompactRow): boolean =>
      RIGHTS.every((right) => RANK[answer(row[right])] <= RANK[answer(one[right])]);
    if (row.absorbed && !nearest.some(says)) throw new Error(`${where}: no row above says the same`);
    // Else a row may be left that adds nothing: earlier tiers say some of it, or one of its rights is surer further up.
    const plain = (one: CompactRow): boolean => one.tier === TIERS[0] && one.certainty === "exact";
    // Of places in each other one more may be shown.
    const circles = containers.some(([at]) => parents.get(at)?.includes(row.scope) === true);
    if (!circles && !row.absorbed && shown && plain(row) && nearest.every(plain) && nearest.length === 1)
      if (RIGHTS.every((right) => row[right] === nearest[0]![right]))
        throw new Error(`${where}: the row above says it already`);
    if (row.absorbed && !rowsAbove.some(({ one }) => !one.absorbed && says(one)))
      throw new Error(`${where}: no row shows it`);
    if (!row.absorbed && row.top === shown)
      throw new Error(`${where}: ${row.top ? "a" : "no"} row stands above`);
    if (row.top && RIGHTS.every((right) => row[right] === false))
      throw new Error(`${where}: it gives nothing, and ends nothing`);
    for (const tier of TIERS.slice(0, TIERS.indexOf(row.tier))) {
      const earlier = own.get(place({ ...row, tier }, row.scope));
      const again = (right: Right): boolean =>
        row[right] !== false &&
        earlier !== undefined &&
        RANK[answer(earlier[right])] >= RANK[answer(row[right])];
      if (RIGHTS.some(again)) throw new Error(`${where}: ${tier} says so already`);
    }
    if (row.unread && row.certainty !== "upper-bound")
      throw new Error(`${where}: ${row.certainty}, and unread`);
  };
  for (const row of rows) {
    check(row);
    say(row, row.scope, 0);
  }

  const result: OracleRow[] = [];
  for (const cell of cells.values()) {
    const sofar: Record<(typeof RIGHTS)[number], Answer> = {
      discover: "no",
      read: "no",
      write: "no",
      manage: "no",
    };
    for (const tier of TIERS) {
      const row = cell.get(tier);
      if (row === undefined) continue;
      for (const right of RIGHTS)
        if (RANK[row[right]] > RANK[sofar[right]]) sofar[right] = row[right];
        else row[right] = "no";
      if (RIGHTS.some((right) => row[right] !== "no")) result.push(row);
    }
  }
  return result;
}
