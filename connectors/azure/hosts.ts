/** Managed identities and the resources that run as them, and the resources that hold data behind keys. */
import type { Page, Step, StepContext } from "../../src/connector.ts";
import type { Coverage } from "../../src/model.ts";
import { armId, directoryId, type GraphRecord, unmodelledId } from "../../src/schema.ts";
import { API, cursorOf, reader, STEP, subscriptionScopes } from "./arm.ts";
import { resourceType } from "./host-control.ts";
import { type Keyed, planeOfType, unmodelledRecords } from "./planes.ts";
import { isAtOrBelow, scopeChain, scopeNode } from "./scopes.ts";

interface UserAssigned {
  id: string;
  name: string;
  properties?: { principalId?: string | null };
}

/** A resource that acts, with the identities that it acts as. */
function hostRecords(id: string, name: string, runsAs: readonly string[]): GraphRecord[] {
  const scope = armId(id);
  return [
    ...scopeChain(id, { name, runsAs: [...runsAs] }),
    ...runsAs.map(
      (identity): GraphRecord => ({
        kind: "RUNS_AS",
        from: { kind: "Scope", id: scope },
        to: { kind: "Principal", id: identity },
      }),
    ),
  ];
}

/**
 * Whoever may assign a user-assigned identity to something of theirs acts as it: it is a place with rights of its own.
 * https://learn.microsoft.com/rest/api/managedidentity/user-assigned-identities/list-by-subscription
 */
export const managedIdentities: Step = {
  id: STEP.managedIdentities,
  title: "User-assigned managed identities",
  produces: ["Scope", "WITHIN", "RUNS_AS"],
  needs: [reader("to list managed identities")],
  reads: ["GET arm /subscriptions/{id}/providers/Microsoft.ManagedIdentity/userAssignedIdentities"],
  after: [STEP.subscriptions],
  hides: "grants",
  scopes: subscriptionScopes,
  async *crawl(c, pass): AsyncGenerator<Page> {
    const path =
      pass.cursor ??
      `${pass.scope}/providers/Microsoft.ManagedIdentity/userAssignedIdentities?api-version=${API.managedIdentity}`;
    for await (const page of c.http.pages<UserAssigned>("arm", path)) {
      const records = page.items.flatMap(({ id, name, properties }) =>
        hostRecords(id, name, properties?.principalId ? [directoryId(properties.principalId)] : []),
      );
      yield { changes: records.map((put) => ({ put })), ...cursorOf(page) };
    }
  },
};

interface Resource {
  id: string;
  name: string;
  identity?: {
    /** `SystemAssigned`, `UserAssigned`, both with a comma between them, or `None`. */
    type?: string | null;
    principalId?: string | null;
    userAssignedIdentities?: Readonly<Record<string, { principalId?: string | null } | null>> | null;
  } | null;
}

/** https://learn.microsoft.com/rest/api/resources/resources/list */
export const hosts: Step = {
  id: STEP.hosts,
  title: "Resources that run as managed identities",
  produces: ["Scope", "WITHIN", "RUNS_AS"],
  needs: [reader("to see which resources run as which managed identities")],
  reads: ["GET arm /subscriptions/{id}/resources"],
  after: [STEP.subscriptions],
  // Some answers name a user-assigned identity without its object id, which its own listing has.
  follows: [STEP.managedIdentities],
  hides: "grants",
  scopes: subscriptionScopes,
  async *crawl(c, pass): AsyncGenerator<Page> {
    const assigned = new Map((await knownHosts(c)).map(({ id, runsAs }) => [id, runsAs]));
    const path = pass.cursor ?? `${pass.scope}/resources?api-version=${API.resources}`;
    for await (const page of c.http.pages<Resource>("arm", path)) {
      const nameless: string[] = [];
      const records = page.items.flatMap(({ id, name, identity }) => {
        const runsAs = new Set<string>();
        if (identity?.principalId) runsAs.add(directoryId(identity.principalId));
        else if (identity?.type?.toLowerCase().includes("systemassigned"))
          nameless.push(`${armId(id)} as itself`);
        for (const [resource, answer] of Object.entries(identity?.userAssignedIdentities ?? {})) {
          const known = answer?.principalId
            ? [directoryId(answer.principalId)]
            : (assigned.get(armId(resource)) ?? []);
          if (known.length === 0) nameless.push(`${armId(id)} as ${armId(resource)}`);
          for (const each of known) runsAs.add(each);
        }
        return runsAs.size === 0 ? [] : hostRecords(id, name, [...runsAs].sort());
      });
      records.push(...keyedRecords(page.items.map(({ id }) => armId(id))));
      // Only then may the absence of a resource be taken for what it is.
      if (page.next === undefined) records.push(scopeNode(pass.scope, { listed: true }));
      yield {
        changes: records.map((put) => ({ put })),
        ...(nameless.length > 0 ? { gaps: [unnamed(pass.scope, nameless)] } : {}),
        ...cursorOf(page),
      };
    }
  },
};

/** An identity of a subscription that was not read, say, or one that is being made: what runs as it is known, and it is not. */
const unnamed = (scope: string, pairs: readonly string[]): Coverage => ({
  step: STEP.hosts,
  scope,
  state: "partial",
  reason: `identities whose object id is not known: ${pairs.join(", ")}`,
  fix: "scan the subscriptions of these identities as well, or once more when they are made",
});

/** The planes that keys to some of these resources open, one for each resource group. */
function keyedRecords(ids: readonly string[]): GraphRecord[] {
  const found = new Map<string, GraphRecord[]>();
  for (const id of ids) {
    const plane = planeOfType(resourceType(id));
    const group = GROUP.exec(id)?.[0];
    if (plane !== undefined && group !== undefined && !found.has(`${plane} ${group}`))
      found.set(`${plane} ${group}`, [
        ...scopeChain(group),
        ...unmodelledRecords(plane, group, { listed: true }),
      ]);
  }
  return [...found.values()].flat();
}

const GROUP = /^\/subscriptions\/[^/]+\/resourcegroups\/[^/]+/;

/** What earlier steps found of resources with keys in a subscription. */
export async function knownKeyed(c: StepContext, subscription: string): Promise<Keyed> {
  const groups: { plane: string; group: string }[] = [];
  for await (const node of c.known("Scope", { kind: "Unmodelled" })) {
    if (node.kind !== "Scope" || !node.props.listed || !node.props.plane) continue;
    const { plane } = node.props;
    const group = node.id.slice(unmodelledId(plane, "").length);
    if (isAtOrBelow(group, subscription)) groups.push({ plane, group });
  }
  let complete = false;
  for await (const node of c.known("Scope", { kind: "Subscription" }))
    if (node.kind === "Scope" && node.id === subscription) complete = node.props.listed === true;
  return { groups, complete };
}

/** Every resource that earlier steps found to run as something, in bytewise order. */
export async function knownHosts(c: StepContext): Promise<{ id: string; runsAs: readonly string[] }[]> {
  const found: { id: string; runsAs: readonly string[] }[] = [];
  for await (const node of c.known("Scope", { kind: "Resource" }))
    if (node.kind === "Scope" && node.props.runsAs?.length)
      found.push({ id: node.id, runsAs: node.props.runsAs });
  return found.sort((a, b) => (a.id < b.id ? -1 : 1));
}
