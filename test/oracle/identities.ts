/**
 * With whose rights an agent acts: its own, those of stored connections and keys, of MCP servers that it uses, and of
 * agents that it calls; and, on behalf of them, those of persons who may talk to it. Each of these is an actor, and
 * rights of two actors never mix.
 */
import { audienceOf } from "./audience.ts";
import { handedControl, stopped } from "./blueprints.ts";
import { CAPPED } from "./consents.ts";
import { compareIds, type RelPut, type Tier, type World, worst } from "./records.ts";

/** An agent in one mode, by one lender. */
export interface Actor {
  agent: string;
  mode: string;
  /** MCP server or other agent that lends the rights; empty for the agent's own. */
  via: string;
  /** The agent that acts with the identities: itself, or the one that it calls. Of a server’s none does. */
  acting: string | undefined;
  /** Its identities. */
  own: readonly string[];
  /** Relationships from the agent to the lender. */
  lent: number;
}
/** Modes that name the principal with whose rights somebody acts. A server knows of no agent users. */
const MODES: Readonly<Record<string, readonly unknown[]>> = {
  Agent: ["app", "agent-user", "maker", "key"],
  McpServer: ["app", "maker", "key"],
};
/** Modes that an agent has by its blueprint alone. */
const BY_BLUEPRINT: readonly unknown[] = ["app", "agent-user"];

/** All actors that the agent is; none if it is disabled. */
export function actors(world: World, agent: string): Actor[] {
  const found = new Map<string, Actor & { own: string[] }>();
  const lend = (kind: string, lender: string, lent: number): void => {
    for (const rel of world.live("ACTS_AS")) {
      const mode = rel.props?.mode;
      if (rel.from.kind !== kind || rel.from.id !== lender) continue;
      if (typeof mode !== "string" || !MODES[kind]!.includes(mode) || !world.enabled(rel.to.id)) continue;
      if (kind === "Agent" && BY_BLUEPRINT.includes(mode) && stopped(world, lender)) continue;
      const via = lender === agent && kind === "Agent" ? "" : lender;
      const acting = kind === "Agent" ? lender : undefined;
      const key = JSON.stringify([mode, via]);
      const actor = found.get(key) ?? { agent, mode, via, acting, own: [], lent };
      found.set(key, actor);
      // Called agents come nearest first, so the first way to a lender is the shortest; a server may be met again.
      actor.lent = Math.min(actor.lent, lent);
      if (!actor.own.includes(rel.to.id)) actor.own.push(rel.to.id);
    }
  };
  for (const [one, calls] of called(world, agent, withOwnRights)) {
    lend("Agent", one, calls);
    for (const rel of world.live("USES")) if (rel.from.id === one) lend("McpServer", rel.to.id, calls + 1);
  }
  const persons = audienceOf(world, agent);
  if (persons.length > 0 && !disabled(world, agent) && !stopped(world, agent)) {
    const mode = "on-behalf-of";
    found.set(mode, { agent, mode, via: "", acting: agent, own: persons, lent: 0 });
  }
  return [...found.values()];
}

/** Agents of which no record says with whose rights they act: the agent itself, or one that it calls; by the relationships on the way. */
export function unknownAgents(world: World, agent: string): Map<string, number> {
  const known = new Set(
    world
      .live("ACTS_AS")
      .filter(({ from }) => from.kind === "Agent")
      .map(({ from }) => from.id),
  );
  return new Map(
    [...called(world, agent, withOwnRights)]
      .filter(([one]) => !known.has(one))
      .map(([one, calls]) => [one, calls + 1]),
  );
}

/** A server of which it is not known with whose rights it acts. */
export interface UnknownServer {
  /** Relationships from the agent. */
  steps: number;
  /** As an agent's user: what that may do depends on the consents of an application, and no record says of which. */
  mode: "app" | "agent-user";
}
export function unknownServers(world: World, agent: string): Map<string, UnknownServer> {
  const modesOf = (server: string): unknown[] =>
    world
      .live("ACTS_AS")
      .filter(({ from }) => from.kind === "McpServer" && from.id === server)
      .map(({ props }) => props?.mode);
  const found = new Map<string, UnknownServer>();
  for (const [one, calls] of called(world, agent, withOwnRights))
    for (const { from, to } of world.live("USES")) {
      const modes = modesOf(to.id);
      const mode = modes.includes("agent-user") ? "agent-user" : "app";
      if (from.id === one && (modes.length === 0 || mode === "agent-user"))
        found.set(to.id, { steps: Math.min(found.get(to.id)?.steps ?? 99, calls + 1), mode });
    }
  return found;
}

export const disabled = (world: World, agent: string): boolean =>
  world.prop("Agent", agent, "status") === "disabled";
const withOwnRights = ({ props }: RelPut): boolean => props?.mode === "own";

/** The agent and those that it calls in such a way, by the fewest calls; disabled ones do not answer. */
export function called(world: World, agent: string, counts: (call: RelPut) => boolean): Map<string, number> {
  const found = new Map<string, number>();
  const meet = (one: string, calls: number): void => {
    if (!found.has(one) && !disabled(world, one)) found.set(one, calls);
  };
  meet(agent, 0);
  for (const [one, calls] of found)
    for (const rel of world.live("INVOKES"))
      if (rel.from.id === one && counts(rel)) meet(rel.to.id, calls + 1);
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

/** What a principal is in, or can be in by one click: eligible, or by a package that it may request. */
function joins(world: World, principal: string): [string, Tier][] {
  const of = (kind: string) => world.live(kind).filter((rel) => rel.from.id === principal);
  return [
    ...of("MEMBER_OF").map((rel): [string, Tier] => [
      rel.to.id,
      rel.props?.tier === "potential" ? "potential" : "now",
    ]),
    ...of("ELIGIBLE_FOR").map((rel): [string, Tier] => [rel.to.id, "potential"]),
    ...of("CAN_REQUEST").flatMap((request) =>
      world
        .live("CONFERS")
        .filter((gift) => gift.from.id === request.to.id && gift.to.kind === "Principal")
        .map((gift): [string, Tier] => [gift.to.id, "potential"]),
    ),
  ];
}

/** Every principal with whose rights the actor can act, level by level: fewest steps first, then smallest ids. */
export function identities(world: World, { agent, mode, own }: Actor): Identity[] {
  const held = new Set(own.flatMap((one) => [...world.closure(one)]));
  // For a person it has what that has, no more: what it may do to the directory is a consent of its own.
  const controls = CAPPED.includes(mode) ? [] : world.live("CONTROLS");
  /** Whom it controls, by itself or as the identity of an agent by what a blueprint hands on. */
  const controlled = (from: Identity) => [
    ...controls.filter((rel) => rel.from.id === from.principal),
    ...(from.itself && controls.length > 0 ? handedControl(world, from.principal) : []),
  ];
  // Going round a cycle of control gives nothing new.
  const most = 2 * controls.length;

  const next = (from: Identity): Identity[] => [
    ...(from.itself ? [...world.claimsOf(from.principal), ...world.classesOf(from.principal)] : []).map(
      (claim): Identity => ({ ...from, principal: claim, itself: false, ids: [...from.ids, claim] }),
    ),
    ...joins(world, from.principal)
      .filter(([group]) => world.enabled(group))
      .map(
        ([group, tier]): Identity => ({
          ...from,
          principal: group,
          tier: worst(from.tier, tier),
          itself: false,
          ids: [...from.ids, group],
        }),
      ),
    // Becoming a principal that the agent already is gives nothing.
    ...controlled(from)
      .filter((rel) => world.enabled(rel.to.id) && !held.has(rel.to.id) && from.hops < most)
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
