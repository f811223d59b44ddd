/** Who holds a grant that stands for access lists of ADLS: docs/records-azure.md, "The rule for posix". */
import type { Identity } from "./identities.ts";
import { EVERYONE, type RelPut, TIERS, type Tier, type World, worst } from "./records.ts";

/** How an actor holds a grant. */
export interface Hold {
  tier: Tier;
  hops: number;
  /** Agent and principals. */
  ids: readonly string[];
}

const idsIn = (rel: RelPut, name: string): readonly string[] => {
  const value = rel.props?.[name];
  return Array.isArray(value) ? value : [];
};
/** The best tier and the fewest steps of control among these; undefined if there are none. */
function bestOf(ways: readonly Identity[]): { tier: Tier; hops: number } | undefined {
  if (ways.length === 0) return undefined;
  return {
    tier: TIERS[Math.min(...ways.map(({ tier }) => TIERS.indexOf(tier)))]!,
    hops: Math.min(...ways.map(({ hops }) => hops)),
  };
}

/** How one identity of an actor, `all` of whose identities are given, holds a grant; undefined if it does not. */
export function posixHold(
  world: World,
  all: readonly Identity[],
  identity: Identity,
  grant: RelPut,
): Hold | undefined {
  const ids = idsTo(world, identity, grant.from.id);
  if (ids === undefined) return undefined;
  const needs = idsIn(grant, "together");
  /** With what stands beside the identity for each group that must be there as well. */
  const held = (beside: (id: string) => ReturnType<typeof bestOf>): Hold | undefined => {
    let { tier, hops } = identity;
    for (const id of needs) {
      const way = beside(id);
      if (way === undefined) return undefined;
      tier = worst(tier, way.tier);
      hops = Math.max(hops, way.hops);
    }
    return { tier, hops, ids };
  };
  // As it is: all by one identity, which no list names.
  if (identity.own !== undefined && !idsIn(grant, "excluded").includes(identity.own)) {
    const same = all.filter(({ own }) => own === identity.own);
    const hold = held((id) => bestOf(same.filter(({ principal }) => principal === id)));
    if (hold !== undefined) return hold;
  }
  // By becoming somebody: with anything that it has or could have.
  const hold = held((id) => bestOf(all.filter(({ principal }) => principal === id)));
  return hold?.tier === "latent" ? hold : undefined;
}

/** Every identity is everyone, one relationship further; a group is none. */
function idsTo(world: World, identity: Identity, holder: string): readonly string[] | undefined {
  if (holder === identity.principal) return identity.ids;
  const anyone = identity.itself && world.prop("Principal", identity.principal, "kind") !== "Group";
  return holder === EVERYONE && anyone ? [...identity.ids, EVERYONE] : undefined;
}
