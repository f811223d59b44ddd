/** Management groups: the tree above subscriptions, read from the tenant's root group child by child. */
import type { Page, Step, StepContext } from "../../src/connector.ts";
import type { Coverage } from "../../src/model.ts";
import { armId, type GraphRecord } from "../../src/schema.ts";
import { API, gapOf, reader, STEP, SUBSCRIPTIONS } from "./arm.ts";
import {
  portalUrl,
  rootChain,
  rootGroupId,
  scopeKind,
  scopeNode,
  TENANT_ROOT,
  tenantRoot,
  within,
} from "./scopes.ts";

interface ManagementGroup {
  id: string;
  name: string;
  properties?: { displayName?: string; children?: { id: string; displayName?: string }[] | null };
}
interface Child {
  id: string;
  name: string | undefined;
}
type Visit = { group: Child; children: readonly Child[] } | { refused: string; error: unknown };

/**
 * Visits every group that can be read, parents first. Throws what the root group's own read throws; a child
 * that cannot be read is a visit with the error.
 */
async function* walk(c: StepContext): AsyncGenerator<Visit> {
  const root = rootGroupId(c.tenantId);
  const seen = new Set([root]);
  const waiting = [root];
  for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
    try {
      const visit = await readGroup(c, id);
      for (const child of visit.children)
        if (scopeKind(child.id) === "ManagementGroup" && !seen.has(child.id)) {
          seen.add(child.id);
          waiting.push(child.id);
        }
      yield visit;
    } catch (error) {
      if (id === root) throw error;
      yield { refused: id, error };
    }
  }
}

/** https://learn.microsoft.com/rest/api/managementgroups/management-groups/get */
async function readGroup(c: StepContext, id: string): Promise<{ group: Child; children: Child[] }> {
  const path = `${id}?api-version=${API.managementGroups}&$expand=children`;
  const { body } = await c.http.get<ManagementGroup>("arm", path);
  return {
    group: { id, name: body.properties?.displayName ?? body.name },
    // A group without children has no such property.
    children: (body.properties?.children ?? []).map((child) => ({
      id: armId(child.id),
      name: child.displayName,
    })),
  };
}

const read = new WeakMap<StepContext, Promise<ReadonlyMap<string, string>>>();

/**
 * The group that holds each group and subscription, as far as the tree can be read; the root group has no
 * entry. Read once for each step of a scan. That the tree could not be read is coverage of the management
 * group step, so it is not said again here.
 */
export function holders(c: StepContext): Promise<ReadonlyMap<string, string>> {
  const known = read.get(c);
  if (known !== undefined) return known;
  const reading = readHolders(c);
  read.set(c, reading);
  return reading;
}

async function readHolders(c: StepContext): Promise<ReadonlyMap<string, string>> {
  const holderOf = new Map<string, string>();
  try {
    for await (const visit of walk(c))
      if ("group" in visit) for (const child of visit.children) holderOf.set(child.id, visit.group.id);
      else gapOf(STEP.managementGroups, visit.refused, visit.error);
  } catch (error) {
    gapOf(STEP.managementGroups, rootGroupId(c.tenantId), error);
  }
  return holderOf;
}

/** True if the tree says that `scope` lies in `group`, directly or not. */
export function isHeldBy(holderOf: ReadonlyMap<string, string>, scope: string, group: string): boolean {
  const seen = new Set<string>();
  for (let at = holderOf.get(scope); at !== undefined && !seen.has(at); at = holderOf.get(at)) {
    if (at === group) return true;
    seen.add(at);
  }
  return false;
}

export const managementGroups: Step = {
  id: STEP.managementGroups,
  title: "Management groups",
  produces: ["Scope", "WITHIN"],
  needs: [reader("to read the management group tree, through which grants reach subscriptions")],
  reads: ["GET arm /providers/Microsoft.Management/managementGroups/{id}"],
  hides: "both",
  async *crawl(c): AsyncGenerator<Page> {
    const root = rootGroupId(c.tenantId);
    for await (const visit of walk(c)) {
      if ("refused" in visit) {
        const gap: Coverage = gapOf(STEP.managementGroups, visit.refused, visit.error);
        yield { changes: [], gaps: [gap] };
        continue;
      }
      const { group, children } = visit;
      const above: GraphRecord[] = group.id === root ? [...tenantRoot(), within(root, TENANT_ROOT)] : [];
      const node = scopeNode(group.id, {
        ...(group.name === undefined ? {} : { name: group.name }),
        url: portalUrl(group.id, c.tenantId),
      });
      const below = children.flatMap(({ id, name }) => [
        scopeNode(id, name === undefined ? {} : { name }),
        within(id, group.id),
      ]);
      yield { changes: [...above, node, ...below].map((put) => ({ put })) };
    }
  },
};

const listed = new WeakMap<StepContext, Promise<ReadonlyMap<string, string>>>();

/** The tenant of a subscription, as far as the listing of subscriptions says. Read once for each step of a scan. */
async function tenantOf(c: StepContext, subscription: string): Promise<string> {
  const reading = listed.get(c) ?? readTenants(c);
  listed.set(c, reading);
  return (await reading).get(subscription) ?? c.tenantId;
}

async function readTenants(c: StepContext): Promise<ReadonlyMap<string, string>> {
  const tenants = new Map<string, string>();
  try {
    for await (const { items } of c.http.pages<{ id: string; tenantId?: string }>("arm", SUBSCRIPTIONS))
      for (const { id, tenantId } of items) if (tenantId) tenants.set(armId(id), tenantId);
  } catch (error) {
    // That they could not be listed is coverage of their own step.
    gapOf(STEP.subscriptions, "", error);
  }
  return tenants;
}

/**
 * The scope that an assignment names, in the listing of a subscription. `/` is the root of the subscription's own tenant; that of
 * another tenant, which shares nothing with ours, goes by the group that holds all the others there.
 */
export async function namedScope(c: StepContext, scope: string, subscription: string): Promise<string> {
  if (scope !== TENANT_ROOT) return scope;
  const root = rootGroupId(await tenantOf(c, subscription));
  return root === rootGroupId(c.tenantId) ? scope : root;
}

/**
 * Places a scope that an assignment names. What the listing of a subscription shows applies to it, so a
 * group named there holds the subscription even if the tree does not say so (a part of it was refused). A group that is not in the
 * tree is one of the subscription's own tenant.
 */
export async function placeScope(
  c: StepContext,
  scope: string,
  subscription: string,
): Promise<GraphRecord[]> {
  const own = rootGroupId(c.tenantId);
  if (scopeKind(scope) !== "ManagementGroup" || scope === own)
    return scope === own || scope === TENANT_ROOT ? rootChain(c.tenantId) : [];
  const holderOf = await holders(c);
  if (isHeldBy(holderOf, subscription, scope)) return [scopeNode(scope)];
  const held = [scopeNode(scope), scopeNode(subscription), within(subscription, scope)];
  if (holderOf.has(scope)) return held;
  const root = rootGroupId(await tenantOf(c, subscription));
  if (scope === root) return held;
  return [...held, ...(root === own ? rootChain(c.tenantId) : [scopeNode(root)]), within(scope, root)];
}
