/**
 * The oracle: reach as the definition says it, agent by agent, path by path, scope by scope. Slow and plain on
 * purpose, and it shares nothing with what it judges: it reads records of the import format and nothing else.
 *
 * Covered: modes `app`, `maker` and `key`, the agent's own and lent by servers and called agents; containment, acl and
 * posix grants; denies; account keys; application permissions; the four tiers; expiry; disabled agents and principals;
 * grants whose effect is unknown.
 */
import { type Actor, actors, identities } from "./identities.ts";
import { type Hold, posixHold } from "./posix.ts";
import { compareBytes, compareIds, type Put, TIERS, type Tier, type Value, World, worst } from "./records.ts";

const RIGHTS = ["discover", "read", "write", "manage"] as const;
type Right = (typeof RIGHTS)[number];
/** In the order of Kleene OR: the greater of two wins. */
const VALUES = ["no", "unknown", "yes"] as const;
export type Answer = (typeof VALUES)[number];
/** Best first. */
const CERTAINTIES = ["exact", "upper-bound", "unknown"] as const;
export type Certainty = (typeof CERTAINTIES)[number];

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
  /** Relationships on the witness path, those to the lender and containment down to the scope included. */
  steps: number;
  /** Ids of agent, principals and granted scope; the lender is `via`. */
  witness: readonly string[];
  /** Key of the grant at the end of the witness. */
  key: string;
}

const READ = ["read"];
const WRITE = ["write", "add", "delete"];
const MANAGE = ["assign", "setAcl", "own"];
const SEE = ["see"];
const KEYS = ["listKeys", "regenerateKey", "accountSas", "serviceSas"];

/**
 * The witness of several paths comes first: fewest steps of control, fewest relationships, fewest memberships, then
 * the smallest principals, granted scope and key. (With the principals the granted one is decided, too.)
 */
const compareOffers = (a: Offer, b: Offer): number =>
  a.hops - b.hops ||
  a.steps - b.steps ||
  a.ids.length - b.ids.length ||
  compareIds(a.ids, b.ids) ||
  compareBytes(a.witness.at(-1)!, b.witness.at(-1)!) ||
  compareBytes(a.key, b.key);

/** What one path gives at one scope. */
interface Offer extends Record<Right, Answer> {
  tier: Tier;
  hops: number;
  certainty: Certainty;
  steps: number;
  /** Agent and principals. */
  ids: readonly string[];
  /** The same, and the granted scope. */
  witness: readonly string[];
  key: string;
}

/** What every path of the actor gives, by scope. */
function offers(world: World, actor: Actor): Map<string, Offer[]> {
  const all = new Map<string, Offer[]>();
  const own = identities(world, actor);
  for (const identity of own)
    for (const grant of world.live("GRANTED")) {
      const props = grant.props ?? {};
      const posix = props.flow === "posix";
      const hold: Hold | undefined = posix
        ? posixHold(world, own, identity, grant)
        : grant.from.id === identity.principal
          ? identity
          : undefined;
      if (hold === undefined) continue;
      if (
        props.source === "app-role" &&
        (!identity.itself || world.prop("Principal", identity.principal, "kind") === "Group")
      )
        continue;
      const contained = !posix && props.flow !== "acl";
      const tier = worst(hold.tier, asTier(props.tier));
      // Only Azure has deny assignments, and they bind its role assignments, which flow by containment. Who becomes
      // somebody else is not bound by what is denied to it, and a key that is held already asks nobody who it is.
      const bound = contained && actor.mode !== "key" ? identity.own : undefined;
      const granted = (actions: readonly string[], scope: string): boolean => {
        const held = actions.filter((action) => props[action] === true);
        if (held.length === 0 || bound === undefined) return held.length > 0;
        const denied = world.denied(bound, scope);
        return held.some((action) => !denied.has(action));
      };
      const add = (way: readonly string[], rights: Record<Right, Answer>): void => {
        if (RIGHTS.every((right) => rights[right] === "no")) return;
        const scope = way.at(-1)!;
        const offer: Offer = {
          ...rights,
          tier,
          hops: hold.hops,
          certainty: props.certainty === "upper-bound" ? "upper-bound" : "exact",
          steps: actor.lent + hold.ids.length + way.length - 1,
          ids: hold.ids,
          witness: [...hold.ids, grant.to.id],
          key: String(props.key ?? ""),
        };
        const here = all.get(scope) ?? [];
        all.set(scope, here);
        here.push(offer);
        // Who may change who has access at a place can give itself the rest there, and by containment below it,
        // whatever is denied deeper down: one step more.
        if (rights.manage === "yes")
          for (const inside of contained ? world.below(scope, "WITHIN") : [[scope]]) {
            const place = inside.at(-1)!;
            const there = all.get(place) ?? [];
            all.set(place, there);
            there.push({
              ...offer,
              discover: "yes",
              read: "yes",
              write: "yes",
              manage: "no",
              tier: "latent",
              hops: hold.hops + 1,
              steps: offer.steps + inside.length - 1,
            });
          }
      };
      const floor: Answer = props.unknown === true ? "unknown" : "no";
      // What lists of the chain come to stands at each place by itself.
      const ways = posix ? [[grant.to.id]] : world.below(grant.to.id, contained ? "WITHIN" : "INHERITS");
      for (const way of ways) {
        const scope = way.at(-1)!;
        const right = (actions: readonly string[]): Answer => (granted(actions, scope) ? "yes" : floor);
        add(way, {
          discover: right([...SEE, ...READ, ...WRITE, ...MANAGE]),
          read: right(READ),
          write: right(WRITE),
          manage: right(MANAGE),
        });
        // A key opens the whole account, whatever denies say about what lies in it.
        const opens =
          contained &&
          world.prop("Scope", scope, "kind") === "StorageAccount" &&
          world.prop("Scope", scope, "sharedKey") !== false &&
          granted(KEYS, scope);
        if (opens)
          for (const inside of world.below(scope, "WITHIN"))
            add([...way, ...inside.slice(1)], { discover: "yes", read: "yes", write: "yes", manage: "yes" });
      }
    }
  return all;
}

const asTier = (value: Value | undefined): Tier => TIERS.find((tier) => tier === value) ?? "now";

/** Rows of one actor at one scope: a right stands in the first tier that gives it, later tiers show what they add. */
function rowsAt({ agent, mode, via }: Actor, scope: string, here: readonly Offer[]): OracleRow[] {
  const rows: OracleRow[] = [];
  const sofar: Record<Right, Answer> = { discover: "no", read: "no", write: "no", manage: "no" };
  const greater = (a: Answer, b: Answer): boolean => VALUES.indexOf(a) > VALUES.indexOf(b);
  for (const tier of TIERS) {
    const paths = here.filter((offer) => offer.tier === tier);
    const rights: Record<Right, Answer> = { discover: "no", read: "no", write: "no", manage: "no" };
    const givers = new Set<Offer>();
    let certainty = 0;
    for (const right of RIGHTS) {
      const value = VALUES[Math.max(0, ...paths.map((offer) => VALUES.indexOf(offer[right])))]!;
      if (!greater(value, sofar[right])) continue;
      rights[right] = value;
      sofar[right] = value;
      const giving = paths.filter((offer) => offer[right] === value);
      for (const offer of giving) givers.add(offer);
      // One exact path is enough for an exact right; the row is as sure as its least sure right.
      const best =
        value === "unknown"
          ? CERTAINTIES.indexOf("unknown")
          : Math.min(...giving.map((offer) => CERTAINTIES.indexOf(offer.certainty)));
      certainty = Math.max(certainty, best);
    }
    const witness = [...givers].sort(compareOffers)[0];
    if (witness === undefined) continue;
    rows.push({
      agent,
      mode,
      via,
      scope,
      tier,
      hops: witness.hops,
      ...rights,
      certainty: CERTAINTIES[certainty]!,
      steps: witness.steps,
      witness: witness.witness,
      key: witness.key,
    });
  }
  return rows;
}

/** Every (agent, mode, via, scope, tier) that a path reaches. `time` is the ISO time that counts as now. */
export function evaluate(records: Iterable<Put>, time: string): OracleRow[] {
  const world = new World(records, time);
  const rows: OracleRow[] = [];
  // An agent that no record describes is one all the same, if one says with whose rights it acts.
  const named = [...world.nodes.values(), ...world.rels.map((rel) => rel.from)];
  const agents = new Set(named.filter((node) => node.kind === "Agent").map((node) => node.id));
  for (const agent of agents)
    for (const actor of actors(world, agent))
      for (const [scope, here] of offers(world, actor)) rows.push(...rowsAt(actor, scope, here));
  return rows;
}
