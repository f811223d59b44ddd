/** What stands between a grant and access at a place: network rules, locks, policies (reach.md 4.3, 5 and 6). */
import { blueprintsOf } from "./blueprints.ts";
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

/** What one policy says to one identity of an actor. */
function verdict(world: World, actor: Actor, own: string, policy: string): "open" | "asked" | "blocked" {
  const { kind, effect, state, residual } = world.props("Policy", policy);
  if (state !== undefined && state !== "enabled") return "open";
  const closure = [...world.closure(own)];
  if (kind === "SiteRestriction")
    return actor.mode === "key" || !world.isPerson(own) || matches(world, actor, closure, policy)
      ? "open"
      : "blocked";
  if (effect !== "block") return "open";
  if (kind === "ConditionalAccess") {
    const exempt = actor.mode === "key" || world.prop("Principal", own, "kind") === "ManagedIdentity";
    if (exempt || !matches(world, actor, closure, policy)) return "open";
    return residual === undefined ? "blocked" : "asked";
  }
  if (kind === "AppRestriction" && ["app", "agent-user", "on-behalf-of"].includes(actor.mode)) {
    // The application that asks is the identity itself, or the one that asks for a person.
    const clients =
      actor.mode === "app" ? closure : clientsOf(world, actor).flatMap((id) => [...world.closure(id)]);
    return matches(world, actor, clients, policy) ? "blocked" : "open";
  }
  return "open";
}

/** Whether a policy concerns these principals, or the agent that acts with them; an exclusion wins. */
function matches(world: World, actor: Actor, principals: readonly string[], policy: string): boolean {
  const targets = meant(world, actor, principals, policy);
  return targets.length > 0 && targets.every((rel) => rel.props?.include !== false);
}

/** By what a policy includes or excludes these principals, or the agent that acts with them. */
export function meant(
  world: World,
  { acting }: Actor,
  principals: readonly string[],
  policy: string,
): RelPut[] {
  const blueprints = acting === undefined ? [] : blueprintsOf(world, acting);
  const insider = (id: string): boolean => world.claimsOf(id).includes(INSIDERS);
  const isMeant = ({ to }: RelPut): boolean =>
    to.kind === "Principal"
      ? to.id === EVERYONE || principals.includes(to.id) || (to.id === INSIDERS && principals.some(insider))
      : to.kind === "Agent"
        ? to.id === acting
        : blueprints.includes(to.id);
  return world.live("APPLIES_TO").filter((rel) => rel.from.id === policy && isMeant(rel));
}
