/**
 * What Azure role assignments in a recording of a tenant imply, and changed copies of such a recording. An
 * exchange is `{request: {method, url}, response: {status, body}}`. Rules:
 * https://learn.microsoft.com/azure/role-based-access-control/overview
 */

export interface Exchange {
  recorded?: string;
  request: { method: string; url: string };
  response: {
    status: number;
    headers?: Record<string, string>;
    body: { value?: unknown[]; [more: string]: unknown };
  };
}
/** `conditional`: a condition that only the request decides stands in between. */
export type Outcome = "no" | "conditional" | "yes";
export interface Rights {
  discover: Outcome;
  read: Outcome;
  write: Outcome;
  manage: Outcome;
}

interface Permission {
  actions?: string[];
  notActions?: string[];
  dataActions?: string[];
  notDataActions?: string[];
}
interface Assignment {
  properties: { roleDefinitionId: string; principalId: string; scope: string; condition?: string | null };
}
interface Deny {
  properties: {
    permissions: Permission[];
    scope: string;
    doNotApplyToChildScopes: boolean;
    principals: { id: string }[];
    excludePrincipals: { id: string }[];
  };
}
interface Role {
  name: string;
  properties: { permissions: Permission[] };
}
interface Account {
  id: string;
  name: string;
  properties: { allowSharedKeyAccess?: boolean | null };
}
interface Directory {
  id: string;
  accountEnabled?: boolean | null;
  disabledByMicrosoftStatus?: string | null;
  "@odata.type"?: string;
}
interface ManagementGroup {
  id: string;
  properties: { children?: { id: string }[] };
}

const ACCOUNT = "Microsoft.Storage/storageAccounts";
const BLOBS = `${ACCOUNT}/blobServices/containers/blobs`;
const KEYS = ["listKeys", "regenerateKey", "listAccountSas", "listServiceSas"].map(
  (one) => `${ACCOUNT}/${one}/action`,
);
const EVERYONE = "00000000-0000-0000-0000-000000000000";
const ORDER: readonly Outcome[] = ["no", "conditional", "yes"];

const best = (outcomes: readonly Outcome[]): Outcome =>
  ORDER[Math.max(0, ...outcomes.map((one) => ORDER.indexOf(one)))]!;
const lower = (id: string): string => id.toLowerCase().replace(/(?<=.)\/$/, "");
const lastOf = (id: string): string => lower(id).split("/").at(-1)!;

/** Exchanges of a recording, one a line. */
export const recordingOf = (lines: Iterable<string>): Exchange[] =>
  [...lines].filter((line) => line !== "").map((line): Exchange => JSON.parse(line));

/** All entries of a list, over its pages. */
const listOf = <T>(exchanges: Iterable<Exchange>, path: RegExp): T[] =>
  [...exchanges]
    .filter((one) => one.response.status === 200 && path.test(new URL(one.request.url).pathname))
    .flatMap((one) => (one.response.body.value ?? []) as T[]);
const PATHS = {
  assignments: /\/providers\/Microsoft\.Authorization\/roleAssignments$/i,
  definitions: /\/providers\/Microsoft\.Authorization\/roleDefinitions$/i,
  denies: /\/providers\/Microsoft\.Authorization\/denyAssignments$/i,
  accounts: /\/providers\/Microsoft\.Storage\/storageAccounts$/i,
  servicePrincipals: /^\/v1\.0\/servicePrincipals$/i,
  groups: /^\/v1\.0\/groups$/i,
} as const;
const membersPath = (group: string): RegExp => new RegExp(`^/v1\\.0/groups/${group}/members$`, "i");

const matches = (pattern: string, action: string): boolean =>
  new RegExp(
    `^${pattern
      .split("*")
      .map((part) => part.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"))
      .join(".*")}$`,
    "is",
  ).test(action);
const covers = (permission: Permission, action: string, data: boolean): boolean => {
  const [yes, not] = data
    ? [permission.dataActions, permission.notDataActions]
    : [permission.actions, permission.notActions];
  const one = (pattern: string) => matches(pattern, action);
  return (yes ?? []).some(one) && !(not ?? []).some(one);
};

/** Of the language of conditions what the changed copies use: one block, of one action and one comparison. */
function decide(condition: string, action: string, account: string): Outcome {
  const block = /^\(\(!\(ActionMatches\{'([^']+)'\}\)\) OR \((.+)\)\)$/.exec(condition);
  if (block === null) throw new Error(`not a condition that the evaluation knows: ${condition}`);
  const [, target = "", rest = ""] = block;
  if (!matches(target, action)) return "yes";
  const named = /^@Resource\[Microsoft\.Storage\/storageAccounts:name\] StringEquals '([^']*)'$/.exec(rest);
  if (named !== null) return named[1] === account ? "yes" : "no";
  if (rest.startsWith("@Environment[")) return "conditional";
  throw new Error(`not a comparison that the evaluation knows: ${rest}`);
}

/** Rights of every service principal on every storage account, keyed `sp|account`, ids in lower case. */
export function evaluateRecording(exchanges: readonly Exchange[]): Map<string, Rights> {
  const assignments = listOf<Assignment>(exchanges, PATHS.assignments);
  const denies = listOf<Deny>(exchanges, PATHS.denies);
  const roles = new Map(listOf<Role>(exchanges, PATHS.definitions).map((role) => [lower(role.name), role]));
  const groups = listOf<Directory>(exchanges, PATHS.groups).map((group) => lower(group.id));
  const members = groups.map(
    (group) => [group, listOf<Directory>(exchanges, membersPath(group)).map((one) => lower(one.id))] as const,
  );
  const closureOf = (id: string): Set<string> => {
    const found = new Set([id]);
    for (const one of found) for (const [group, ids] of members) if (ids.includes(one)) found.add(group);
    return found;
  };
  const parents = new Map<string, string>();
  for (const { request, response } of exchanges) {
    if (!/\/providers\/Microsoft\.Management\/managementGroups\/[^/]+$/i.test(new URL(request.url).pathname))
      continue;
    const group = response.body as unknown as ManagementGroup;
    for (const child of group.properties.children ?? []) parents.set(lower(child.id), lower(group.id));
  }
  /** The account, its resource group, subscription and management groups, and the tenant root. */
  const chainOf = (id: string): string[] => {
    const parts = lower(id).split("/");
    const chain = [lower(id), parts.slice(0, 5).join("/"), parts.slice(0, 3).join("/")];
    for (let up = parents.get(chain[2]!); up !== undefined; up = parents.get(up)) chain.push(up);
    return [...chain, "/"];
  };

  const result = new Map<string, Rights>();
  for (const principal of listOf<Directory>(exchanges, PATHS.servicePrincipals)) {
    const disabled =
      principal.accountEnabled === false || (principal.disabledByMicrosoftStatus ?? null) !== null;
    const closure = closureOf(lower(principal.id));
    const held = disabled ? [] : assignments.filter((one) => closure.has(lower(one.properties.principalId)));
    const binding = denies.filter(
      ({ properties: { principals, excludePrincipals } }) =>
        principals.some(({ id }) => id === EVERYONE || closure.has(lower(id))) &&
        !excludePrincipals.some(({ id }) => closure.has(lower(id))),
    );
    for (const account of listOf<Account>(exchanges, PATHS.accounts)) {
      const chain = chainOf(account.id);
      const may = (action: string, data: boolean): Outcome => {
        for (const { properties: deny } of binding) {
          const here = deny.doNotApplyToChildScopes
            ? lower(deny.scope) === chain[0]
            : chain.includes(lower(deny.scope));
          if (here && deny.permissions.some((one) => covers(one, action, data))) return "no";
        }
        return best(
          held
            .filter((one) => chain.includes(lower(one.properties.scope)))
            .filter((one) => {
              const role = roles.get(lastOf(one.properties.roleDefinitionId));
              if (role === undefined) throw new Error(`no definition of ${one.properties.roleDefinitionId}`);
              return role.properties.permissions.some((permission) => covers(permission, action, data));
            })
            .map(({ properties: { condition } }) =>
              condition === undefined || condition === null ? "yes" : decide(condition, action, account.name),
            ),
        );
      };
      const keys =
        account.properties.allowSharedKeyAccess === false
          ? "no"
          : best(KEYS.map((action) => may(action, false)));
      const read = best([keys, may(`${BLOBS}/read`, true)]);
      const write = best([
        keys,
        ...["write", "add/action", "delete"].map((one) => may(`${BLOBS}/${one}`, true)),
      ]);
      const manage = best([
        keys,
        may("Microsoft.Authorization/roleAssignments/write", false),
        may(`${BLOBS}/modifyPermissions/action`, true),
        may(`${BLOBS}/manageOwnership/action`, true),
      ]);
      const discover = best([read, write, manage, may(`${ACCOUNT}/read`, false)]);
      result.set(`${lower(principal.id)}|${lower(account.id)}`, { discover, read, write, manage });
    }
  }
  return result;
}

/** A copy of a recording that can be changed as a tenant is: by members, roles, assignments and denies. */
export function changed(original: readonly Exchange[]) {
  const exchanges = structuredClone([...original]);
  const first = (path: RegExp): Exchange => {
    const found = exchanges.find((one) => path.test(new URL(one.request.url).pathname));
    if (found === undefined) throw new Error(`nothing recorded for ${path}`);
    return found;
  };
  const append = (path: RegExp, entry: unknown): void => {
    const { body } = first(path).response;
    body.value = [...(body.value ?? []), entry];
  };
  const accounts = listOf<Account>(exchanges, PATHS.accounts).map((one) => lower(one.id));
  // Without a recording there is none, and what asks for it is skipped.
  const subscription = (accounts[0] ?? "").split("/").slice(0, 3).join("/");
  const taken = new Set(
    listOf<Assignment>(exchanges, PATHS.assignments).map((one) => lower(one.properties.principalId)),
  );
  let serial = 0;
  const guid = (): string => `00000000-0000-4000-8000-${String(++serial).padStart(12, "0")}`;
  const provider = "providers/Microsoft.Authorization";
  const restamp = (path: RegExp): void => {
    for (const { request } of exchanges)
      if (path.test(new URL(request.url).pathname))
        request.url = request.url.replace(/api-version=[^&]*/, "api-version=2022-04-01");
  };
  return {
    accounts,
    idle: listOf<Directory>(exchanges, PATHS.servicePrincipals)
      .map((one) => lower(one.id))
      .filter((id) => !taken.has(id)),
    /** Groups without a role assignment. */
    groups: listOf<Directory>(exchanges, PATHS.groups)
      .map((one) => lower(one.id))
      .filter((id) => !taken.has(id)),
    member(group: string, id: string, type: "servicePrincipal" | "group"): void {
      append(membersPath(group), { "@odata.type": `#microsoft.graph.${type}`, id });
    },
    /** Adds a custom role and returns its id. */
    role(permission: Permission): string {
      const name = guid();
      const permissions = [
        { actions: [], notActions: [], dataActions: [], notDataActions: [], ...permission },
      ];
      append(PATHS.definitions, {
        id: `${subscription}/${provider}/roleDefinitions/${name}`,
        type: "Microsoft.Authorization/roleDefinitions",
        name,
        properties: {
          roleName: `custom ${name}`,
          type: "CustomRole",
          description: "",
          assignableScopes: [subscription],
          permissions,
        },
      });
      return name;
    },
    assign(one: { principal: string; role: string; scope: string; type?: string; condition?: string }): void {
      const name = guid();
      append(PATHS.assignments, {
        id: `${one.scope}/${provider}/roleAssignments/${name}`,
        type: "Microsoft.Authorization/roleAssignments",
        name,
        properties: {
          roleDefinitionId: `${subscription}/${provider}/roleDefinitions/${one.role}`,
          principalId: one.principal,
          principalType: one.type ?? "ServicePrincipal",
          scope: one.scope,
          ...(one.condition === undefined ? {} : { condition: one.condition, conditionVersion: "2.0" }),
        },
      });
    },
    /** Adds a deny assignment, recorded as the version that has them lists it. */
    deny(
      one: Permission & { scope: string; principals: string[]; excluded?: string[]; children?: boolean },
    ): void {
      const { scope, principals, excluded = [], children = true, ...permission } = one;
      if (!exchanges.some(({ request }) => PATHS.denies.test(new URL(request.url).pathname)))
        exchanges.push({
          recorded: "2026-01-01T00:00:00Z",
          request: {
            method: "GET",
            url: `https://management.azure.com${subscription}/${provider}/denyAssignments?api-version=2022-04-01`,
          },
          response: { status: 200, headers: { "content-type": "application/json" }, body: { value: [] } },
        });
      const name = guid();
      const asPrincipal = (id: string) => ({
        id,
        type: id === EVERYONE ? "SystemDefined" : "ServicePrincipal",
      });
      append(PATHS.denies, {
        id: `${scope}/${provider}/denyAssignments/${name}`,
        type: "Microsoft.Authorization/denyAssignments",
        name,
        properties: {
          denyAssignmentName: `deny ${name}`,
          permissions: [{ actions: [], notActions: [], dataActions: [], notDataActions: [], ...permission }],
          scope,
          doNotApplyToChildScopes: !children,
          principals: principals.map(asPrincipal),
          excludePrincipals: excluded.map(asPrincipal),
          isSystemProtected: true,
        },
      });
    },
    /** Role assignments as recorded at a version that shows conditions. */
    conditionsRead(): void {
      restamp(PATHS.assignments);
    },
    exchanges: (): readonly Exchange[] => exchanges,
  };
}
