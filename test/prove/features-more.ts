/** What else a random tenant may have in it: persons, blueprints, packages, consents, audiences, gates. */
import type { RelPut } from "../oracle/records.ts";
import { some, type Tenant } from "./tenant.ts";

const CLAIMS = ["everyone", "everyone-except-external"];
const APART = (rel: RelPut): boolean => CLAIMS.includes(rel.from.id);
const gated = (t: Tenant, gate: string): boolean =>
  t.scopes().some((id) => {
    const gates = t.prop("Scope", id, "gates");
    return Array.isArray(gates) && gates.includes(gate) && reached(t, id);
  });
/** Somebody is granted something here, above or below. */
const reached = (t: Tenant, scope: string): boolean =>
  t.grants().some((rel) => t.above(rel.to.id).has(scope) || t.above(scope).has(rel.to.id));
const policies = (t: Tenant, which: (id: string) => boolean): boolean =>
  t
    .rels("GATES", ({ from, to }) => t.counts(from.id) && reached(t, to.id))
    .some(({ from }) => which(from.id));
const ofKind = (t: Tenant, kind: string) => (id: string) => t.prop("Policy", id, "kind") === kind;
const person = (t: Tenant, id: string): boolean =>
  ["User", "Guest", "AgentUser"].includes(String(t.prop("Principal", id, "kind")));
const guest = (t: Tenant, id: string): boolean =>
  t.prop("Principal", id, "kind") === "Guest" || t.prop("Principal", id, "userType") === "Guest";
const networked = (t: Tenant, network: string): boolean =>
  t.scopes().some((id) => t.prop("Scope", id, "network") === network && reached(t, id));
const delegated = (rel: RelPut): boolean => rel.props?.type === "delegated";

const labeled = (t: Tenant, label: string): boolean => some(t.rels("LABELED", ({ to }) => to.id === label));

export const MORE: Readonly<Record<string, (tenant: Tenant) => boolean>> = {
  "agent that acts as a person": (t) => [...t.own].some((id) => person(t, id)),
  "agent that acts as a guest": (t) => [...t.own].some((id) => guest(t, id)),
  "managed identity": (t) => [...t.own].some((id) => t.prop("Principal", id, "kind") === "ManagedIdentity"),
  "access list for everyone": (t) =>
    some(t.rels("GRANTED", (rel) => APART(rel) && rel.props?.flow === "acl")),
  "group that everyone is in": (t) => some(t.rels("MEMBER_OF", APART)),
  "two identities in one mode": (t) =>
    t
      .rels("ACTS_AS", ({ props }) => props?.mode === "app")
      .some((one) =>
        some(
          t.rels("ACTS_AS", (two) => two !== one && two.from.id === one.from.id && two.props?.mode === "app"),
        ),
      ),
  "label that encrypts": (t) =>
    some(t.rels("LABELED", ({ to }) => t.prop("Label", to.id, "encrypted") === true)),
  "label that names somebody": (t) => some(t.rels("LABEL_RIGHTS", ({ to }) => labeled(t, to.id))),
  "rule that keeps a label out of answers": (t) =>
    some(t.rels("GATES", ({ from, to }) => t.counts(from.id) && labeled(t, to.id))),
  "network that denies": (t) => networked(t, "Deny"),
  "network that was not read": (t) => networked(t, "unknown"),
  "place that is locked": (t) => gated(t, "lock:NoAccess"),
  "place that is only read": (t) => gated(t, "lock:ReadOnly"),
  "server of unknown identity": (t) =>
    some(t.rels("USES", ({ to }) => !some(t.rels("ACTS_AS", ({ from }) => from.id === to.id)))),
  blueprint: (t) => some(t.rels("MADE_FROM")),
  "blueprint that is disabled": (t) =>
    some(t.rels("MADE_FROM", ({ to }) => t.prop("Blueprint", to.id, "enabled") === false)),
  "blueprint of which inheritance was not read": (t) =>
    some(t.rels("MADE_FROM", ({ to }) => t.prop("Blueprint", to.id, "inheritable") === undefined)),
  "group that one is eligible for": (t) => some(t.rels("ELIGIBLE_FOR", ({ from }) => t.around.has(from.id))),
  "package that gives membership": (t) =>
    t
      .requests()
      .some((one) => some(t.rels("CONFERS", ({ from, to }) => from.id === one && to.kind === "Principal"))),
  "package that gives a role": (t) =>
    t
      .requests()
      .some((one) => some(t.rels("CONFERS", ({ from, to }) => from.id === one && to.kind === "Scope"))),
  "agent user": (t) => some(t.rels("ACTS_AS", (rel) => rel.props?.mode === "agent-user")),
  consent: (t) => some(t.rels("CONSENTED", (rel) => delegated(rel) && t.own.has(rel.from.id))),
  "consent of one user": (t) =>
    some(
      t.rels("CONSENTED", (rel) => delegated(rel) && ![undefined, "*"].includes(rel.props?.user as string)),
    ),
  "consent of a blueprint": (t) =>
    some(t.rels("CONSENTED", (rel) => t.prop("Principal", rel.from.id, "kind") === "BlueprintPrincipal")),
  audience: (t) => some(t.rels("MAY_USE", ({ from }) => person(t, from.id))),
  "audience of a group": (t) =>
    some(t.rels("MAY_USE", (may) => some(t.rels("MEMBER_OF", ({ to }) => to.id === may.from.id)))),
  "policy that blocks": (t) =>
    policies(t, (id) => ofKind(t, "ConditionalAccess")(id) && t.prop("Policy", id, "residual") === undefined),
  "policy that asks": (t) => policies(t, (id) => t.prop("Policy", id, "residual") !== undefined),
  "policy that spares": (t) =>
    policies(t, (id) =>
      some(t.rels("APPLIES_TO", (rel) => rel.from.id === id && rel.props?.include === false)),
    ),
  "restriction of applications": (t) => policies(t, ofKind(t, "AppRestriction")),
  "embedded content": (t) => some(t.rels("EMBEDS")),
  "copy that may be read": (t) => some(t.rels("COPIED_TO", ({ to }) => reached(t, to.id))),
  "copy of a copy": (t) =>
    some(t.rels("COPIED_TO", ({ from }) => some(t.rels("COPIED_TO", ({ to }) => to.id === from.id)))),
  "denies that were not read": (t) =>
    some(t.gaps(({ hides, scope }) => hides !== "grants" && reached(t, String(scope)))),
  "grants that were not read": (t) =>
    some(t.gaps(({ hides, scope }) => hides === "grants" && reached(t, String(scope)))),
  "consent where nobody read who may use the agent": (t) =>
    some(t.gaps(({ scope }) => scope === "")) &&
    some(t.rels("CONSENTED", (rel) => delegated(rel) && t.own.has(rel.from.id))),
  "consent in a service that nobody read": (t) =>
    some(
      t.rels(
        "CONSENTED",
        ({ to }) =>
          t.prop("Scope", to.id, "kind") === "Service" && !some(t.rels("WITHIN", (up) => up.to.id === to.id)),
      ),
    ),
  "restriction of a site": (t) => policies(t, ofKind(t, "SiteRestriction")),
};
