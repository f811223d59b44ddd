/** What was not read: which places it concerns, and what it leaves unknown (reach.md 4.1 and 4.6). */
import { hasNameless } from "./audience.ts";
import { stopped } from "./blueprints.ts";
import { allowed } from "./consents.ts";
import { disabled } from "./identities.ts";
import { compareBytes, type NodePut, STATES, UNREAD, type World } from "./records.ts";
import { LEVEL, type Levels, levels, RIGHTS } from "./rights.ts";

/** Who may use an agent is read by this step. */
const USERS = "entra.app-role-assignments";
const fromImport = ({ props }: NodePut): boolean => String(props?.step).startsWith("import.");

/** Gaps in what a place lies in, or what lies in it. One of the whole tenant may hide denies anywhere if it is of an import. */
function gapsAt(world: World, place: string): NodePut[] {
  return world.all(UNREAD).filter((gap) => {
    const scope = String(gap.props?.scope);
    if (scope === "") return gap.props?.hides !== "grants" && fromImport(gap);
    return world.above(place).includes(scope) || world.above(scope).includes(place);
  });
}

/** Whether something that could take access at a place away was not read. */
export const isBlind = (world: World, place: string): boolean =>
  gapsAt(world, place).some(({ props }) => props?.hides !== "grants");

/** What was not read of these places: the worst state, and the steps; empty if all was. */
export function unreadAt(world: World, places: readonly string[]): string {
  const gaps = places.flatMap((place) => gapsAt(world, place));
  if (gaps.length === 0) return "";
  const states = gaps.map(({ props }) => props?.state).sort((a, b) => STATES.indexOf(b) - STATES.indexOf(a));
  const steps = new Set(gaps.map(({ props }) => String(props?.step)));
  return `${states[0]} ${[...steps].sort(compareBytes).join(" ")}`;
}

/** What an agent might reach for people of whom nothing was read. */
export interface Unknown {
  scope: string;
  rights: Levels;
  /** Relationships from the agent. */
  steps: number;
  /** What people have in a service that nobody read; otherwise, which people may use the agent, perhaps beside others. */
  service: boolean;
}

/**
 * Services in which nobody read what people have, and places where people have something, but who may use the agent was not
 * read and no record says of anybody, or one names somebody of no known sort or a mail domain: unknown as far as the consents go.
 */
export function* unknownFor(world: World, agent: string): Generator<Unknown> {
  if (disabled(world, agent) || stopped(world, agent)) return;
  const usersUnread = world.all(UNREAD).some((gap) => gap.props?.step === USERS || fromImport(gap));
  const nobody = !world.live("MAY_USE").some(({ to }) => to.id === agent);
  const strangers = (usersUnread && nobody) || hasNameless(world, agent) || world.isForDomain(agent);
  for (const { place, most, peopled } of allowed(world, agent)) {
    const rights = levels((right) => Math.min(LEVEL.unknown, most[right]));
    if (RIGHTS.every((right) => rights[right] === LEVEL.no)) continue;
    const ways = world.below(place, "WITHIN");
    if (world.prop("Scope", place, "kind") === "Service" && ways.length === 1)
      yield { scope: place, rights, steps: 1, service: true };
    if (strangers && peopled)
      for (const way of ways) yield { scope: way.at(-1)!, rights, steps: way.length, service: false };
  }
}
