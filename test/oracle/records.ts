/** Records of a tenant, and what the oracle asks of them one by one. */

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
/**
 * A node that says what was not read: `step`, `state`, what it `hides`, and the `scope` that was not read; empty: the whole
 * tenant.
 */
export const UNREAD = "Unread";

/** How far a part was read, the better first. */
export const STATES: readonly unknown[] = [
  ...["complete", "not-modelled", "skipped", "partial", "denied", "failed"],
];
export const TIERS = ["now", "conditional", "potential", "latent"] as const;
export type Tier = (typeof TIERS)[number];
/** Who stands for any identity of the tenant. */
export const EVERYONE = "everyone";
/** Everyone who is no guest. */
export const INSIDERS = "everyone-except-external";
const PERSONS: readonly unknown[] = ["User", "Guest", "AgentUser"];

/** Bytewise, as UTF-8. */
export const compareBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
export const compareIds = (a: readonly string[], b: readonly string[]): number => {
  for (const [index, id] of a.entries()) {
    const other = b[index];
    if (other === undefined) return 1;
    const order = compareBytes(id, other);
    if (order !== 0) return order;
  }
  return a.length - b.length;
};
export const worst = (a: Tier, b: Tier): Tier => (TIERS.indexOf(a) >= TIERS.indexOf(b) ? a : b);

export class World {
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

  props(kind: string, id: string): Readonly<Record<string, Value>> {
    return this.nodes.get(`${kind} ${id}`)?.props ?? {};
  }

  prop(kind: string, id: string, name: string): Value | undefined {
    return this.props(kind, id)[name];
  }

  has(kind: string, id: string): boolean {
    return this.nodes.has(`${kind} ${id}`);
  }

  /** All nodes of a kind. */
  all(kind: string): NodePut[] {
    return [...this.nodes.values()].filter((node) => node.kind === kind);
  }

  /** Ids of a kind that any record names: an agent that none describes is one all the same. */
  named(kind: string): Set<string> {
    const all = [...this.nodes.values(), ...this.rels.flatMap((rel) => [rel.from, rel.to])];
    return new Set(all.filter((node) => node.kind === kind).map((node) => node.id));
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

  /** The scope and all that it lies in. */
  above(scope: string): string[] {
    const found = [scope];
    for (const one of found)
      for (const rel of this.rels)
        if (rel.kind === "WITHIN" && rel.from.id === one && !found.includes(rel.to.id)) found.push(rel.to.id);
    return found;
  }

  isPerson(principal: string): boolean {
    return PERSONS.includes(this.prop("Principal", principal, "kind"));
  }

  isGuest(principal: string): boolean {
    const { kind, userType } = this.props("Principal", principal);
    return kind === "Guest" || userType === "Guest";
  }

  /** Of whom a person is one, whatever it is in. */
  claimsOf(principal: string): string[] {
    if (!this.isPerson(principal)) return [];
    return this.isGuest(principal) ? [EVERYONE] : [EVERYONE, INSIDERS];
  }

  /** Classes of which no record says who is in them: all agent identities are in the one, all who sign in in the other. */
  classesOf(principal: string): string[] {
    const meant = this.isPerson(principal)
      ? "AuthenticatedUsers"
      : this.prop("Principal", principal, "kind") === "AgentIdentity"
        ? "AllAgentIdentities"
        : undefined;
    if (meant === undefined) return [];
    return this.all("Principal")
      .filter(({ id, props }) => props?.kind === meant && this.enabled(id))
      .map(({ id }) => id);
  }

  /** Whether it stands for all who sign in. */
  signsIn(principal: string): boolean {
    return this.prop("Principal", principal, "kind") === "AuthenticatedUsers" && this.enabled(principal);
  }

  /** Whether it is a mail domain: who has an address there no record says. */
  isDomain(principal: string): boolean {
    return this.prop("Principal", principal, "kind") === "MailDomain" && this.enabled(principal);
  }

  /** Whether whoever has an address of some mail domain may use an agent. */
  isForDomain(agent: string): boolean {
    return this.live("MAY_USE").some(({ from, to }) => to.id === agent && this.isDomain(from.id));
  }

  /** The principal, its classes and all groups that it is in today, also as one of everyone. */
  closure(principal: string): Set<string> {
    const claims = this.claimsOf(principal);
    const found = new Set([principal, ...claims, ...this.classesOf(principal)]);
    for (const one of found)
      for (const rel of this.live("MEMBER_OF"))
        if (rel.from.id === one && (rel.props?.tier ?? "now") === "now" && this.enabled(rel.to.id))
          found.add(rel.to.id);
    for (const claim of claims) found.delete(claim);
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
      const covered = props.children === false ? [scope] : this.above(scope);
      if (!covered.includes(rel.to.id)) continue;
      for (const [name, value] of Object.entries(props)) if (value === true) actions.add(name);
    }
    return actions;
  }
}
