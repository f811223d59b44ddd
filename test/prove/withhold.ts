/**
 * Completeness: withholds one part of a tenant at a time, as if a step had failed there, and fills it with what it was
 * and with what it might have been. No answer that was sure may change.
 */
import type { Connector } from "../../src/connector.ts";
import type { Gap } from "../../src/graph/store.ts";
import { evaluate, type OracleRow } from "../oracle/evaluate.ts";
import { type Put, type RelPut, TIERS } from "../oracle/records.ts";
import { ACTIONS, TIME, tenants } from "../oracle/tenants.ts";
import { byPrefix, renamed, standsApart, tenantOf } from "./compare.ts";
import { product } from "./product.ts";
import { worldText } from "./world.ts";

/** A part of a tenant that one step reads. */
interface Part {
  step: string;
  /** Of each scope at the top of a tree, or of the whole tenant. */
  per: "root" | "tenant";
  reads: (rel: RelPut) => boolean;
  /** What it may have read that changes most, between any two of these. */
  most: (from: string, to: string) => RelPut;
}

const between = (
  kind: string,
  end: string,
  from: string,
  to: string,
  props: RelPut["props"] = {},
): RelPut => ({
  ...{ kind, from: { kind: "Principal", id: from }, to: { kind: end, id: to } },
  props,
});
const EVERYTHING = Object.fromEntries(ACTIONS.map((action) => [action, true]));

const PARTS: readonly Part[] = [
  {
    step: "azure.deny-assignments",
    per: "root",
    reads: (rel) => rel.kind === "DENIED",
    most: (from, to) => between("DENIED", "Scope", from, to, { key: "most", ...EVERYTHING }),
  },
  {
    step: "azure.role-assignments",
    per: "root",
    reads: (rel) => rel.kind === "GRANTED" && rel.props?.flow === "containment",
    most: (from, to) =>
      between("GRANTED", "Scope", from, to, { key: "most", flow: "containment", ...EVERYTHING }),
  },
  {
    step: "entra.owners",
    per: "tenant",
    reads: (rel) => rel.kind === "CONTROLS",
    most: (from, to) => between("CONTROLS", "Principal", from, to, { key: "most", how: "owner" }),
  },
  {
    step: "entra.groups",
    per: "tenant",
    reads: (rel) => rel.kind === "MEMBER_OF",
    most: (from, to) => between("MEMBER_OF", "Principal", from, to),
  },
];
export const STEPS: readonly string[] = PARTS.map(({ step }) => step);

/** What each step says that a gap in it may hide. */
function hidesOf(connectors: readonly Connector[], step: string): Gap["hides"] {
  const found = connectors.flatMap(({ steps }) => steps).find(({ id }) => id === step);
  if (found === undefined) throw new Error(`no connector has the step ${step}`);
  return found.hides;
}

interface Withheld {
  left: Put[];
  gap: Gap;
  /** What may stand in the gap. */
  fills: (readonly Put[])[];
  /** Scopes that the gap may concern: in it, around it, and copied to a place in it. */
  concerned: (scope: string) => boolean;
}

const RELS = (world: readonly Put[]): RelPut[] => world.filter((put): put is RelPut => "from" in put);
const idsOf = (world: readonly Put[], kind: string): string[] =>
  world.flatMap((put) => (put.kind === kind && "id" in put ? [put.id] : []));

/** Scopes in which this one lies, itself first; or that it was also copied to, and so on. */
function above(world: readonly Put[], scope: string, kinds: readonly string[] = ["WITHIN"]): string[] {
  const found = [scope];
  for (const one of found)
    for (const rel of RELS(world))
      if (kinds.includes(rel.kind) && rel.from.id === one && !found.includes(rel.to.id))
        found.push(rel.to.id);
  return found;
}

/** Each way to withhold this part of a tenant. */
function withhold(
  world: readonly Put[],
  part: Part,
  hides: Gap["hides"],
  donors: readonly Put[][],
): Withheld[] {
  const scopes = idsOf(world, "Scope");
  const places =
    part.per === "tenant" ? [""] : scopes.filter((id) => above(world, id).length === 1 && isAzure(world, id));
  return places.map((place) => {
    const inside = (scope: string): boolean => place === "" || above(world, scope).includes(place);
    const belongs = (put: Put): put is RelPut =>
      "from" in put && part.reads(put) && (part.per === "tenant" || inside(put.to.id));
    return {
      left: world.filter((put) => !belongs(put)),
      gap: { step: part.step, scope: place, state: "failed", hides },
      fills: [
        world.filter(belongs),
        most(world, part, place),
        ...donors.map((donor) => fill(world, donor, part, scopes.filter(inside))),
      ],
      concerned: (scope) =>
        above(world, scope, ["WITHIN", "COPIED_TO"]).some(inside) || above(world, place).includes(scope),
    };
  });
}
const isAzure = (world: readonly Put[], id: string): boolean =>
  world.some((put) => put.kind === "Scope" && "id" in put && put.id === id && put.props?.plane === "azure");

const groupsOf = (world: readonly Put[]): string[] =>
  world.flatMap((put) =>
    put.kind === "Principal" && "id" in put && put.props?.kind === "Group" ? [put.id] : [],
  );

/**
 * Everybody has what the part may have read: at the place, of each group, or of one principal that may act, who has it of
 * all. Then everybody controls everybody; each pair of them said would take the oracle most of a minute.
 */
function most(world: readonly Put[], part: Part, place: string): Put[] {
  const principals = idsOf(world, "Principal");
  const has = (from: string, to: string): Put[] => (to === from ? [] : [part.most(from, to)]);
  if (part.step === "entra.owners") {
    const disabled = ({ kind, props }: Put): boolean => kind === "Principal" && props?.enabled === false;
    const idle = idsOf(world.filter(disabled), "Principal");
    const between = principals.find((id) => !idle.includes(id)) ?? principals[0]!;
    return principals.flatMap((one) => [...has(one, between), ...has(between, one)]);
  }
  const ends = part.per === "root" ? [place] : groupsOf(world);
  return principals.flatMap((from) => ends.flatMap((to) => has(from, to)));
}

/** The same part of another tenant, moved onto principals and scopes of this one. */
function fill(world: readonly Put[], donor: readonly Put[], part: Part, scopes: readonly string[]): Put[] {
  const principals = idsOf(world, "Principal");
  const place = (id: string, among: readonly string[], of: readonly string[]): string =>
    id === "everyone" ? id : among[Math.max(0, of.indexOf(id)) % among.length]!;
  const theirs = { Principal: idsOf(donor, "Principal"), Scope: idsOf(donor, "Scope") };
  const moved = (end: { kind: string; id: string }): { kind: string; id: string } =>
    end.kind === "Scope"
      ? { ...end, id: place(end.id, scopes, theirs.Scope) }
      : { ...end, id: place(end.id, principals, theirs.Principal) };
  const groups = new Set(groupsOf(world));
  const taken = new Set<string>();
  return RELS(donor)
    .filter(part.reads)
    .map((rel) => {
      const excluded = rel.props?.excluded;
      const props = Array.isArray(excluded)
        ? { ...rel.props, excluded: excluded.map((id) => place(String(id), principals, theirs.Principal)) }
        : rel.props;
      return { ...rel, from: moved(rel.from), to: moved(rel.to), ...(props === undefined ? {} : { props }) };
    })
    .filter(({ kind, from, to, props }) => {
      const identity = JSON.stringify([kind, from.id, to.id, props?.key ?? ""]);
      if (from.id === to.id || taken.has(identity)) return false;
      if (kind === "MEMBER_OF" && !groups.has(to.id)) return false;
      taken.add(identity);
      return true;
    });
}

const RIGHTS = ["discover", "read", "write", "manage"] as const;
/** The first tier in which each right is given, and how sure that is: `agent mode via scope right`. */
function answers(rows: readonly OracleRow[]): Map<string, { tier: number; row: OracleRow }> {
  const found = new Map<string, { tier: number; row: OracleRow }>();
  for (const row of rows)
    for (const right of RIGHTS) {
      const key = `${row.agent} ${row.mode} ${row.via} ${row.scope} ${right}`;
      const tier = TIERS.indexOf(row.tier);
      if (row[right] === "yes" && (found.get(key)?.tier ?? TIERS.length) > tier)
        found.set(key, { tier, row });
    }
  return found;
}

/** Sure answers of a tenant with a gap that a fill of the gap changes. */
function broken(one: Withheld, said: readonly OracleRow[]): string[] {
  const before = answers(said);
  return one.fills.flatMap((filled) => {
    const after = answers(evaluate([...one.left, ...filled], TIME));
    const changed: string[] = [];
    for (const [key, { tier, row }] of before) {
      const now = after.get(key);
      if (row.certainty === "exact" && (now === undefined || now.tier > tier))
        changed.push(`${key}: yes, exact, and then ${now === undefined ? "no" : TIERS[now.tier]}`);
    }
    for (const [key, { tier, row }] of after)
      if (!one.concerned(row.scope) && (before.get(key)?.tier ?? TIERS.length) > tier)
        changed.push(`${key}: no, although the gap lies elsewhere, and then yes`);
    return changed;
  });
}

export interface Completeness {
  step: string;
  /** Parts that were withheld. */
  withheld: number;
  fills: number;
  /** What changed, and the tenant as it was read. */
  broken: string[];
}

/** Withholds a step of so many tenants, in turn at each scope. */
export async function completeness(
  step: string,
  connectors: readonly Connector[],
  worlds: number,
  seed: number,
): Promise<Completeness> {
  const part = PARTS.find((one) => one.step === step);
  if (part === undefined) throw new Error(`not a step that can be withheld: ${step}`);
  const drawn = tenants(2 * worlds + 3, seed).filter((world) => !standsApart(world));
  const all: { one: Withheld; prefix: string }[] = [];
  for (const [index, world] of drawn.slice(0, worlds).entries()) {
    const donors = [1, 2, 3].map((further) => drawn[index + further]!);
    for (const one of withhold(world, part, hidesOf(connectors, step), donors)) {
      const [prefix, from] = [`w${all.length}:`, tenantOf(world)];
      const move = (records: readonly Put[]): Put[] => renamed(records, from, prefix);
      const home = (scope: string): string => scope.replace(prefix, from);
      all.push({
        prefix,
        one: {
          left: move(one.left),
          gap: { ...one.gap, scope: one.gap.scope.replace(from, prefix) },
          fills: one.fills.map(move),
          concerned: (scope) => one.concerned(home(scope)),
        },
      });
    }
  }
  const result: Completeness = { step, withheld: all.length, fills: 0, broken: [] };
  for (let at = 0; at < all.length; at += PER_DATABASE) {
    const some = all.slice(at, at + PER_DATABASE);
    const gaps = part.per === "tenant" ? some.slice(0, 1) : some;
    const rows = byPrefix(
      await product(
        some.flatMap(({ one }) => one.left),
        { gaps: gaps.map(({ one }) => one.gap) },
      ),
    );
    for (const { one, prefix } of some) {
      result.fills += one.fills.length;
      const changed = broken(one, rows.get(prefix) ?? []);
      if (changed.length > 0)
        result.broken.push(
          `${changed.join("\n")}\n${worldText(`${step} withheld`, one.gap.scope, one.left, prefix)}`,
        );
    }
  }
  return result;
}
const PER_DATABASE = 100;
