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

/** Azure as a whole. The tenant's root lies in it as soon as the Azure connector has looked, which puts this node as well. */
export const AZURE_PLACE: Place = { id: planeId("azure"), kind: "Service", name: "Azure", plane: "azure" };

/** A place of its own for a grant without a rule. `scope` is an id within `plane`. */
export const unmodelledPlace = (plane: string, scope: string, name: string): Place => ({
  id: unmodelledId(plane, scope.toLowerCase()),
  kind: "Unmodelled",
  name,
  plane,
});

/**
 * The same for an API, or for a part of one that no table knows. It is a service: whoever may act there for users reaches
 * what nobody read, which is unknown and not nothing.
 */
export const unreadService = (plane: string, scope: string, name: string): Place => ({
  ...unmodelledPlace(plane, scope, name),
  kind: "Service",
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
  "any-app": {
    kind: "AnyApp",
    name: "Any application",
    reach: "Anything that any application can reach",
  },
  "any-group": {
    kind: "AnyGroup",
    name: "Any group that is in the cloud, not dynamic, not role-assignable",
    reach: "Anything that any group whose members can be changed can reach",
  },
  "any-dynamic-group": {
    kind: "AnyDynamicGroup",
    name: "Any group whose members follow a rule on their attributes",
    reach: "Anything that any group with a membership rule can reach",
  },
  "any-user": {
    kind: "AnyUser",
    name: "Any user",
    reach: "Anything that any user can reach",
  },
  "any-blueprint": {
    kind: "AnyBlueprint",
    name: "Any agent identity blueprint",
    reach: "Anything that any agent identity can reach",
  },
} as const;
export type Class = keyof typeof CLASSES;

export const classRef = (of: Class) => ({ kind: "Principal", id: `class:${of}` }) as const;

/**
 * A class, and what it reaches as one scope of the same id: rules follow this grant like any other, so that
 * nothing is enumerated. What some member of the class cannot do makes it an upper bound.
 */
export function classChanges(of: Class): Change[] {
  const from = classRef(of);
  const { kind, name, reach } = CLASSES[of];
  const to = { kind: "Scope", id: from.id } as const;
  return [
    { put: { ...from, props: { kind, name } } },
    { put: { ...to, props: { kind: "Class", name: reach, plane: "class" } } },
    {
      put: {
        kind: "GRANTED",
        from,
        to,
        props: {
          key: "class",
          ...{ read: true, write: true, add: true, delete: true, assign: true, see: true },
          ...{ flow: "containment", source: "class", role: "class", tier: "now" },
          ...{ certainty: "upper-bound", reason_code: "class" },
        },
      },
    },
  ];
}

/** `from` can make itself, or become, `to`. `how` says by what and tells several ways apart. */
export const controls = (from: NodeRef, to: NodeRef, how: string): Change => {
  const rel: RelRecord<"CONTROLS"> = { kind: "CONTROLS", from, to, props: { how, key: how } };
  return { put: rel };
};
