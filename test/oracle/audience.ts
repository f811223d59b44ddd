/** For whom an agent acts on behalf of: persons who may talk to it. */
import type { World } from "./records.ts";

/** Users and guests that may use the agent themselves, as members of a group today, or as everyone. */
export function audienceOf(world: World, agent: string): string[] {
  const may = world
    .live("MAY_USE")
    .filter((rel) => rel.to.id === agent)
    .map((rel) => rel.from.id);
  return world
    .all("Principal")
    .filter(({ id, props }) => (props?.kind === "User" || props?.kind === "Guest") && world.enabled(id))
    .map(({ id }) => id)
    .filter((id) => {
      const closure = world.closure(id);
      return may.some((one) => closure.has(one) || world.claimsOf(id).includes(one));
    });
}

/** Whether somebody may use the agent of whom no record says what that is: it may be a person. */
export function strangersIn(world: World, agent: string): boolean {
  const may = world
    .live("MAY_USE")
    .filter((rel) => rel.to.id === agent)
    .map((rel) => rel.from.id);
  return [...world.named("Principal")]
    .filter((id) => world.prop("Principal", id, "kind") === undefined && world.enabled(id))
    .some((id) => !EVERYBODY.includes(id) && may.some((one) => world.closure(id).has(one)));
}
const EVERYBODY = ["everyone", "everyone-except-external"];
