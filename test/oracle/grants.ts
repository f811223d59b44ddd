/** Grants that an actor holds by one of its identities: its own, those of everyone, of packages and of blueprints. */
import { inherited } from "./blueprints.ts";
import type { Identity } from "./identities.ts";
import { type Hold, posixHold } from "./posix.ts";
import type { Value, World } from "./records.ts";
import { LEVEL, saysActions } from "./rights.ts";

/** A grant at a place, and the way of the actor to it. */
export interface Held {
  hold: Hold;
  /** Where it was granted. */
  at: string;
  props: Readonly<Record<string, Value>>;
  /** The most that it gives: LEVEL.bound if something unread could take it away. */
  sure: number;
  /** Code of why it is not exact. */
  reason?: string;
}

/** Everything that one identity of an actor, `all` of whose identities are given, holds. */
export function* heldBy(world: World, all: readonly Identity[], identity: Identity): Generator<Held> {
  const { principal, itself } = identity;
  for (const grant of world.live("GRANTED")) {
    const props = said(grant.props ?? {});
    const app = props.source === "app-role";
    if (app && (!itself || world.prop("Principal", principal, "kind") === "Group")) continue;
    const hold: Hold | undefined =
      props.flow === "posix"
        ? posixHold(world, all, identity, grant)
        : grant.from.id === principal
          ? identity
          : undefined;
    const sure = props.certainty === "upper-bound" ? LEVEL.bound : LEVEL.yes;
    if (hold !== undefined) yield { hold, at: grant.to.id, props, sure, ...because(props) };
  }
  if (itself)
    for (const { grant, sure } of inherited(world, principal)) {
      const props = said(grant.props ?? {});
      const most = props.certainty === "upper-bound" ? LEVEL.bound : sure;
      const reason = sure === LEVEL.bound ? "inheritance-unread" : undefined;
      if (props.flow !== "posix")
        yield { hold: identity, at: grant.to.id, props, sure: most, ...because(props, reason) };
    }
  // What a package would give at a place, is not known unless the package says so.
  for (const request of world.live("CAN_REQUEST"))
    for (const gift of world.live("CONFERS"))
      if (request.from.id === principal && request.to.id === gift.from.id && gift.to.kind === "Scope")
        yield {
          hold: identity,
          at: gift.to.id,
          props: {
            ...gift.props,
            ...(saysActions(gift.props ?? {}) ? {} : { unknown: true }),
            key: `package:${gift.from.id}`,
            flow: "acl",
            tier: "potential",
          },
          sure: LEVEL.yes,
          ...because({}, saysActions(gift.props ?? {}) ? undefined : "package-role"),
        };
}

/** Of which nothing says an action: what it opens was not read. */
const said = (props: Held["props"]): Held["props"] =>
  saysActions(props) || props.unknown !== undefined
    ? props
    : { reason_code: "actions-unread", ...props, unknown: true };

/** What the record says is the reason or, if it says nothing, this. */
const because = (props: Held["props"], otherwise?: string): Pick<Held, "reason"> => {
  const reason = typeof props.reason_code === "string" ? props.reason_code : otherwise;
  return reason === undefined ? {} : { reason };
};
