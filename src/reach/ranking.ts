/** Which agents read most, by the rows that a question is about, and how many they are. */
import type { GraphStore } from "../graph/store.ts";
import { type Params, TIERS } from "../model.ts";
import { bytewise, type ReachRequest } from "./answers.ts";
import { eachOrAll } from "./links.ts";
import { IN_ANY_MODE, liesNowhere, NOWHERE } from "./nowhere.ts";
import { chainOf } from "./tree.ts";

/** Which rows count; without tiers those of today. */
export type Narrowing = Omit<ReachRequest, "expand">;

/** Tiers whose rows count in figures. */
export const countedTiers = ({ tiers }: Narrowing): readonly string[] => tiers ?? ["now"];

/**
 * What an agent's rows that count let it read. Rows of one mode by one server add up; two of these may read the same items,
 * so the widest counts.
 */
export interface Figures {
  id: string;
  name: string;
  sensitive: number;
  unlabeledSensitive: number;
  items: number;
  /** Rows that let read, and rows of which nobody knows. */
  reads: number;
  maybe: number;
  /** The first tier in which it has a row; it may be one that does not count. */
  tier: string;
}

export interface Ranking {
  /** Agents that the question is about, and those of them that can read, may, and can read what is sensitive. */
  agents: number;
  reading: number;
  maybe: number;
  readingSensitive: number;
  /** Items were listed somewhere; else no figure counts anything. */
  counted: boolean;
  /** Agents with rows: most sensitive items first, then most without a label, most items, most places, first tier. */
  ranked: Figures[];
}

type Query = GraphStore["query"];

export async function rankingOf(query: Query, narrowing: Narrowing): Promise<Ranking> {
  const [ranked, all, tallies] = await Promise.all([
    figuresOf(query, narrowing),
    narrowing.agents?.length ?? countOf(query, "(a:Agent)"),
    countOf(query, "(s:Scope)-[t:TALLY]->(s)"),
  ]);
  return {
    agents: all,
    reading: ranked.filter(({ reads }) => reads > 0).length,
    maybe: ranked.filter(({ reads, maybe }) => reads === 0 && maybe > 0).length,
    readingSensitive: ranked.filter(({ sensitive }) => sensitive > 0).length,
    counted: tallies > 0,
    ranked: ranked.sort(byMost),
  };
}

const countOf = async (query: Query, pattern: string): Promise<number> =>
  Number((await query(`MATCH ${pattern} RETURN count(*) AS n`))[0]?.n ?? 0);

async function figuresOf(query: Query, narrowing: Narrowing): Promise<Figures[]> {
  const { agents, tiers, modes, scope } = narrowing;
  const params: Params = {};
  const wants = ["r.absorbed = false"];
  if (tiers !== undefined) {
    wants.push("r.tier IN $tiers");
    params.tiers = [...tiers];
  }
  if (modes !== undefined) {
    wants.push(`(r.mode IN $modes OR ${IN_ANY_MODE})`);
    params.modes = [...modes];
  }
  if (scope !== undefined) {
    const there = "s.id = $scope OR (r.subtree AND s.id IN $above)";
    wants.push(liesNowhere(scope) ? `(${there})` : `(${there} OR ${NOWHERE})`);
    Object.assign(params, { scope, above: await chainOf(query, scope) });
  }
  const text = (agent: string) => `MATCH (a:Agent)-[r:CAN_REACH]->(s:Scope)
WHERE ${[...wants, agent].filter(Boolean).join(" AND ")}
RETURN a.id AS id, a.name AS name, r.mode AS mode, coalesce(r.via, '') AS via, r.tier AS tier, sum(r.readable_sensitive) AS sensitive,
  sum(r.readable_unlabeled_sensitive) AS unlabeled, sum(r.readable_items) AS items,
  sum(CASE WHEN r.read THEN 1 ELSE 0 END) AS reads, sum(CASE WHEN r.read IS NULL THEN 1 ELSE 0 END) AS maybe`;
  const rows = await (agents === undefined
    ? query(text(""), params)
    : eachOrAll(query, agents, (is) => text(is("a.id")), params));
  const counts = countedTiers(narrowing);
  const found = new Map<string, Figures & { of: Map<string, Sums> }>();
  for (const row of rows.toSorted((a, b) => rank(a.tier) - rank(b.tier))) {
    const [id, tier] = [String(row.id), String(row.tier)];
    const agent = found.get(id) ?? { id, name: String(row.name ?? id), tier, ...NOTHING, of: new Map() };
    found.set(id, agent);
    if (!counts.includes(tier)) continue;
    const way = JSON.stringify([row.mode, row.via]);
    const sums = agent.of.get(way) ?? { ...NOTHING };
    agent.of.set(way, sums);
    sums.sensitive += Number(row.sensitive ?? 0);
    sums.unlabeledSensitive += Number(row.unlabeled ?? 0);
    sums.items += Number(row.items ?? 0);
    sums.reads += Number(row.reads);
    sums.maybe += Number(row.maybe);
  }
  return [...found.values()].map(({ of, ...figures }) => ({ ...figures, ...widest([...of.values()]) }));
}

type Sums = Omit<Figures, "id" | "name" | "tier">;
const NOTHING: Sums = { sensitive: 0, unlabeledSensitive: 0, items: 0, reads: 0, maybe: 0 };
const widest = (ways: readonly Sums[]): Sums => ({
  sensitive: Math.max(0, ...ways.map((way) => way.sensitive)),
  unlabeledSensitive: Math.max(0, ...ways.map((way) => way.unlabeledSensitive)),
  items: Math.max(0, ...ways.map((way) => way.items)),
  reads: Math.max(0, ...ways.map((way) => way.reads)),
  maybe: Math.max(0, ...ways.map((way) => way.maybe)),
});
const TIER_ORDER: readonly string[] = TIERS;
const rank = (tier: unknown): number => TIER_ORDER.indexOf(String(tier));

const byMost = (a: Figures, b: Figures): number =>
  b.sensitive - a.sensitive ||
  b.unlabeledSensitive - a.unlabeledSensitive ||
  b.items - a.items ||
  b.reads - a.reads ||
  b.maybe - a.maybe ||
  rank(a.tier) - rank(b.tier) ||
  bytewise(a.id, b.id);
