/** For whom an agent acts on behalf of: persons who may talk to it. */
import { EVERYONE, INSIDERS, type World } from "./records.ts";

/** Users and guests that may use the agent themselves, as members of a group today, or as everyone. */
export function audienceOf(world: World, agent: string): string[] {
  const may = mayUse(world, agent);
  return world
    .all("Principal")
    .filter(({ id, props }) => (props?.kind === "User" || props?.kind === "Guest") && world.enabled(id))
    .map(({ id }) => id)
    .filter((id) => {
      const closure = world.closure(id);
      return may.some((one) => closure.has(one) || world.claimsOf(id).includes(one));
    });
}

const mayUse = (world: World, agent: string): string[] =>
  world
    .live("MAY_USE")
    .filter(({ to }) => to.id === agent)
    .map(({ from }) => from.id);

/**
 * Whether somebody may use the agent of whom no record says what sort of principal that is, nor names a member or who acts as it: one person,
 * a group of any size, or nobody who asks.
 */
export function hasNameless(world: World, agent: string): boolean {
  const may = mayUse(world, agent).filter((id) => world.enabled(id));
  const members = world
    .live("MEMBER_OF")
    .filter(({ from, props }) => (props?.tier ?? "now") === "now" && world.enabled(from.id))
    .map(({ to }) => to.id);
  // What acts as itself, or has the account, is no person.
  const applications = world
    .live("ACTS_AS")
    .filter(({ props }) => props?.mode === "app" || props?.mode === "agent-user")
    .map(({ to }) => to.id);
  return [...world.named("Principal")].some(
    (id) =>
      (world.prop("Principal", id, "kind") ?? null) === null &&
      ![EVERYONE, INSIDERS].includes(id) &&
      world.enabled(id) &&
      !members.includes(id) &&
      !applications.includes(id) &&
      may.some((one) => world.closure(id).has(one)),
  );
}
