/** Where the product and the oracle differ, and the least world in which they do. */
import { type Counted, counted } from "../oracle/counts.ts";
import { evaluate, type OracleRow } from "../oracle/evaluate.ts";
import { type Put, UNREAD } from "../oracle/records.ts";
import { TIME } from "../oracle/tenants.ts";
import { type Leave, leaves } from "../oracle/use.ts";
import { answers, type Said } from "./product.ts";
import { rowLines } from "./world.ts";

const lineOf = (row: OracleRow): string =>
  `${rowLines([row]).join()}${row.reason === "" ? "" : ` [${row.reason}]`}`;

function alone(law: readonly string[], product: readonly string[]): string[] {
  const [inLaw, inProduct] = [new Set(law), new Set(product)];
  return [
    ...[...inLaw].filter((line) => !inProduct.has(line)).map((line) => `law:     ${line}`),
    ...[...inProduct].filter((line) => !inLaw.has(line)).map((line) => `product: ${line}`),
  ];
}

/** Lines that one of the two has alone: "law" for the oracle, "product" for the other. */
export function differences(law: readonly OracleRow[], found: readonly OracleRow[]): string[] {
  return alone(law.map(lineOf).sort(), found.map(lineOf).sort());
}

/**
 * Where the two say different things of use, by actor and label: of those that read something by `law`, and of labels of this
 * tenant. What nobody reads nobody uses, and what an unknown server reads has no labels.
 */
export function useDifferences(
  records: readonly Put[],
  law: readonly OracleRow[],
  found: readonly Leave[],
): string[] {
  const actor = ({ agent, mode, via }: Pick<Leave, "agent" | "mode" | "via">): string =>
    `${agent} ${mode} ${via}`;
  const reads = ({ read, scope }: OracleRow): boolean =>
    read !== "no" && !/^unknown:(mcp|agent):/.test(scope);
  const reading = new Set(law.filter(reads).map(actor));
  const expected = leaves(records, TIME).filter((leave) => reading.has(actor(leave)));
  const labels = new Set(expected.map(({ label }) => label));
  const of = (leave: Leave): string =>
    `${actor(leave)} ${leave.label} view ${leave.view} extract ${leave.extract} blocked ${leave.blocked}`;
  const actual = found.filter((leave) => reading.has(actor(leave)) && labels.has(leave.label)).map(of);
  return alone(expected.map(of), actual);
}

/** Where the two count different items, by actor and tier. */
export function countDifferences(
  records: readonly Put[],
  law: readonly OracleRow[],
  found: readonly Counted[],
): string[] {
  const of = (one: Counted): string =>
    `${one.agent} ${one.mode} ${one.via} ${one.tier}: ${one.items} items, ${one.sensitive} sensitive, ${one.unlabeled} of them without a label`;
  return alone(counted(records, TIME, law).map(of), found.map(of));
}

export async function disagreement(records: readonly Put[]): Promise<string[]> {
  return disagreementOf(records, evaluate(records, TIME), await answers(records));
}

/** Where the two differ on all that is in one graph. */
export const disagreementOf = (
  records: readonly Put[],
  law: readonly OracleRow[],
  { rows, use, counted: sums }: Said,
): string[] => [
  ...differences(law, rows),
  ...useDifferences(records, law, use),
  ...countDifferences(records, law.filter(isAtHome), sums),
];
/** Neither counts what an agent reads in another tenant, by what everyone has there. */
const isAtHome = ({ agent, scope }: OracleRow): boolean => scope.startsWith(prefixOf(agent));

/** What the product says of tenants in one database, by the prefix of each. */
export interface SaidOfMany {
  rows: ReadonlyMap<string, OracleRow[]>;
  use: ReadonlyMap<string, Leave[]>;
  counted: ReadonlyMap<string, Counted[]>;
}
export const saidOfMany = (said: Said): SaidOfMany => ({
  rows: byPrefix(said.rows),
  use: byTenant(said.use, ({ agent }) => agent),
  counted: byTenant(said.counted, ({ agent }) => agent),
});

/** Where the two differ on one of many tenants. */
export function disagreementAmong(
  { rows, use, counted: sums }: SaidOfMany,
  records: readonly Put[],
  prefix: string,
  law = evaluate(records, TIME),
): string[] {
  return [
    ...differences(law, rows.get(prefix) ?? []),
    ...useDifferences(records, law, use.get(prefix) ?? []),
    ...countDifferences(records, law, sums.get(prefix) ?? []),
  ];
}

/** A copy whose ids start with another prefix, so that many copies fit into one database. */
export const renamed = (records: readonly Put[], from: string, to: string): Put[] =>
  JSON.parse(JSON.stringify(records).replaceAll(`"${from}`, `"${to}`));
/** What comes before the first colon of an id: which tenant it belongs to. */
export const prefixOf = (id: string): string => id.slice(0, id.indexOf(":") + 1);
/** The prefix of all ids of a tenant; those without a colon (everyone) belong to all. */
export const tenantOf = (records: readonly Put[]): string => {
  const ids = records.flatMap((put) => ("from" in put ? [put.from.id, put.to.id] : [put.id]));
  return ids.map(prefixOf).find((prefix) => prefix !== "") ?? "";
};

/** True where something was not read. */
export const hasGaps = (records: readonly Put[]): boolean => records.some(({ kind }) => kind === UNREAD);
/** True where something was not read of the whole tenant: in a database of many it would be so for all of them. */
export const lacksParts = (records: readonly Put[]): boolean =>
  records.some(({ kind, props }) => kind === UNREAD && props?.scope === "");

/** True for a tenant that does not go with all others into one database. */
export const standsApart = (records: readonly Put[]): boolean => lacksParts(records) || sharesPeople(records);

/**
 * True for a tenant that needs a database of its own: an agent is for everyone, and everyone holds something here, so
 * people of other tenants would, too; or everyone is in a group of those who may use one.
 */
export const sharesPeople = (records: readonly Put[]): boolean =>
  everyoneJoins(records)
    ? records.some(({ kind }) => kind === "MAY_USE")
    : everyoneIn(records, "MAY_USE") && everyoneIn(records, "GRANTED");
/** True where a group has everyone, everyone who is no guest, or another such class in it, or would on request. */
export const everyoneJoins = (records: readonly Put[]): boolean =>
  ["MEMBER_OF", "ELIGIBLE_FOR", "CAN_REQUEST"].some((kind) => everyoneIn(records, kind));
const everyoneIn = (records: readonly Put[], kind: string): boolean =>
  records.some((put) => "from" in put && put.kind === kind && prefixOf(put.from.id) === "");

/** A place inherits from where it lies: no tenant has it otherwise, and a witness could not say the way down. */
const liesWhereItInherits = (records: readonly Put[]): boolean => {
  const ways = (kind: string): string[] =>
    records.flatMap((put) => ("from" in put && put.kind === kind ? [`${put.from.id}\n${put.to.id}`] : []));
  const within = new Set(ways("WITHIN"));
  return ways("INHERITS").every((way) => within.has(way));
};

/** Worlds with less in them: without a half, a quarter, ... one record, then without one property. */
function* smaller(world: readonly Put[]): Generator<Put[]> {
  for (let size = world.length >> 1; size >= 1; size >>= 1)
    for (let at = 0; at < world.length; at += size)
      yield world.filter((_, index) => index < at || index >= at + size);
  for (const [index, put] of world.entries())
    for (const name of Object.keys(put.props ?? {})) {
      // An import asks for both rights on a label.
      if (
        ["key", "flow", "mode", "type", "plane"].includes(name) ||
        [UNREAD, "LABEL_RIGHTS"].includes(put.kind)
      )
        continue;
      const { [name]: _, ...props } = put.props ?? {};
      // A deny of nothing at all says nothing about the rules.
      if (put.kind === "DENIED" && !Object.values(props).includes(true)) continue;
      yield world.with(index, { ...put, props });
    }
}

/** Answers for many tenants in one database; the ids of each tenant have a prefix of their own. */
export type Judged = (records: readonly Put[]) => Promise<Said>;

/**
 * The least world that can be had by taking away and in which the two still differ, in the way that `same` wants.
 * `judged` is the product unless another is on trial.
 */
export async function shrink(
  records: readonly Put[],
  same = (found: readonly string[]): boolean => found.length > 0,
  judged: Judged = answers,
): Promise<Put[]> {
  const prefix = tenantOf(records);
  for (let world = [...records]; ; ) {
    const candidates = [...smaller(world)]
      // What is not read of a whole tenant is not read of all that are tried with it.
      .filter((one) => lacksParts(one) === lacksParts(world) && liesWhereItInherits(one))
      .map((one) => ({ one, size: JSON.stringify(one).length }))
      .sort((a, b) => a.size - b.size)
      .map(({ one }, index) => ({ one: renamed(one, prefix, `c${index}:`), prefix: `c${index}:` }));
    let least: (typeof candidates)[number] | undefined;
    for (let at = 0; at < candidates.length && least === undefined; at += TOGETHER) {
      const some = candidates.slice(at, at + TOGETHER);
      // The whole world beside them: a graph in which a kind is missing altogether would be another test.
      const said = saidOfMany(await judged([...some.flatMap(({ one }) => one), ...records]));
      least = some.find(({ one, prefix }) => same(disagreementAmong(said, one, prefix)));
    }
    if (least === undefined) return world;
    world = renamed(least.one, least.prefix, prefix);
  }
}
/** So many to a database: what everyone holds, agents of all of them hold. */
const TOGETHER = 60;

/** By the tenant of an id of each. */
export function byTenant<T>(list: readonly T[], idOf: (one: T) => string): Map<string, T[]> {
  const found = new Map<string, T[]>();
  for (const one of list) {
    const prefix = prefixOf(idOf(one));
    const own = found.get(prefix);
    if (own === undefined) found.set(prefix, [one]);
    else own.push(one);
  }
  return found;
}

/** Rows by the tenant that they belong to. What everyone holds, agents of other tenants hold too: that is left out. */
export const byPrefix = (rows: readonly OracleRow[]): Map<string, OracleRow[]> =>
  byTenant(
    rows.filter(
      // The place of an unknown server, or agent, has the name of that at its end.
      ({ agent, scope, via }) =>
        scope.startsWith(prefixOf(agent)) ||
        scope === `unknown:mcp:${via}` ||
        scope === `unknown:agent:${via || agent}`,
    ),
    ({ agent }) => agent,
  );
