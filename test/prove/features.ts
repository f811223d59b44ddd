/**
 * What a random tenant may have in it, as predicates over its records. Rules go wrong where two of these meet, so a
 * run says how many pairs of them met in some tenant.
 */
import { EVERYONE, type Put, type RelPut, type Value } from "../oracle/records.ts";
import { TIME } from "../oracle/tenants.ts";
import { MORE } from "./features-more.ts";
import { some, Tenant } from "./tenant.ts";

const KEYS = ["listKeys", "regenerateKey", "accountSas", "serviceSas"];
const MANAGE = ["assign", "setAcl", "own"];
const has = (rel: RelPut, names: readonly string[]): boolean =>
  names.some((name) => rel.props?.[name] === true);
const acl = (rel: RelPut): boolean => rel.props?.flow === "acl";
const listIn = (rel: RelPut, name: string): readonly string[] => {
  const value = rel.props?.[name];
  return Array.isArray(value) ? value : [];
};
const ends = (rel: RelPut): number => {
  const { expires } = rel.props ?? {};
  return typeof expires === "string" ? Math.sign(Date.parse(expires) - Date.parse(TIME)) : 2;
};
const isGroup = (tenant: Tenant, id: string): boolean => tenant.prop("Principal", id, "kind") === "Group";
/** Storage accounts below a grant of a key action. */
const keyed = (tenant: Tenant, allowed: Value | undefined): boolean =>
  tenant
    .scopes()
    .filter(
      (id) =>
        tenant.prop("Scope", id, "kind") === "StorageAccount" &&
        tenant.prop("Scope", id, "sharedKey") === allowed,
    )
    .some((id) => {
      const above = tenant.above(id);
      return some(tenant.grants((rel) => !acl(rel) && has(rel, KEYS) && above.has(rel.to.id)));
    });
/** Two grants of agents, one at or below the other's scope. */
const stacked = (tenant: Tenant, which: (upper: RelPut, lower: RelPut) => boolean): boolean =>
  tenant.grants().some((lower) => {
    const above = tenant.above(lower.to.id);
    return tenant
      .grants((upper) => upper !== lower && above.has(upper.to.id))
      .some((upper) => which(upper, lower));
  });

export const FEATURES: Readonly<Record<string, (tenant: Tenant) => boolean>> = {
  "member of a group": (t) => some(t.members((rel) => t.own.has(rel.from.id) && ends(rel) > 0)),
  "nested group": (t) => some(t.members((rel) => isGroup(t, rel.from.id) && ends(rel) > 0)),
  "groups in a circle": (t) => t.circle("MEMBER_OF"),
  "eligible member": (t) => some(t.members((rel) => rel.props?.tier === "potential" && ends(rel) > 0)),
  "membership that has ended": (t) => some(t.members((rel) => ends(rel) < 0)),
  "membership that ends now": (t) => some(t.members((rel) => ends(rel) === 0)),
  "membership that ends later": (t) => some(t.members((rel) => ends(rel) === 1)),
  "several grants of one principal": (t) =>
    t.grants().some((one) => some(t.grants((two) => one !== two && one.from.id === two.from.id))),
  "grant below a grant": (t) => stacked(t, (upper, lower) => upper.to.id !== lower.to.id),
  "two grants at one scope": (t) => stacked(t, (upper, lower) => upper.to.id === lower.to.id),
  "grant of today": (t) => some(t.grants((rel) => [undefined, "now"].includes(rel.props?.tier as string))),
  "conditional grant": (t) => some(t.grants((rel) => rel.props?.tier === "conditional")),
  "potential grant": (t) => some(t.grants((rel) => rel.props?.tier === "potential")),
  "latent grant": (t) => some(t.grants((rel) => rel.props?.tier === "latent")),
  "grant of unknown effect": (t) => some(t.grants((rel) => rel.props?.unknown === true)),
  "grant that is an upper bound": (t) => some(t.grants((rel) => rel.props?.certainty === "upper-bound")),
  "grant that has ended": (t) => some(t.grants((rel) => ends(rel) < 0)),
  "grant that ends now": (t) => some(t.grants((rel) => ends(rel) === 0)),
  "grant that ends later": (t) => some(t.grants((rel) => ends(rel) === 1)),
  "access list": (t) => some(t.grants(acl)),
  "access list that may be changed": (t) => some(t.grants((rel) => acl(rel) && has(rel, MANAGE))),
  "inherited access list": (t) =>
    some(t.grants((rel) => acl(rel) && some(t.rels("INHERITS", (up) => up.to.id === rel.to.id)))),
  "broken inheritance": (t) =>
    t
      .grants(acl)
      .some((rel) =>
        t
          .rels("WITHIN", (up) => up.to.id === rel.to.id)
          .some((up) => !some(t.rels("INHERITS", (one) => one.from.id === up.from.id))),
      ),
  "access list below a grant": (t) => stacked(t, (upper, lower) => !acl(upper) && acl(lower)),
  "application permission": (t) =>
    some(t.grants((rel) => rel.props?.source === "app-role" && t.own.has(rel.from.id))),
  "application permission of a group": (t) =>
    some(t.grants((rel) => rel.props?.source === "app-role" && isGroup(t, rel.from.id))),
  "role that may be given away": (t) => some(t.grants((rel) => !acl(rel) && has(rel, MANAGE))),
  "grant of everyone": (t) => some(t.rels("GRANTED", (rel) => rel.from.id === EVERYONE)),
  "keys allowed": (t) => keyed(t, true),
  "keys refused": (t) => keyed(t, false),
  "keys not said": (t) => keyed(t, undefined),
  "deny of everyone": (t) => some(t.denies((rel) => rel.from.id === EVERYONE)),
  "deny by a group": (t) => some(t.denies((rel) => isGroup(t, rel.from.id))),
  "deny that spares": (t) =>
    some(
      t.denies(
        (rel) => Array.isArray(rel.props?.excluded) && rel.props.excluded.some((id) => t.around.has(id)),
      ),
    ),
  "deny of the scope alone": (t) => some(t.denies((rel) => rel.props?.children === false)),
  "deny of some actions of a grant": (t) =>
    t.denies().some(
      (deny) =>
        t.grants((grant) => {
          const given = Object.keys(grant.props ?? {}).filter((name) => has(grant, [name]));
          const left = given.filter((name) => !has(deny, [name]));
          return some(left) && left.length < given.length && t.above(deny.to.id).has(grant.to.id);
        }).length > 0,
    ),
  "deny of a key action": (t) => some(t.denies((rel) => has(rel, KEYS))),
  "deny of assigning": (t) => some(t.denies((rel) => has(rel, MANAGE))),
  "disabled agent": (t) =>
    some(t.rels("ACTS_AS", (rel) => t.prop("Agent", rel.from.id, "status") === "disabled")),
  "disabled identity": (t) => [...t.own].some((id) => t.prop("Principal", id, "enabled") === false),
  "disabled principal that is controlled": (t) =>
    [...t.controlled].some((id) => t.prop("Principal", id, "enabled") === false),
  "stored identity beside its own": (t) =>
    some(t.rels("ACTS_AS", (rel) => rel.from.kind === "Agent" && rel.props?.mode === "maker")),
  "key of an agent": (t) =>
    some(t.rels("ACTS_AS", (rel) => rel.from.kind === "Agent" && rel.props?.mode === "key")),
  server: (t) => some(t.rels("USES")),
  "server with two identities": (t) =>
    t
      .rels("ACTS_AS", ({ from }) => from.kind === "McpServer")
      .some((one) => some(t.rels("ACTS_AS", (two) => one !== two && one.from.id === two.from.id))),
  "call of an agent": (t) => some(t.calls()),
  "call of a call": (t) =>
    t.calls().some((one) => some(t.calls((two) => two.from.id === one.to.id && two.to.id !== one.from.id))),
  "call with the rights of the caller": (t) => some(t.rels("INVOKES", (rel) => rel.props?.mode === "caller")),
  "server of a called agent": (t) =>
    t.calls().some((one) => some(t.rels("USES", (rel) => rel.from.id === one.to.id))),
  "disabled agent that is called": (t) =>
    some(t.calls((rel) => t.prop("Agent", rel.to.id, "status") === "disabled")),
  "list of files": (t) => some(t.lists()),
  "list of files that takes several groups": (t) => some(t.lists((rel) => some(listIn(rel, "together")))),
  "list of files that leaves out": (t) =>
    some(t.lists((rel) => listIn(rel, "excluded").some((id) => t.own.has(id)))),
  "list of files for everyone": (t) => some(t.lists((rel) => rel.from.id === EVERYONE)),
  "list of files that may be changed": (t) => some(t.lists((rel) => has(rel, MANAGE))),
  "list of files of who is controlled": (t) => some(t.lists((rel) => t.controlled.has(rel.from.id))),
  "agent with the id of its identity": (t) => some(t.rels("ACTS_AS", (rel) => rel.from.id === rel.to.id)),
  "control of a group": (t) =>
    some(t.rels("CONTROLS", (rel) => t.around.has(rel.from.id) && isGroup(t, rel.to.id))),
  "control of an application": (t) =>
    some(t.rels("CONTROLS", (rel) => t.around.has(rel.from.id) && !isGroup(t, rel.to.id))),
  "control through a group": (t) =>
    some(t.rels("CONTROLS", (rel) => !t.own.has(rel.from.id) && t.around.has(rel.from.id))),
  "chain of control": (t) => some(t.rels("CONTROLS", (rel) => t.controlled.has(rel.from.id))),
  "control of what it is": (t) => some(t.rels("CONTROLS", (rel) => t.around.has(rel.to.id))),
  "group of a controlled principal": (t) => some(t.rels("MEMBER_OF", (rel) => t.controlled.has(rel.from.id))),
  "four levels of scopes": (t) => t.scopes().some((id) => t.above(id).size >= 4),
  ...MORE,
};
const NAMES = Object.keys(FEATURES);

/** Names of what this tenant has. */
export const featuresOf = (records: readonly Put[]): string[] => {
  const tenant = new Tenant(records);
  return NAMES.filter((name) => FEATURES[name]!(tenant));
};

/** The tenants with most in them: few of these show what many others would. */
export const richest = (worlds: readonly (readonly Put[])[], count: number): (readonly Put[])[] =>
  worlds
    .map((world) => ({ world, features: featuresOf(world).length }))
    .sort((a, b) => b.features - a.features)
    .slice(0, count)
    .map(({ world }) => world);

/** How often features, and pairs of them, met in a tenant. Plain data, so that a run can go on where it stopped. */
export type Met = Record<string, number>;
const pairOf = (a: string, b: string): string => `${a} + ${b}`;
export function meet(met: Met, features: readonly string[]): void {
  for (const [index, one] of features.entries()) {
    met[one] = (met[one] ?? 0) + 1;
    for (const other of features.slice(index + 1))
      met[pairOf(one, other)] = (met[pairOf(one, other)] ?? 0) + 1;
  }
}
/** All pairs, and those that no tenant had. */
export function pairs(met: Met): { all: number; unmet: string[] } {
  const all = NAMES.flatMap((one, index) => NAMES.slice(index + 1).map((other) => pairOf(one, other)));
  return { all: all.length, unmet: all.filter((pair) => met[pair] === undefined) };
}
