/** How large a simulated tenant is. Pure data. */

export interface TenantOptions {
  seed: number;
  users: number;
  groups: number;
  /** Direct memberships, exactly; at most users x groups. Default: 5 a user. */
  memberships?: number;
  agents: number;
  /** Agent identity blueprints; default: one for 25 agents. */
  blueprints?: number;
  /** Agent identities that also have an agent user; default: one of 10. */
  agentUsers?: number;
  /** Application service principals, besides agents and the services' own. */
  apps: number;
  managedIdentities?: number;
  subscriptions: number;
  accounts: number;
  containers: number;
  /** Current blobs; versions and snapshots come on top. */
  items: number;
  /** Adds a handful of agents that reach far too much, so that an example shows something. */
  overexposed?: boolean;
}

export type TenantSize = Required<TenantOptions>;

const COUNTS = [
  "users",
  "groups",
  "memberships",
  "agents",
  "blueprints",
  "agentUsers",
  "apps",
  "managedIdentities",
  "subscriptions",
  "accounts",
  "containers",
  "items",
] as const satisfies readonly (keyof TenantOptions)[];

/** Fills in what was left out. Throws RangeError if the counts cannot make a tenant. */
export function sizeOf(options: TenantOptions): TenantSize {
  const size: TenantSize = {
    memberships: Math.min(options.users * 5, options.users * options.groups),
    blueprints: Math.ceil(options.agents / 25),
    agentUsers: Math.floor(options.agents / 10),
    managedIdentities: Math.ceil(options.apps / 5),
    overexposed: false,
    ...options,
  };
  for (const name of COUNTS)
    if (!Number.isSafeInteger(size[name]) || size[name] < 0)
      throw new RangeError(`${name} must be a whole number of at least 0, not ${size[name]}`);
  const needs = (one: keyof TenantSize, other: keyof TenantSize): void => {
    if (Number(size[one]) > 0 && Number(size[other]) === 0)
      throw new RangeError(`${one} need at least one of ${other}`);
  };
  needs("agents", "blueprints");
  needs("agents", "users");
  needs("groups", "users");
  needs("accounts", "subscriptions");
  needs("containers", "accounts");
  needs("items", "containers");
  if (size.agentUsers > size.agents) throw new RangeError("an agent has at most one agent user");
  return size;
}
