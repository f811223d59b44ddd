/** Scopes that stand for a service as a whole, for what no rule models yet, and principals that stand for a class. */
import { type Change, type NodeRef, planeId, type RelRecord, unmodelledId } from "../../src/schema.ts";

export const PLANES = {
  directory: "Entra directory",
  sharepoint: "SharePoint and OneDrive",
  exchange: "Exchange Online mailboxes",
  teams: "Microsoft Teams chats, channels and meetings",
  groups: "Conversations and calendars of Microsoft 365 groups",
  onenote: "OneNote notebooks",
  planner: "Planner and To Do tasks",
  copilot: "Prompts and answers of Copilot",
  connectors: "Items indexed by Copilot connectors",
  intune: "Intune and its devices",
} as const;
export type Plane = keyof typeof PLANES;

/** A scope that a grant names, with what is needed to put its node. */
export interface Place {
  id: string;
  kind: "Service" | "Unmodelled";
  name: string;
  plane: string;
}

export const planePlace = (plane: Plane): Place => ({
  id: planeId(plane),
  kind: "Service",
  name: PLANES[plane],
  plane,
});

/** A place of its own for a grant without a rule. `scope` is an id within `plane`. */
export const unmodelledPlace = (plane: string, scope: string, name: string): Place => ({
  id: unmodelledId(plane, scope.toLowerCase()),
  kind: "Unmodelled",
  name,
  plane,
});

export const placeRef = (place: Place) => ({ kind: "Scope", id: place.id }) as const;

export const placeChange = ({ id, kind, name, plane }: Place): Change => ({
  put: { kind: "Scope", id, props: { kind, name, plane } },
});

/**
 * Classes of principals, so that "may become any application" is one relationship. Any group means any that
 * is in the cloud, not dynamic and not role-assignable.
 */
export const CLASSES = {
  "any-app": { kind: "AnyApp", name: "Any application" },
  "any-group": { kind: "AnyGroup", name: "Any group that is in the cloud, not dynamic, not role-assignable" },
  "any-user": { kind: "AnyUser", name: "Any user" },
  "any-blueprint": { kind: "AnyBlueprint", name: "Any agent identity blueprint" },
} as const;
export type Class = keyof typeof CLASSES;

export const classRef = (of: Class) => ({ kind: "Principal", id: `class:${of}` }) as const;
export const classChange = (of: Class): Change => ({
  put: { ...classRef(of), props: { ...CLASSES[of] } },
});

/** `from` can make itself, or become, `to`. `how` says by what and tells several ways apart. */
export const controls = (from: NodeRef, to: NodeRef, how: string): Change => {
  const rel: RelRecord<"CONTROLS"> = { kind: "CONTROLS", from, to, props: { how, key: how } };
  return { put: rel };
};
