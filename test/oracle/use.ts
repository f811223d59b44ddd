/**
 * What an actor may do with content of a label that something guards: open it, use it in an answer, and whether a rule
 * keeps it out of answers on the surface of the agent (reach.md 4, gates 7 and 8; data reference 2.4 and 3.1).
 */
import { stopped } from "./blueprints.ts";
import { actsForPeople } from "./consents.ts";
import { carriedBy } from "./copies.ts";
import { labelOf } from "./counts.ts";
import { meant } from "./gates.ts";
import { type Actor, actors, disabled } from "./identities.ts";
import { type Put, type RelPut, World } from "./records.ts";
import { unknownFor } from "./unread.ts";

export interface Leave {
  agent: string;
  mode: string;
  via: string;
  label: string;
  /** Null: unknown. */
  view: boolean | null;
  extract: boolean | null;
  blocked: boolean;
}

/** What the actors of each agent may do with each label that is guarded, and on items. */
export function leaves(records: Iterable<Put>, time: string): Leave[] {
  const world = new World(records, time);
  const labels = guarded(world);
  const found: Leave[] = [];
  for (const agent of world.named("Agent"))
    for (const actor of actorsOf(world, agent))
      for (const label of labels) found.push(leave(world, actor, label));
  return found;
}

const guarded = (world: World): string[] => {
  const used = new Set(world.live("PROTECTED_BY").flatMap(({ from }) => labelOf(world, from.id) ?? []));
  const guards = (rel: RelPut): boolean => rel.to.kind === "Label";
  const ruled = new Set(
    [...world.live("LABEL_RIGHTS"), ...world.live("GATES")].filter(guards).map(({ to }) => to.id),
  );
  return [...used].filter((id) => ruled.has(id) || world.prop("Label", id, "encrypted") === true);
};

/**
 * Actors of an agent. Who may use one that carries content, or asks for people in a service that nobody read, and may do
 * nothing else for people where they have something, is followed no further than to those whom a rule or a label names.
 */
function actorsOf(world: World, agent: string): Actor[] {
  const all = actors(world, agent);
  if (disabled(world, agent)) return all;
  const modes = new Set(all.filter(({ via }) => via === "").map(({ mode }) => mode));
  if (!stopped(world, agent)) modes.add("on-behalf-of");
  const carried = [...new Set(carriedBy(world, agent).map(({ via }) => via))].flatMap((via) =>
    [...modes].map((mode): Actor => ({ agent, mode, via, acting: via || agent, own: [], lent: 0 })),
  );
  if ([...unknownFor(world, agent)].length > 0)
    carried.push({ ...{ agent, mode: "on-behalf-of", via: "", acting: agent }, own: [], lent: 0 });
  const followed = all.filter(
    (one) => one.mode !== "on-behalf-of" || carried.length === 0 || actsForPeople(world, one),
  );
  const known = ({ mode, via }: Actor): boolean =>
    followed.some((one) => one.mode === mode && one.via === via);
  return [...followed, ...carried.filter((one) => !known(one))];
}

function leave(world: World, actor: Actor, label: string): Leave {
  const { agent, mode, via, own } = actor;
  const rights = world.live("LABEL_RIGHTS").filter((rel) => rel.to.id === label);
  const strangers = own.length === 0 || asksForStrangers(world, actor);
  const to = (allowed: (rel: RelPut) => boolean): boolean | null => {
    if (rights.length === 0) return world.prop("Label", label, "encrypted") === true ? null : true;
    const held = rights.filter(allowed);
    // Of those who may use it nobody is known: only that a label names one of them is. Who asks an agent is not, either.
    const named = mode === "on-behalf-of" && held.some(({ from }) => mayUse(world, from.id, agent));
    const known = mode !== "key" && own.some((one) => held.some(({ from }) => isIn(world, one, from.id)));
    // Any person may have an address of a domain.
    const perhaps =
      mode !== "key" &&
      held.some(({ from }) => world.isDomain(from.id)) &&
      own.some((one) => world.isPerson(one));
    if (strangers) return named || known || null;
    return known || (perhaps ? null : false);
  };
  const view = (rel: RelPut): boolean => rel.props?.view === true;
  return {
    ...{ agent, mode, via, label },
    view: to(view),
    extract: to((rel) => view(rel) && rel.props?.extract === true),
    blocked: isBlocked(world, actor, label),
  };
}

/** Whether it acts for persons, and who else may use it was not read. */
const asksForStrangers = (world: World, { agent, mode, via }: Actor): boolean =>
  mode === "on-behalf-of" && via === "" && [...unknownFor(world, agent)].some(({ service }) => !service);

const mayUse = (world: World, principal: string, agent: string): boolean =>
  world.enabled(principal) &&
  world.live("MAY_USE").some(({ from, to }) => from.id === principal && to.id === agent);

const isIn = (world: World, own: string, principal: string): boolean =>
  world.closure(own).has(principal) || world.claimsOf(own).includes(principal);

/** Whether on its surface a rule keeps the label out of answers, for each of its identities. */
function isBlocked(world: World, actor: Actor, label: string): boolean {
  const { acting } = actor;
  if (acting === undefined || actor.mode === "app") return false;
  const surface = String(world.prop("Agent", acting, "surface") ?? "").toLowerCase();
  const rules = world.live("GATES").filter(({ from, to }) => {
    const { kind, effect, state, surface: on } = world.props("Policy", from.id);
    return (
      to.id === label &&
      kind === "Dlp" &&
      effect === "block" &&
      (state === undefined || state === "enabled") &&
      (on === undefined || String(on).toLowerCase() === surface)
    );
  });
  const binds = (principals: readonly string[]): boolean =>
    rules.some(({ from: { id } }) => {
      const named = meant(world, actor, principals, id);
      const forAll = !world
        .live("APPLIES_TO")
        .some(({ from, props }) => from.id === id && props?.include !== false);
      return (forAll || named.length > 0) && named.every(({ props }) => props?.include !== false);
    });
  const strangers = actor.own.length === 0 || asksForStrangers(world, actor);
  return (!strangers || binds([])) && actor.own.every((one) => binds([...world.closure(one)]));
}
