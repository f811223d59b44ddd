/** Records of a random tenant, by what predicates over it ask for. */
import { EVERYONE, type NodePut, type Put, type RelPut, UNREAD, type Value } from "../oracle/records.ts";

export class Tenant {
  readonly #nodes = new Map<string, NodePut>();
  readonly #rels = new Map<string, RelPut[]>();
  /** Identities of agents and servers, and all groups that they are or may be in. */
  readonly own: ReadonlySet<string>;
  readonly around: ReadonlySet<string>;
  /** Principals that an agent could become or join. */
  readonly controlled: ReadonlySet<string>;

  constructor(records: readonly Put[]) {
    for (const put of records)
      if ("from" in put) this.#rels.set(put.kind, [...this.rels(put.kind), put]);
      else this.#nodes.set(`${put.kind} ${put.id}`, put);
    this.own = new Set(this.rels("ACTS_AS").map((rel) => rel.to.id));
    this.around = this.#closed(this.own, ["MEMBER_OF"]);
    const all = this.#closed(this.own, ["MEMBER_OF", "CONTROLS"]);
    this.controlled = new Set([...all].filter((id) => !this.around.has(id)));
  }

  rels(kind: string, which: (rel: RelPut) => boolean = () => true): RelPut[] {
    return (this.#rels.get(kind) ?? []).filter(which);
  }
  prop(kind: string, id: string, name: string): Value | undefined {
    return this.#nodes.get(`${kind} ${id}`)?.props?.[name];
  }
  /** Grants that concern an agent, today or later. */
  grants(which: (rel: RelPut) => boolean = () => true): RelPut[] {
    return this.rels(
      "GRANTED",
      (rel) => this.around.has(rel.from.id) || this.controlled.has(rel.from.id),
    ).filter(which);
  }
  /** Grants of access lists of ADLS that may concern one; everyone is any of them. */
  lists(which: (rel: RelPut) => boolean = () => true): RelPut[] {
    return this.rels(
      "GRANTED",
      (rel) =>
        rel.props?.flow === "posix" &&
        (rel.from.id === EVERYONE || this.around.has(rel.from.id) || this.controlled.has(rel.from.id)),
    ).filter(which);
  }
  /** Calls with the callee's own rights, of agents that are not disabled. */
  calls(which: (rel: RelPut) => boolean = () => true): RelPut[] {
    return this.rels(
      "INVOKES",
      (rel) => rel.props?.mode === "own" && this.prop("Agent", rel.from.id, "status") !== "disabled",
    ).filter(which);
  }
  /** Memberships that may concern one. */
  members(which: (rel: RelPut) => boolean = () => true): RelPut[] {
    return this.rels("MEMBER_OF", (rel) => this.around.has(rel.from.id)).filter(which);
  }
  denies(which: (rel: RelPut) => boolean = () => true): RelPut[] {
    return this.rels("DENIED", (rel) => rel.from.id === EVERYONE || this.around.has(rel.from.id)).filter(
      which,
    );
  }
  /** The scope, and all that it lies in. */
  above(scope: string): Set<string> {
    return this.#closed(new Set([scope]), ["WITHIN"]);
  }
  /** Packages that one may request. */
  requests(): string[] {
    return this.rels("CAN_REQUEST", (rel) => this.around.has(rel.from.id)).map((rel) => rel.to.id);
  }
  /** A policy that is on, and applies to somebody. */
  counts(policy: string): boolean {
    const state = this.prop("Policy", policy, "state");
    return (
      (state === undefined || state === "enabled") &&
      this.prop("Policy", policy, "effect") === "block" &&
      this.rels("APPLIES_TO", (rel) => rel.from.id === policy).length > 0
    );
  }
  /** What was not read. */
  gaps(which: (props: Readonly<Record<string, Value>>) => boolean): NodePut[] {
    return [...this.#nodes.values()].filter(({ kind, props }) => kind === UNREAD && which(props ?? {}));
  }
  scopes(): string[] {
    return [...this.#nodes.values()].filter(({ kind }) => kind === "Scope").map(({ id }) => id);
  }
  /** True if a relationship of this kind leads back to where it came from. */
  circle(kind: string): boolean {
    return this.rels(kind).some((rel) => this.#closed(new Set([rel.to.id]), [kind]).has(rel.from.id));
  }
  #closed(start: ReadonlySet<string>, kinds: readonly string[]): Set<string> {
    const found = new Set(start);
    for (const id of found)
      for (const kind of kinds)
        for (const rel of this.rels(kind)) if (rel.from.id === id) found.add(rel.to.id);
    return found;
  }
}

export const some = (list: readonly unknown[]): boolean => list.length > 0;
