/** What stands between a grant and access at a place: network rules, locks, policies (reach.md 4.3, 5 and 6). */
import { blueprintsOf, principalsOf } from "./blueprints.ts";
import { clientsOf } from "./consents.ts";
import type { Actor } from "./identities.ts";
import { EVERYONE, INSIDERS, type RelPut, type World } from "./records.ts";

export interface Gate {
  /** Nothing gets through. */
  closed: boolean;
  /** Nothing is changed here. */
  readOnly: boolean;
  /** It is decided when the request comes. */
  asked: boolean;
  /** The strictest rule that the place lies under. */
  network: "Deny" | "unknown" | undefined;
}

/**
 * The gates at a place, for paths that start at one identity of an actor. Without one (it became somebody else)
 * no policy binds.
 */
export function gateAt(world: World, actor: Actor, own: string | undefined, scope: string): Gate {
  const above = world.above(scope);
  const networks = above.map((one) => world.prop("Scope", one, "network"));
  const locks = above.flatMap((one) => {
    const gates = world.prop("Scope", one, "gates");
    return Array.isArray(gates) ? gates : [];
  });
  const policies = world
    .live("GATES")
    .filter((rel) => rel.to.kind === "Scope" && above.includes(rel.to.id))
    .map((rel) => (own === undefined ? "open" : verdict(world, actor, own, rel.from.id)));
  return {
    closed: locks.includes("lock:NoAccess") || policies.includes("blocked"),
    readOnly: locks.includes("lock:ReadOnly"),
    asked: policies.includes("asked"),
    network: networks.includes("Deny") ? "Deny" : networks.includes("unknown") ? "unknown" : undefined,
  };
}

/** Principals that ask by themselves, also where they are a stored connection; with which one a person does nobody says. */
const APPLICATIONS: readonly unknown[] = [
  "ServicePrincipal",
  "ManagedIdentity",
  "AgentIdentity",
  "BlueprintPrincipal",
];

/** What one policy says to one identity of an actor. */
function verdict(world: World, actor: Actor, own: string, policy: string): "open" | "asked" | "blocked" {
  const { kind, effect, state, residual } = world.props("Policy", policy);
  if (state !== undefined && state !== "enabled") return "open";
  const closure = [...world.closure(own)];
  if (kind === "SiteRestriction")
    return actor.mode === "key" || !world.isPerson(own) || matches(world, actor, closure, policy)
      ? "open"
      : "blocked";
  if (effect !== "block" && !(effect === "allow" && kind === "AppRestriction")) return "open";
  if (kind === "ConditionalAccess") {
    const exempt = actor.mode === "key" || world.prop("Principal", own, "kind") === "ManagedIdentity";
    // Whose token it is: of a person also by group, of an application or an agent's user by itself; of an agent identity as
    // one of all of them.
    const asked = isHuman(world, own) ? closure : [own, ...(world.isPerson(own) ? [] : world.classesOf(own))];
    if (exempt || !matches(world, actor, asked, policy)) return "open";
    return residual === undefined ? "blocked" : "asked";
  }
  const isClient =
    actor.mode === "app" ||
    (actor.mode === "maker" && APPLICATIONS.includes(world.prop("Principal", own, "kind")));
  if (kind === "AppRestriction" && (isClient || ["agent-user", "on-behalf-of"].includes(actor.mode))) {
    // The application that asks is the identity itself, or the one that asks for a person.
    const clients = isClient ? closure : clientsOf(world, actor).flatMap((id) => [...world.closure(id)]);
    return matches(world, actor, clients, policy) === (effect === "block") ? "blocked" : "open";
  }
  return "open";
}

/** Whether a policy concerns these principals, or the agent that acts with them; an exclusion wins. */
function matches(world: World, actor: Actor, principals: readonly string[], policy: string): boolean {
  const targets = meant(world, actor, principals, policy);
  return targets.length > 0 && targets.every((rel) => rel.props?.include !== false);
}

/** Conditional Access does not mean agents' users where it means all users. */
const isHuman = (world: World, id: string): boolean =>
  ["User", "Guest"].includes(String(world.prop("Principal", id, "kind")));

/** By what a policy includes or excludes these principals, or the agent that acts with them. */
export function meant(
  world: World,
  { acting, mode }: Actor,
  principals: readonly string[],
  policy: string,
): RelPut[] {
  const kind = world.prop("Policy", policy, "kind");
  const conditional = kind === "ConditionalAccess";
  // The agent itself asks for a token only where it acts as itself.
  const stored = kind === "AppRestriction" && mode === "maker";
  const asking = stored || (conditional && mode !== "app") ? undefined : acting;
  const blueprints = asking === undefined ? [] : blueprintsOf(world, asking);
  const templates = conditional || kind === "AppRestriction" ? blueprints : [];
  const byBlueprint = templates.flatMap((blueprint) => principalsOf(world, blueprint));
  const claimed = (claim: string): boolean =>
    conditional
      ? principals.some((id) => isHuman(world, id) && world.claimsOf(id).includes(claim))
      : claim === EVERYONE || principals.some((id) => world.claimsOf(id).includes(claim));
  // Whoever asks an agent, and is not known, has signed in.
  const stranger = (id: string): boolean => kind === "Dlp" && principals.length === 0 && world.signsIn(id);
  const isMeant = ({ to }: RelPut): boolean =>
    to.kind === "Principal"
      ? principals.includes(to.id) ||
        stranger(to.id) ||
        byBlueprint.includes(to.id) ||
        ([EVERYONE, INSIDERS].includes(to.id) && claimed(to.id))
      : to.kind === "Agent"
        ? to.id === asking
        : blueprints.includes(to.id);
  return world.live("APPLIES_TO").filter((rel) => rel.from.id === policy && isMeant(rel));
}
