/**
 * The oracle: reach as the definition says it, agent by agent, path by path, scope by scope. Slow and plain on
 * purpose, and it shares nothing with what it judges: it reads records of the import format and nothing else.
 *
 * Covered: all modes, the agent's own and lent by servers and called agents; servers whose identity is not known;
 * containment, acl and posix grants; claims of everyone; blueprints; packages; denies; account keys; application
 * permissions; consents; network rules, locks and policies; the four tiers; expiry; disabled agents and principals;
 * grants whose effect is unknown; copies; what was not read. What may be done with labels is in use.ts, items are counted in
 * counts.ts, people in people.ts.
 */
import { stopped } from "./blueprints.ts";
import { capAt } from "./consents.ts";
import { carriedBy, readThrough } from "./copies.ts";
import { type Gate, gateAt } from "./gates.ts";
import { type Held, heldBy } from "./grants.ts";
import {
  type Actor,
  actors,
  type Identity,
  identities,
  unknownAgents,
  unknownServers,
} from "./identities.ts";
import { compareBytes, compareIds, type Put, TIERS, type Tier, type Value, World, worst } from "./records.ts";
import {
  type Answer,
  answerOf,
  both,
  type Certainty,
  CONTROL,
  EVERYTHING,
  GIVING,
  greater,
  KEYS,
  LEVEL,
  type Levels,
  levels,
  RIGHTS,
  type Right,
  WRITE,
} from "./rights.ts";
import { isBlind, type Unknown, unknownFor, unreadAt } from "./unread.ts";

export type { Answer, Certainty } from "./rights.ts";

export interface OracleRow extends Record<Right, Answer> {
  agent: string;
  mode: string;
  /** MCP server or other agent that lends the rights; empty for the agent's own. */
  via: string;
  scope: string;
  tier: Tier;
  /**
   * Steps of CONTROLS on the witness path, and one more where `manage` is turned into read and write; 0 outside of
   * latent.
   */
  hops: number;
  certainty: Certainty;
  /** Codes of why it is not exact, or of what decides: the last of those of all paths that give what the row says. Or none. */
  reason: string;
  /** The worst state and the steps that were not read, of the place and of the copy that it is read through. */
  unread: string;
  /** Relationships on the witness path, those to the lender and containment down to the scope included. */
  steps: number;
  /** Ids of agent, principals and granted scope; the lender is `via`. Empty if no grant is known. */
  witness: readonly string[];
  /** Key of the grant at the end of the witness. */
  key: string;
}

/**
 * The witness of several paths comes first: fewest steps of control, fewest relationships, fewest memberships, then
 * the smallest principals, granted scope and key. (With the principals the granted one is decided, too.) What is left of two is
 * the one through a copy, by the smallest.
 */
const compareOffers = (a: Offer, b: Offer): number =>
  a.hops - b.hops ||
  a.steps - b.steps ||
  Number(a.ids.length === 0) - Number(b.ids.length === 0) ||
  a.ids.length - b.ids.length ||
  compareIds(a.ids, b.ids) ||
  compareBytes(a.witness.at(-1) ?? "", b.witness.at(-1) ?? "") ||
  compareBytes(a.key, b.key) ||
  Number(a.copy === undefined) - Number(b.copy === undefined) ||
  compareBytes(a.copy ?? "", b.copy ?? "");

/** What one path gives at one scope. */
interface Offer {
  rights: Levels;
  tier: Tier;
  hops: number;
  steps: number;
  /** Agent and principals. */
  ids: readonly string[];
  /** The same, and the granted scope. */
  witness: readonly string[];
  key: string;
  /** The copy that is read in place of the place. */
  copy?: string;
  /** Code of why it is not exact, or of what decides. */
  reason?: string;
}

/** What every path of the actor gives, by scope. */
function offers(world: World, actor: Actor): Map<string, Offer[]> {
  const all = new Map<string, Offer[]>();
  const own = identities(world, actor);
  const add = (scope: string, offer: Offer): void => void all.set(scope, [...(all.get(scope) ?? []), offer]);
  for (const identity of own)
    for (const held of heldBy(world, own, identity)) offersOf(world, actor, identity, held, add);
  // Who reads a copy reads what it is a copy of, whatever protects that; it changes nothing there.
  const direct = [...all].flatMap(([place, here]) => here.map((offer) => ({ place, offer })));
  const isLike = (a: Offer, b: Offer): boolean =>
    a.tier === b.tier && answerOf(a.rights.read) === answerOf(b.rights.read);
  for (const { place, offer } of direct)
    if (offer.rights.read !== LEVEL.no)
      for (const [scope, further] of readThrough(world, place)) {
        const ways = direct.filter((one) => one.place === place && isLike(one.offer, offer));
        add(
          scope,
          throughCopy(
            world,
            place,
            offer,
            ways.map((one) => one.offer),
            further,
          ),
        );
      }
  return all;
}

/** What could take the copy away may not have been read. `ways`: all that read it in this tier, as surely or less. */
function throughCopy(
  world: World,
  copy: string,
  { reason: _, ...offer }: Offer,
  ways: readonly Offer[],
  further: number,
): Offer {
  const blind = isBlind(world, copy);
  const read = blind ? Math.min(LEVEL.bound, offer.rights.read) : offer.rights.read;
  const sure = blind && ways.some((way) => way.rights.read === LEVEL.yes);
  const reason = sure ? "copy-denies-unread" : lastReason(ways);
  return {
    ...{ ...offer, rights: reading(read), steps: offer.steps + further, copy },
    ...(reason === "" ? {} : { reason }),
  };
}

/** Of several the last, bytewise. */
const lastReason = (offers: Iterable<Offer>): string =>
  [...offers].map(({ reason = "" }) => reason).reduce((a, b) => (compareBytes(a, b) > 0 ? a : b), "");

/** Content that is read is seen to exist. */
const reading = (read: number): Levels => ({ discover: read, read, write: LEVEL.no, manage: LEVEL.no });

/**
 * What the agent reads since it, or one that it asks, carries it: in every mode of its own, and for whoever may use it,
 * even if nobody knows who may. By the place that was embedded, as an offer.
 */
function* carriedOffers(
  world: World,
  agent: string,
  modes: ReadonlySet<string>,
): Generator<{ mode: string; via: string; scope: string; offer: Offer }> {
  const all = new Set([...modes, ...(stopped(world, agent) ? [] : ["on-behalf-of"])]);
  for (const { via, from, scope, steps } of carriedBy(world, agent))
    for (const mode of all)
      yield {
        ...{ mode, via, scope },
        offer: {
          ...{ rights: reading(LEVEL.yes), tier: "now", hops: 0, steps },
          ...{ ids: [agent], witness: [agent, from], key: "" },
        },
      };
}

/** What the agent might reach for people, of whom something was not read: whatever gates and denies say to them. */
function* unknownOffers(
  world: World,
  agent: string,
  modes: ReadonlySet<string>,
): Generator<{ mode: string; via: string; scope: string; offer: Offer }> {
  for (const one of unknownFor(world, agent)) {
    const offer = unknownOffer(one);
    for (const mode of ["on-behalf-of", ...(one.service && modes.has("agent-user") ? ["agent-user"] : [])]) {
      yield { mode, via: "", scope: one.scope, offer };
      if (offer.rights.read !== LEVEL.no)
        for (const [scope, further] of readThrough(world, one.scope))
          yield { mode, via: "", scope, offer: throughCopy(world, one.scope, offer, [offer], further) };
    }
  }
}
const unknownOffer = ({ rights, steps, service }: Unknown): Offer => ({
  ...{ rights, tier: "now", hops: 0, steps },
  reason: service ? "plane-not-modelled" : "audience-unread",
  ...{ ids: [], witness: [], key: "" },
});

/** What one grant, held by one identity, gives at the places that it comes to. */
function offersOf(
  world: World,
  actor: Actor,
  identity: Identity,
  { hold, at, props, sure, reason: said }: Held,
  add: (scope: string, offer: Offer) => void,
): void {
  const contained = props.flow !== "posix" && props.flow !== "acl";
  const floor = props.unknown === true ? LEVEL.unknown : LEVEL.no;
  // Only Azure has deny assignments, and they bind its role assignments, which flow by containment. Who becomes
  // somebody else is not bound by what is denied to it, and a key that is held already asks nobody who it is.
  const bound = contained && actor.mode !== "key" ? identity.own : undefined;
  const deniedAt = (scope: string): ReadonlySet<string> =>
    bound === undefined ? new Set() : world.denied(bound, scope);
  /** What is left of rights at a place behind its gates and consents. */
  const leftOf = (rights: Levels, scope: string, gate: Gate): Levels => {
    if (gate.closed) return levels(() => LEVEL.no);
    const cap = identity.own === undefined ? EVERYTHING : capAt(world, actor, identity.own, scope);
    const left = both(
      both(
        rights,
        levels(() => sure),
      ),
      cap,
    );
    return gate.readOnly ? { ...left, write: LEVEL.no } : left;
  };
  // Rows of *.Selected permissions go down by containment, but below broken inheritance they are an upper bound (reach.md 4.3, 3).
  const inheriting =
    contained &&
    props.source === "app-role" &&
    String(props.role ?? "").endsWith(".Selected") &&
    world.prop("Scope", at, "plane") === "sharepoint"
      ? new Set(world.below(at, "INHERITS").map((way) => way.at(-1)))
      : undefined;
  const mostAt = (place: string): number =>
    inheriting === undefined || inheriting.has(place) ? LEVEL.yes : LEVEL.bound;
  /** `way` leads from where it was granted down to the place; `network`: it goes over the network of the store. */
  const offer = (way: readonly string[], given: Levels, tier: Tier, network: boolean): void => {
    const scope = way.at(-1)!;
    const gate = gateAt(world, actor, identity.own, scope);
    const reason = said ?? decides(gate, network);
    const rights = leftOf(given, scope, gate);
    if (RIGHTS.every((right) => rights[right] === LEVEL.no)) return;
    const one: Offer = {
      rights,
      tier: worst(tier, gate.asked ? "conditional" : "now"),
      hops: hold.hops,
      steps: actor.lent + hold.ids.length + way.length - 1,
      ids: hold.ids,
      witness: [...hold.ids, at],
      key: String(props.key ?? ""),
      ...(reason === undefined ? {} : { reason }),
    };
    add(scope, one);
    // Who may change who has access at a place can give itself the rest there, and by containment below it,
    // whatever is denied deeper down: one step more.
    if (answerOf(rights.manage) === "yes")
      for (const inside of contained ? world.below(scope, "WITHIN") : [[scope]]) {
        const place = inside.at(-1)!;
        // Of a row of *.Selected each list that inherits it says so by itself.
        const most = inheriting === undefined || place === scope ? rights.manage : LEVEL.bound;
        const later: Levels = { discover: most, read: most, write: most, manage: LEVEL.no };
        add(place, {
          ...one,
          rights: leftOf(later, place, gateAt(world, actor, identity.own, place)),
          tier: "latent",
          hops: hold.hops + 1,
          steps: one.steps + inside.length - 1,
        });
      }
  };
  /** What the store itself must be asked for goes over its network. */
  const overNetwork = (way: readonly string[], given: Levels): void => {
    const { network } = gateAt(world, actor, identity.own, way.at(-1)!);
    const bounded =
      network === "unknown"
        ? both(
            given,
            levels(() => LEVEL.bound),
          )
        : given;
    offer(way, bounded, network === "Deny" ? worst(tier, "conditional") : tier, true);
  };

  const tier = worst(hold.tier, asTier(props.tier));
  // What lists of the chain come to stands at each place by itself.
  const ways = props.flow === "posix" ? [[at]] : world.below(at, contained ? "WITHIN" : "INHERITS");
  for (const way of ways) {
    const scope = way.at(-1)!;
    const gate = gateAt(world, actor, identity.own, scope);
    const denied = deniedAt(scope);
    const has = (action: string): boolean =>
      props[action] === true && !denied.has(action) && !(gate.readOnly && WRITE.includes(action));
    overNetwork(
      way,
      levels((right) => (GIVING[right].some(has) ? mostAt(scope) : floor)),
    );
    if (contained && gate.network !== undefined) {
      // SharePoint has no firewalls of its own: what its lists say behind one is for sure nowhere.
      const behindWall = inheriting === undefined ? LEVEL.yes : LEVEL.bound;
      const asked = (right: Right): boolean => GIVING[right].some((one) => CONTROL.includes(one) && has(one));
      const of = (right: Right): number => (asked(right) ? behindWall : floor);
      offer(
        way,
        { discover: of("discover"), read: LEVEL.no, write: LEVEL.no, manage: of("manage") },
        tier,
        false,
      );
    }
    // A key opens the whole account, whatever denies say about what lies in it.
    const opens =
      contained &&
      world.prop("Scope", scope, "kind") === "StorageAccount" &&
      world.prop("Scope", scope, "sharedKey") !== false &&
      KEYS.some(has);
    if (opens)
      for (const inside of world.below(scope, "WITHIN"))
        overNetwork([...way, ...inside.slice(1)], EVERYTHING);
  }
}

/** What decides besides the grant: a policy, or else the network if it goes over that. */
const decides = ({ asked, network }: Gate, over: boolean): string | undefined => {
  if (asked) return "policy-asked";
  if (!over || network === undefined) return undefined;
  return network === "Deny" ? "network-asked" : "network-unread";
};

const asTier = (value: Value | undefined): Tier => TIERS.find((tier) => tier === value) ?? "now";

type Place = Pick<Actor, "agent" | "mode" | "via">;
/** Rows of one actor at one scope: a right stands in the first tier that gives it, later tiers show what they add. */
function rowsAt(
  world: World,
  { agent, mode, via }: Place,
  scope: string,
  here: readonly Offer[],
): OracleRow[] {
  const blind = isBlind(world, scope);
  const rows: OracleRow[] = [];
  const nothing: Record<Right, Answer> = { discover: "no", read: "no", write: "no", manage: "no" };
  const sofar = { ...nothing };
  for (const tier of TIERS) {
    const paths = here.filter((offer) => offer.tier === tier);
    const rights = { ...nothing };
    const givers = new Set<Offer>();
    let surest: number = LEVEL.yes;
    for (const right of RIGHTS) {
      const best = Math.max(LEVEL.no, ...paths.map((offer) => offer.rights[right]));
      const value = answerOf(best);
      if (!greater(value, sofar[right])) continue;
      rights[right] = value;
      sofar[right] = value;
      for (const offer of paths) if (answerOf(offer.rights[right]) === value) givers.add(offer);
      // One exact path is enough for an exact right; the row is as sure as its least sure right.
      surest = Math.min(surest, best);
    }
    const witness = [...givers].sort(compareOffers)[0];
    if (witness === undefined) continue;
    const reason = lastReason(givers);
    rows.push({
      agent,
      mode,
      via,
      scope,
      tier,
      hops: witness.hops,
      ...rights,
      certainty:
        surest === LEVEL.unknown ? "unknown" : surest === LEVEL.bound || blind ? "upper-bound" : "exact",
      reason: reason === "" && surest === LEVEL.yes && blind ? "denies-unread" : reason,
      unread: unreadAt(world, [scope, ...(witness.copy === undefined ? [] : [witness.copy])]),
      steps: witness.steps,
      witness: witness.witness,
      key: witness.key,
    });
  }
  return rows;
}

/** A server of which nobody knows with whose rights it acts may do anything, somewhere. */
const unknownRow = (
  row: Pick<OracleRow, "agent" | "mode" | "via" | "scope" | "reason" | "steps">,
): OracleRow => ({
  ...{
    ...row,
    tier: "now",
    hops: 0,
    discover: "unknown",
    read: "unknown",
    write: "unknown",
    manage: "unknown",
  },
  ...{ certainty: "unknown", unread: "", witness: [], key: "" },
});
/** What is opened by servers and agents of which nobody knows with whose rights they act. */
function* unknownRows(world: World, agent: string): Generator<OracleRow> {
  for (const [via, { steps, mode }] of unknownServers(world, agent))
    yield unknownRow({
      ...{ agent, mode, via, steps, scope: `unknown:mcp:${via}` },
      reason: mode === "app" ? "server-identity-unknown" : "server-application-unknown",
    });
  for (const [one, steps] of unknownAgents(world, agent))
    yield unknownRow({
      ...{ agent, mode: "app", via: one === agent ? "" : one, scope: `unknown:agent:${one}` },
      ...{ steps, reason: "agent-identity-unknown" },
    });
}

/** Every (scope, tier) that a path of one actor reaches. */
export const actorRows = (world: World, actor: Actor): OracleRow[] =>
  [...offers(world, actor)].flatMap(([scope, here]) => rowsAt(world, actor, scope, here));

/** Every (agent, mode, via, scope, tier) that a path reaches. `time` is the ISO time that counts as now. */
export function evaluate(records: Iterable<Put>, time: string): OracleRow[] {
  const world = new World(records, time);
  const rows: OracleRow[] = [];
  for (const agent of world.named("Agent")) {
    const found = new Map<string, { actor: Place; offers: Map<string, Offer[]> }>();
    const own = actors(world, agent);
    for (const actor of own)
      found.set(JSON.stringify([actor.mode, actor.via]), { actor, offers: offers(world, actor) });
    const modes = new Set(own.filter(({ via }) => via === "").map(({ mode }) => mode));
    const further = [...carriedOffers(world, agent, modes), ...unknownOffers(world, agent, modes)];
    for (const { mode, via, scope, offer } of further) {
      const key = JSON.stringify([mode, via]);
      const one = found.get(key) ?? { actor: { agent, mode, via }, offers: new Map<string, Offer[]>() };
      found.set(key, one);
      one.offers.set(scope, [...(one.offers.get(scope) ?? []), offer]);
    }
    for (const { actor, offers: all } of found.values())
      for (const [scope, here] of all) rows.push(...rowsAt(world, actor, scope, here));
    rows.push(...unknownRows(world, agent));
  }
  return rows;
}
