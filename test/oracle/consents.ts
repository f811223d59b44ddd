/** What a person's access is cut down to where an agent acts for it: delegated permissions that were consented. */
import { handedOn, inherits } from "./blueprints.ts";
import type { Actor } from "./identities.ts";
import type { RelPut, World } from "./records.ts";
import {
  both,
  EVERYTHING,
  either,
  GIVING,
  LEVEL,
  type Levels,
  levels,
  NOTHING,
  saysActions,
  UNKNOWN,
} from "./rights.ts";

/** Modes in which an agent acts for a person. */
export const CAPPED: readonly unknown[] = ["agent-user", "on-behalf-of"];

/** Applications with which the acting agent asks for persons. */
export const clientsOf = (world: World, { acting }: Pick<Actor, "acting">): string[] =>
  world
    .live("ACTS_AS")
    .filter((rel) => rel.from.kind === "Agent" && rel.from.id === acting && rel.props?.mode === "app")
    .map((rel) => rel.to.id)
    .filter((id) => world.enabled(id));

/** Consents to act for persons, its own and those of its blueprints, and how sure each is. */
function consents(world: World, actor: Pick<Actor, "acting">): { rel: RelPut; sure: number }[] {
  const clients = clientsOf(world, actor);
  const own = world
    .live("CONSENTED")
    .filter((rel) => clients.includes(rel.from.id))
    .map((rel) => ({ rel, sure: LEVEL.yes as number }));
  const lent = clients
    .flatMap((client) => handedOn(world, client, "CONSENTED"))
    .map(({ blueprint, rel }) => ({
      rel,
      sure: inherits(world, blueprint, "scopes", apiOf(world, rel), rel.props?.permission),
    }));
  return [...own, ...lent].filter(({ rel, sure }) => rel.props?.type === "delegated" && sure !== LEVEL.no);
}

/** Where an agent may act for people, what it may do there at most, and whether people may have something there. */
export const allowed = (world: World, agent: string): { place: string; most: Levels; peopled: boolean }[] =>
  consents(world, { acting: agent }).map(({ rel, sure }) => ({
    place: rel.to.id,
    most: both(
      allows(rel),
      levels(() => sure),
    ),
    peopled: isPeopled(world, rel.to.id),
  }));

/** Whether it may act for anybody, at a place where people may have something. */
export const actsForPeople = (world: World, actor: Actor): boolean =>
  consents(world, actor).some(({ rel }) => isPeopled(world, rel.to.id));

/**
 * A place that lies in another, has others in it, or at which somebody holds more than an application permission, or could
 * on request.
 */
const isPeopled = (world: World, place: string): boolean =>
  ["WITHIN", "INHERITS"].some((kind) =>
    world.live(kind).some(({ from, to }) => from.id === place || to.id === place),
  ) ||
  world
    .live("GRANTED")
    .some(
      ({ from, to, props }) => to.id === place && (props?.source !== "app-role" || world.isPerson(from.id)),
    ) ||
  world
    .live("CONFERS")
    .some(
      ({ from, to }) =>
        to.id === place && world.live("CAN_REQUEST").some((request) => request.to.id === from.id),
    );

/** The most that an actor may do at a place for the person that it acts for. */
export function capAt(world: World, actor: Actor, person: string, scope: string): Levels {
  if (!CAPPED.includes(actor.mode)) return EVERYTHING;
  const above = world.above(scope);
  return consents(world, actor)
    .filter(({ rel }) => above.includes(rel.to.id) && forPerson(rel, person))
    .map(({ rel, sure }) =>
      both(
        allows(rel),
        levels(() => sure),
      ),
    )
    .reduce(either, NOTHING);
}

const forPerson = (rel: RelPut, person: string): boolean =>
  [undefined, null, "*", person].includes(rel.props?.user as string | null | undefined);

/** The app id of the API that defines a permission; undefined if that was not read. */
function apiOf(world: World, rel: RelPut): unknown {
  const resource = rel.props?.resource;
  return typeof resource === "string" && world.has("Principal", resource)
    ? world.prop("Principal", resource, "appId")
    : resource;
}

/** Permissions for what is the user's own; what of it lies elsewhere than at a place nobody says. */
const OWN = ["files", "mail", "calendars", "contacts", "notes", "myfiles"].flatMap((area) =>
  ["read", "readbasic", "readwrite", "write"].map((verb) => `${area}.${verb}`),
);

/** What a permission lets an application do, by its actions or by its name. */
function allows(rel: RelPut): Levels {
  const props = rel.props ?? {};
  const name = String(props.permission ?? "").toLowerCase();
  const most = OWN.includes(name) ? LEVEL.bound : LEVEL.yes;
  if (saysActions(props))
    return levels((right) => (GIVING[right].some((action) => props[action] === true) ? most : LEVEL.no));
  const only = (...rights: string[]): Levels => levels((right) => (rights.includes(right) ? most : LEVEL.no));
  if (name.includes(".selected")) return UNKNOWN;
  if (name.includes(".readbasic")) return only("discover");
  if (/^(user_impersonation|access_as_user|full_access_as_user)$|\.fullcontrol/.test(name)) return EVERYTHING;
  if (/\.readwrite|\.manage/.test(name)) return only("discover", "read", "write");
  if (/\.read(\.|$)/.test(name)) return only("discover", "read");
  if (/\.write(\.|$)/.test(name)) return only("discover", "write");
  return UNKNOWN;
}
