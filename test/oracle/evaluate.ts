/**
 * The oracle: reach as the definition says it, agent by agent, path by path, scope by scope. Slow and plain on
 * purpose, and it shares nothing with what it judges: it reads records of the import format and nothing else.
 *
 * Covered: mode `app`; containment and acl grants; denies; account keys; application permissions; the four
 * tiers; expiry; disabled agents and principals; grants whose effect is unknown.
 */

export type Value = string | number | boolean | null | readonly string[];
export interface NodePut {
  kind: string;
  id: string;
  props?: Readonly<Record<string, Value>>;
}
export interface RelPut {
  kind: string;
  from: { kind: string; id: string };
  to: { kind: string; id: string };
  props?: Readonly<Record<string, Value>>;
}
export type Put = NodePut | RelPut;

export const TIERS = ["now", "conditional", "potential", "latent"] as const;
export type Tier = (typeof TIERS)[number];
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
  scope: string;
  tier: Tier;
  /**
   * Steps of CONTROLS on the witness path, and one more where `manage` is turned into read and write; 0 outside of
   * latent.
   */
  hops: number;
  certainty: Certainty;
  /** Relationships on the witness path, containment down to the scope included. */
  steps: number;
  /** Ids of agent, principals and granted scope. */
  witness: readonly string[];
  /** Key of the grant at the end of the witness. */
  key: string;
}

const READ = ["read"];
const WRITE = ["write", "add", "delete"];
const MANAGE = ["assign", "setAcl", "own"];
const SEE = ["see"];
const KEYS = ["listKeys", "regenerateKey", "accountSas", "serviceSas"];
const EVERYONE = "everyone";

/** Bytewise, as UTF-8. */
export const compareBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
const compareIds = (a: readonly string[], b: readonly string[]): number => {
  for (const [index, id] of a.entries()) {
    const other = b[index];
    if (other === undefined) return 1;
    const order = compareBytes(id, other);
    if (order !== 0) return order;
  }
  return a.length - b.length;
};
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
const worst = (a: Tier, b: Tier): Tier => (TIERS.indexOf(a) >= TIERS.indexOf(b) ? a : b);

/** A principal with whose rights the agent can act, and the way there. */
interface Identity {
  principal: string;
  tier: Tier;
  hops: number;
  /** The agent itself is this principal (no group in between): application permissions count. */
  itself: boolean;
  /** The own identity at the start, whose denies bind; none after becoming another principal. */
  own: string | undefined;
  /** Agent first. One relationship between each two. */
  ids: readonly string[];
}

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

class World {
  readonly nodes = new Map<string, NodePut>();
  readonly rels: RelPut[] = [];
  readonly #time: number;

  constructor(records: Iterable<Put>, time: string) {
    this.#time = Date.parse(time);
    for (const record of records) {
      if ("from" in record) this.rels.push(record);
      else this.nodes.set(`${record.kind} ${record.id}`, record);
    }
  }

  prop(kind: string, id: string, name: string): Value | undefined {
    return this.nodes.get(`${kind} ${id}`)?.props?.[name];
  }

  /** Relationships of a kind that have not ended. */
  live(kind: string): RelPut[] {
    return this.rels.filter((rel) => {
      const expires = rel.props?.expires;
      return rel.kind === kind && !(typeof expires === "string" && Date.parse(expires) <= this.#time);
    });
  }

  enabled(principal: string): boolean {
    return this.prop("Principal", principal, "enabled") !== false;
  }

  /** Scopes that a relationship reaches downwards, by the way there: the scope itself first. */
  below(scope: string, by: "WITHIN" | "INHERITS"): string[][] {
    const ways: string[][] = [[scope]];
    for (const way of ways)
      for (const rel of this.rels)
        if (rel.kind === by && rel.to.id === way.at(-1) && !way.includes(rel.from.id))
          ways.push([...way, rel.from.id]);
    return ways;
  }

  /** The principal and all groups that it is in today. */
  closure(principal: string): Set<string> {
    const found = new Set([principal]);
    for (const one of found)
      for (const rel of this.live("MEMBER_OF"))
        if (rel.from.id === one && (rel.props?.tier ?? "now") === "now" && this.enabled(rel.to.id))
          found.add(rel.to.id);
    return found;
  }

  /** Actions that deny assignments take from an own identity at a scope. */
  denied(own: string, scope: string): Set<string> {
    const closure = this.closure(own);
    const actions = new Set<string>();
    for (const rel of this.live("DENIED")) {
      const props = rel.props ?? {};
      if (rel.from.id !== EVERYONE && !closure.has(rel.from.id)) continue;
      const excluded = Array.isArray(props.excluded) ? props.excluded : [];
      if (excluded.some((id) => closure.has(id))) continue;
      const covered =
        props.children === false
          ? rel.to.id === scope
          : this.below(rel.to.id, "WITHIN").some((way) => way.at(-1) === scope);
      if (!covered) continue;
      for (const [name, value] of Object.entries(props)) if (value === true) actions.add(name);
    }
    return actions;
  }
}

/** Every principal with whose rights the agent can act, level by level: fewest steps first, then smallest ids. */
function identities(world: World, agent: string): Identity[] {
  if (world.prop("Agent", agent, "status") === "disabled") return [];
  const own = world
    .live("ACTS_AS")
    .filter(
      (rel) =>
        rel.from.kind === "Agent" &&
        rel.from.id === agent &&
        rel.props?.mode === "app" &&
        world.enabled(rel.to.id),
    )
    .map((rel) => rel.to.id);
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

/** What every path of the agent gives, by scope. */
function offers(world: World, agent: string): Map<string, Offer[]> {
  const all = new Map<string, Offer[]>();
  for (const identity of identities(world, agent))
    for (const grant of world.live("GRANTED")) {
      if (grant.from.id !== identity.principal) continue;
      const props = grant.props ?? {};
      if (
        props.source === "app-role" &&
        (!identity.itself || world.prop("Principal", identity.principal, "kind") === "Group")
      )
        continue;
      const acl = props.flow === "acl";
      const tier = worst(identity.tier, asTier(props.tier));
      // Only Azure has deny assignments, and they bind its role assignments, which flow by containment. Who becomes
      // somebody else is not bound by what is denied to it.
      const bound = acl ? undefined : identity.own;
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
          hops: identity.hops,
          certainty: props.certainty === "upper-bound" ? "upper-bound" : "exact",
          steps: identity.ids.length + way.length - 1,
          ids: identity.ids,
          witness: [...identity.ids, grant.to.id],
          key: String(props.key ?? ""),
        };
        const here = all.get(scope) ?? [];
        all.set(scope, here);
        here.push(offer);
        // Who may change who has access at a place can give itself the rest there, and by containment below it,
        // whatever is denied deeper down: one step more.
        if (rights.manage === "yes")
          for (const inside of acl ? [[scope]] : world.below(scope, "WITHIN")) {
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
              hops: identity.hops + 1,
              steps: offer.steps + inside.length - 1,
            });
          }
      };
      const floor: Answer = props.unknown === true ? "unknown" : "no";
      for (const way of world.below(grant.to.id, acl ? "INHERITS" : "WITHIN")) {
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
          !acl &&
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

/** Rows of one agent at one scope: a right stands in the first tier that gives it, later tiers show what they add. */
function rowsAt(agent: string, scope: string, here: readonly Offer[]): OracleRow[] {
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

/** Every (agent, scope, tier) that a path reaches. `time` is the ISO time that counts as now. */
export function evaluate(records: Iterable<Put>, time: string): OracleRow[] {
  const world = new World(records, time);
  const rows: OracleRow[] = [];
  // An agent that no record describes is one all the same, if one says with whose rights it acts.
  const named = [...world.nodes.values(), ...world.rels.map((rel) => rel.from)];
  const agents = new Set(named.filter((node) => node.kind === "Agent").map((node) => node.id));
  for (const agent of agents)
    for (const [scope, here] of offers(world, agent)) rows.push(...rowsAt(agent, scope, here));
  return rows;
}
