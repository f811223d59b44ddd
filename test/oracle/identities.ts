/**
 * With whose rights an agent acts: its own, those of stored connections and keys, of MCP servers that it uses, and of
 * agents that it calls. Each of these is an actor, and rights of two actors never mix.
 */
import { compareIds, type Tier, type World, worst } from "./records.ts";

/** An agent in one mode, by one lender. */
export interface Actor {
  agent: string;
  mode: string;
  /** MCP server or other agent that lends the rights; empty for the agent's own. */
  via: string;
  /** Its identities. */
  own: readonly string[];
  /** Relationships from the agent to the lender. */
  lent: number;
}
/** Modes that act with the rights of a principal, and nothing else to be asked. */
const MODES: readonly unknown[] = ["app", "maker", "key"];

/** All actors that the agent is; none if it is disabled. */
export function actors(world: World, agent: string): Actor[] {
  const found = new Map<string, Actor & { own: string[] }>();
  const lend = (kind: string, lender: string, lent: number): void => {
    for (const rel of world.live("ACTS_AS")) {
      const mode = rel.props?.mode;
      if (rel.from.kind !== kind || rel.from.id !== lender) continue;
      if (typeof mode !== "string" || !MODES.includes(mode) || !world.enabled(rel.to.id)) continue;
      const via = lender === agent && kind === "Agent" ? "" : lender;
      const key = JSON.stringify([mode, via]);
      const actor = found.get(key) ?? { agent, mode, via, own: [], lent };
      found.set(key, actor);
      // Called agents come nearest first, so the first way to a lender is the shortest; a server may be met again.
      actor.lent = Math.min(actor.lent, lent);
      if (!actor.own.includes(rel.to.id)) actor.own.push(rel.to.id);
    }
  };
  for (const [one, calls] of called(world, agent)) {
    lend("Agent", one, calls);
    for (const rel of world.live("USES")) if (rel.from.id === one) lend("McpServer", rel.to.id, calls + 1);
  }
  return [...found.values()];
}

/** The agent and those that it calls to act with their own rights, by the fewest calls; disabled ones do not answer. */
function called(world: World, agent: string): Map<string, number> {
  const found = new Map<string, number>();
  const meet = (one: string, calls: number): void => {
    if (!found.has(one) && world.prop("Agent", one, "status") !== "disabled") found.set(one, calls);
  };
  meet(agent, 0);
  for (const [one, calls] of found)
    for (const rel of world.live("INVOKES"))
      if (rel.from.id === one && rel.props?.mode === "own") meet(rel.to.id, calls + 1);
  return found;
}

/** A principal with whose rights the actor can act, and the way there. */
export interface Identity {
  principal: string;
  tier: Tier;
  hops: number;
  /** The actor itself is this principal (no group in between): application permissions count. */
  itself: boolean;
  /** The own identity at the start, whose denies bind; none after becoming another principal. */
  own: string | undefined;
  /** Agent first, lenders left out. One relationship between each two, and `lent` more. */
  ids: readonly string[];
}

/** Every principal with whose rights the actor can act, level by level: fewest steps first, then smallest ids. */
export function identities(world: World, { agent, own }: Actor): Identity[] {
  const held = new Set(own.flatMap((one) => [...world.closure(one)]));
  // Going round a cycle of control gives nothing new.
  const most = world.live("CONTROLS").length;

  const next = (from: Identity): Identity[] => [
    ...world
      .live("MEMBER_OF")
      .filter((rel) => rel.from.id === from.principal && world.enabled(rel.to.id))
      .map(
        (rel): Identity => ({
          ...from,
          principal: rel.to.id,
          tier: worst(from.tier, rel.props?.tier === "potential" ? "potential" : "now"),
          itself: false,
          ids: [...from.ids, rel.to.id],
        }),
      ),
    // Becoming a principal that the agent already is gives nothing.
    ...world
      .live("CONTROLS")
      .filter(
        (rel) =>
          rel.from.id === from.principal &&
          world.enabled(rel.to.id) &&
          !held.has(rel.to.id) &&
          from.hops < most,
      )
      .map(
        (rel): Identity => ({
          principal: rel.to.id,
          tier: "latent",
          hops: from.hops + 1,
          itself: true,
          own: undefined,
          ids: [...from.ids, rel.to.id],
        }),
      ),
  ];
  const state = (one: Identity): string =>
    JSON.stringify([one.principal, one.tier, one.hops, one.itself, one.own]);
  const found = new Map<string, Identity>();
  let level = own.map(
    (principal): Identity => ({
      principal,
      tier: "now",
      hops: 0,
      itself: true,
      own: principal,
      ids: [agent, principal],
    }),
  );
  while (level.length > 0) {
    const fresh = new Map<string, Identity>();
    for (const one of level) {
      const rival = fresh.get(state(one));
      if (found.has(state(one)) || (rival !== undefined && compareIds(rival.ids, one.ids) <= 0)) continue;
      fresh.set(state(one), one);
    }
    for (const [key, one] of fresh) found.set(key, one);
    level = [...fresh.values()].flatMap(next);
  }
  return [...found.values()];
}
