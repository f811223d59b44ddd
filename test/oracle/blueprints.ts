/** What agents have from the blueprint that they are made from: reach.md 3, `MADE_FROM`. */

import type { RelPut, World } from "./records.ts";
import { LEVEL } from "./rights.ts";

/** Application permissions of a blueprint that its agents never have. */
const NEVER: readonly unknown[] = [
  "AgentIdentity.CreateAsManager",
  "AgentIdUser.ReadWrite.IdentityParentedBy",
];

export const blueprintsOf = (world: World, agent: string): string[] =>
  world
    .live("MADE_FROM")
    .filter((rel) => rel.from.id === agent)
    .map((rel) => rel.to.id);

export const principalsOf = (world: World, blueprint: string): string[] => {
  const app = world.prop("Blueprint", blueprint, "appId");
  return world
    .all("Principal")
    .filter(({ props }) => app !== undefined && props?.kind === "BlueprintPrincipal" && props.appId === app)
    .map(({ id }) => id);
};

const blueprintDisabled = (world: World, blueprint: string): boolean =>
  world.prop("Blueprint", blueprint, "enabled") === false ||
  principalsOf(world, blueprint).some((id) => !world.enabled(id));

/** Whether an agent cannot act as itself, because a blueprint that it is made from is disabled. */
export const stopped = (world: World, agent: string): boolean =>
  blueprintsOf(world, agent).some((one) => blueprintDisabled(world, one));

/**
 * How surely agents made from a blueprint have what it holds of an API: a level. `what` is a part of a line of
 * `inheritable`, and `named` what must be in its list. An API that is undefined is not known.
 */
export function inherits(
  world: World,
  blueprint: string,
  what: "scopes" | "roles",
  api: unknown,
  named: unknown,
): number {
  const lines = world.prop("Blueprint", blueprint, "inheritable");
  if (!Array.isArray(lines) || typeof api !== "string") return LEVEL.bound;
  const said = lines.map((line: string): number => {
    const [resource, ...parts] = line.split(" ");
    const part = parts.find((one) => one.startsWith(`${what}=`))?.slice(what.length + 1);
    if (resource !== api || part === undefined) return LEVEL.no;
    if (part === "allAllowed") return LEVEL.yes;
    if (part === "unknown") return LEVEL.bound;
    const [kind, list = ""] = part.split(":");
    return kind === "enumerated" && list.split(",").some((one) => one === named) ? LEVEL.yes : LEVEL.no;
  });
  return Math.max(LEVEL.no, ...said);
}

/**
 * Relationships of a kind that a principal has, as the identity of an agent, from the principals of blueprints. A disabled
 * blueprint hands nothing on.
 */
export function handedOn(world: World, identity: string, kind: string): { blueprint: string; rel: RelPut }[] {
  const agents = world
    .live("ACTS_AS")
    .filter((rel) => rel.from.kind === "Agent" && rel.to.id === identity && rel.props?.mode === "app")
    .map((rel) => rel.from.id);
  const blueprints = new Set(agents.flatMap((agent) => blueprintsOf(world, agent)));
  return [...blueprints]
    .filter((blueprint) => !blueprintDisabled(world, blueprint))
    .flatMap((blueprint) => {
      const holders = principalsOf(world, blueprint);
      return world
        .live(kind)
        .filter((rel) => holders.includes(rel.from.id))
        .map((rel) => ({ blueprint, rel }));
    });
}

/** Application permissions that a principal has from blueprints, and how surely. */
export const inherited = (world: World, identity: string): { grant: RelPut; sure: number }[] =>
  handedOn(world, identity, "GRANTED")
    .filter(({ rel }) => rel.props?.source === "app-role" && !NEVER.includes(rel.props.role))
    .map(({ blueprint, rel }) => ({
      grant: rel,
      sure: inherits(world, blueprint, "roles", rel.props?.resource, rel.props?.role),
    }))
    .filter(({ sure }) => sure !== LEVEL.no);

/** Whom a principal can become, as the identity of an agent, by application permissions that blueprints hand on. */
export const handedControl = (world: World, identity: string): RelPut[] =>
  inherited(world, identity).flatMap(({ grant }) =>
    world
      .live("CONTROLS")
      .filter(
        (rel) =>
          rel.from.id === grant.from.id && rel.props?.how === grant.props?.role && rel.to.id !== identity,
      ),
  );
