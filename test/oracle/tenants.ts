/**
 * Small random tenants in which all that the oracle covers meets: nested and cyclic groups, cycles of control,
 * broken inheritance, denies with exclusions, keys, every tier, expiry, stored connections, servers, agents that call
 * agents, access lists of ADLS, persons, network rules, locks, names that sort differently as UTF-16.
 */
import fc from "fast-check";
import { type Put, UNREAD, type Value } from "./records.ts";
import { addMore, more } from "./tenants-more.ts";

/** Counts as now. */
export const TIME = "2026-01-01T00:00:00.000Z";
/** Ended, ends at this very moment (so it has ended), does not end yet. */
const EXPIRES = [
  "2025-12-31T23:59:59.999Z",
  "2026-01-01T00:00:00.000Z",
  "2026-01-01T00:00:00Z",
  "2026-01-01T00:00:00.001Z",
  "2026-02-01T00:00:00Z",
];
/** Primitive actions that grants and denies name. */
export const ACTIONS = [
  "see",
  "read",
  "write",
  "add",
  "delete",
  "setAcl",
  "own",
  "listKeys",
  "regenerateKey",
  "accountSas",
  "serviceSas",
  "assign",
];
/** Bytewise the ligature comes before the emoji; as UTF-16 it comes after. */
const NAMES = ["a", "b", "B", "é", "\uFB00", "\u{1F600}"];
const SCOPE_KINDS = ["Subscription", "ResourceGroup", "StorageAccount", "StorageAccount", "Container"];

/** Classes of which no record says who is in them. */
const CLASSES = ["AllAgentIdentities", "AuthenticatedUsers", "MailDomain"] as const;
/** Persons, and identities that some policies spare. */
const PEOPLE = ["User", "User", "Guest", "AgentUser", "ManagedIdentity"];
const APPS: readonly string[] = ["ServicePrincipal", "ManagedIdentity", "AgentIdentity"];
const NETWORKS = [undefined, undefined, undefined, undefined, undefined, "Allow", "Deny", "unknown"];
const GATES = [
  ...[undefined, undefined, undefined, undefined, undefined, undefined, undefined, undefined],
  ...[["restricted-search"], ["lock:ReadOnly"], ["lock:NoAccess"]],
];

const nat = fc.nat({ max: 9_999 });
/** True once in `times`. */
const once = (times: number) => fc.nat({ max: times - 1 }).map((n) => n === times - 1);
/** Often the first: what many share meets more often. */
const first = fc.oneof({ weight: 2, arbitrary: nat }, { weight: 1, arbitrary: fc.constant(0) });
const name = fc.constantFrom(...NAMES);
const expires = fc.oneof(
  { weight: 5, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.constantFrom(...EXPIRES) },
);
const actions = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...ACTIONS).map((one) => [one]) },
  { weight: 3, arbitrary: fc.subarray(ACTIONS, { minLength: 1, maxLength: 4 }) },
  { weight: 1, arbitrary: fc.constant(["see", "read"]) },
  { weight: 1, arbitrary: fc.constant(["see", "assign", "listKeys", "regenerateKey"]) },
);

const shape = fc.record({
  agents: fc.array(
    fc.record({
      name,
      disabled: once(12),
      own: fc.array(first, { minLength: 1, maxLength: 2 }),
      sameId: fc.boolean(),
      stored: fc.constantFrom(undefined, undefined, "maker", "maker", "key", "agent-user", "agent-user"),
      bare: once(8),
      surface: fc.constantFrom(undefined, "Copilot", "other"),
    }),
    { minLength: 2, maxLength: 4 },
  ),
  servers: fc.array(
    fc.record({
      name,
      by: fc.array(nat, { minLength: 1, maxLength: 2 }),
      as: first,
      mode: fc.constantFrom("app", "app", "maker", "key", "agent-user"),
      second: once(4),
      unknown: once(4),
    }),
    { maxLength: 2 },
  ),
  calls: fc.array(
    fc.record({ from: nat, to: nat, mode: fc.constantFrom("own", "own", "own", "caller", "caller") }),
    { maxLength: 4 },
  ),
  principals: fc.array(
    fc.record({
      name,
      sort: fc.constantFrom("Group", "Group", "Group", "ServicePrincipal", "ServicePrincipal", ...PEOPLE),
      guest: once(4),
      enabled: fc.constantFrom(undefined, undefined, true, false),
    }),
    { minLength: 4, maxLength: 10 },
  ),
  scopes: fc.array(
    fc.record({
      name,
      parent: nat,
      root: once(6),
      azure: fc.nat({ max: 4 }).map((n) => n > 1),
      inherits: fc.nat({ max: 4 }).map((n) => n > 1),
      kind: fc.constantFrom(...SCOPE_KINDS),
      sharedKey: fc.constantFrom(undefined, undefined, true, false),
      network: fc.constantFrom(...NETWORKS),
      gates: fc.constantFrom(...GATES),
    }),
    { minLength: 4, maxLength: 12 },
  ),
  /** Places of files under an access list: leaves of Azure. */
  leaves: fc.array(fc.record({ name, parent: nat }), { maxLength: 2 }),
  members: fc.array(
    fc.record({
      from: first,
      to: nat,
      tier: fc.constantFrom(undefined, undefined, "now", "potential"),
      expires,
      /** Everyone is in the group, or everyone who is no guest. */
      claim: once(300),
    }),
    { maxLength: 12 },
  ),
  controls: fc.array(fc.record({ from: nat, to: nat }), { maxLength: 5 }),
  grants: fc.array(
    fc.record({
      to: first,
      at: nat,
      key: name,
      actions,
      list: fc.boolean(),
      /** On an access list of ADLS, if the tenant has one: who else must be there, who is left out. */
      posix: once(3),
      together: fc.oneof(
        { weight: 2, arbitrary: fc.constant<number[]>([]) },
        { weight: 1, arbitrary: fc.array(nat, { minLength: 1, maxLength: 2 }) },
      ),
      excluded: fc.oneof(
        { weight: 2, arbitrary: fc.constant<number[]>([]) },
        { weight: 1, arbitrary: fc.array(first, { minLength: 1, maxLength: 2 }) },
      ),
      application: once(4),
      everyone: once(25),
      /** A list that names everyone, or everyone who is no guest. */
      claim: once(6),
      unknown: once(12),
      tier: fc.constantFrom(undefined, undefined, "now", "now", "now", "conditional", "potential", "latent"),
      certainty: fc.constantFrom(undefined, undefined, "exact", "upper-bound"),
      expires,
    }),
    { minLength: 1, maxLength: 12 },
  ),
  denies: fc.array(
    fc.record({
      of: nat,
      at: nat,
      actions,
      /** It takes from a grant, at its scope, of its principal or of some group, the first of its actions. */
      aimed: fc.boolean(),
      everyone: once(7),
      children: fc.constantFrom(undefined, true, false),
      excluded: fc.oneof(
        { weight: 2, arbitrary: fc.constant<number[]>([]) },
        { weight: 1, arbitrary: fc.array(nat, { maxLength: 2 }) },
      ),
    }),
    { maxLength: 4 },
  ),
  items: fc.array(
    fc.record({ at: nat, label: fc.nat({ max: 2 }), types: fc.constantFrom(undefined, "", "IBAN") }),
    {
      maxLength: 6,
    },
  ),
  more,
});
export type Shape = typeof shape extends fc.Arbitrary<infer T> ? T : never;
/** One in a few has hardly anything in it: rules for the plain case must have such cases. */
const drawnShape = fc.tuple(fc.nat({ max: 5 }), shape).map(
  ([plain, full]): Shape =>
    plain > 0
      ? full
      : {
          ...full,
          agents: full.agents.slice(0, 1),
          servers: full.servers.slice(0, 1),
          calls: [],
          controls: [],
          denies: [],
          leaves: [],
          more: { ...full.more, policies: [], packages: [], embeds: [], copies: [] },
          grants: full.grants
            .slice(0, 2)
            .map((one) => ({ ...one, unknown: false, actions: ["see", "read"] })),
        },
);

const pick = <T>(list: readonly T[], index: number): T => list[index % list.length]!;
/** Not every connector says why. */
const reasonOf = ({
  at,
  unknown,
  certainty,
}: {
  at: number;
  unknown: boolean;
  certainty?: string | undefined;
}) => {
  if (at % 3 === 0) return undefined;
  if (unknown) return "role-unread";
  return certainty === "upper-bound" ? "condition-unread" : undefined;
};
/** The first is an application, so that every agent has somebody to be; some applications are agent identities. */
const identityOf = (index: number, { sort, name: called }: { sort: string; name: string }): string => {
  const kind = index === 0 ? "ServicePrincipal" : sort;
  return kind === "ServicePrincipal" && ["b", "é"].includes(called) ? "AgentIdentity" : kind;
};
/** Properties without those that are absent. */
const present = (props: Record<string, Value | undefined>): Record<string, Value> =>
  Object.fromEntries(
    Object.entries(props).filter((entry): entry is [string, Value] => entry[1] !== undefined),
  );
const flags = (names: readonly string[]): Record<string, Value> =>
  Object.fromEntries(names.map((one) => [one, true]));

/** The records of one tenant; every id starts with `prefix`, so that many tenants fit into one database. */
export function recordsOf(drawn: Shape, prefix: string): Put[] {
  const puts: Put[] = [];
  const seen = new Set<string>();
  const relate = (
    kind: string,
    from: { kind: string; id: string },
    to: { kind: string; id: string },
    props: Record<string, Value | undefined> = {},
  ): void => {
    const identity = JSON.stringify([kind, from, to, props.key ?? ""]);
    if (seen.has(identity) || from === to) return;
    seen.add(identity);
    puts.push({ kind, from, to, props: present(props) });
  };
  const principals = drawn.principals.map((one, index) => ({
    ref: { kind: "Principal", id: `${prefix}${one.name}p${index}` },
    kind: identityOf(index, one),
    // The first is a service principal, so that every agent has somebody to be; mostly it may act.
    enabled: one.enabled === false && index === 0 && one.name !== "a" ? undefined : one.enabled,
    userType: one.sort === "User" ? (one.guest ? "Guest" : "Member") : undefined,
  }));
  const put = (ref: { kind: string; id: string }, props: Record<string, Value | undefined>): void => {
    if (!puts.some((one) => "id" in one && one.kind === ref.kind && one.id === ref.id))
      puts.push({ ...ref, props: present(props) });
  };
  for (const { ref, kind, enabled, userType } of principals) put(ref, { kind, enabled, userType });
  const everyone = { kind: "Principal", id: "everyone" };
  const insiders = { kind: "Principal", id: "everyone-except-external" };
  const classOf = (which: number): { kind: string; id: string } => {
    const kind = CLASSES[which % CLASSES.length]!;
    // Whoever is in one is so in all tenants; a mail domain is one tenant's own.
    const ref = { kind: "Principal", id: `${kind === "MailDomain" ? prefix : ""}${kind}` };
    put(ref, { kind });
    return ref;
  };
  const claimOf = ({ from, claim, to }: { from: number; claim: boolean; to: number }) => {
    if (claim) return to % 2 === 0 ? everyone : insiders;
    return from % 300 === 299 ? classOf(to % 2) : undefined;
  };
  if (
    drawn.denies.some((deny) => deny.everyone) ||
    drawn.grants.some((grant) => grant.everyone || grant.posix || grant.claim)
  )
    put(everyone, { kind: "Everyone" });
  if (drawn.grants.some((grant) => grant.claim)) put(insiders, { kind: "EveryoneExceptExternal" });
  const apps = principals.filter((one) => APPS.includes(one.kind));
  const persons = principals.filter((one) => one.kind !== "Group" && !apps.includes(one));
  const groups = principals.filter((one) => one.kind === "Group");

  const agents: { kind: string; id: string }[] = [];
  const clients: { kind: string; id: string }[] = [];
  for (const [index, one] of drawn.agents.entries()) {
    const own = one.own.map((chosen) => pick(apps, chosen).ref);
    const id =
      one.sameId && !puts.some((put) => put.kind === "Agent" && "id" in put && put.id === own[0]!.id)
        ? own[0]!.id
        : `${prefix}${one.name}a${index}`;
    const agent = { kind: "Agent", id };
    agents.push(agent);
    clients.push(own[0]!);
    // Not every catalog says a status.
    const status = one.disabled ? "disabled" : one.name === "b" ? undefined : "enabled";
    puts.push({ ...agent, props: present({ status, surface: one.surface }) });
    // Some have nothing but what others lend them.
    if (!one.bare)
      for (const principal of own) relate("ACTS_AS", agent, principal, { mode: "app", key: "app" });
    const stored = persons.length > 0 && (one.sameId || one.stored === "agent-user") ? persons : apps;
    if (one.stored !== undefined)
      relate("ACTS_AS", agent, pick(stored, one.own[0]! + 1).ref, { mode: one.stored, key: one.stored });
  }
  for (const [index, one] of drawn.servers.entries()) {
    const server = { kind: "McpServer", id: `${prefix}${one.name}m${index}` };
    puts.push(server);
    for (const by of one.by) relate("USES", pick(agents, by), server, {});
    if (one.unknown) continue;
    relate("ACTS_AS", server, pick(apps, one.as).ref, { mode: one.mode, key: one.mode });
    if (one.second)
      relate("ACTS_AS", server, pick(apps, one.as + 1).ref, {
        mode: one.mode === "app" ? "key" : "app",
        key: "second",
      });
  }
  for (const one of drawn.calls)
    relate("INVOKES", pick(agents, one.from), pick(agents, one.to), { mode: one.mode });

  const scopes: { ref: { kind: string; id: string }; azure: boolean }[] = [];
  for (const [index, one] of drawn.scopes.entries()) {
    const ref = { kind: "Scope", id: `${prefix}${one.name}s${index}` };
    const parent = index === 0 || one.root ? undefined : pick(scopes, one.parent);
    const azure = parent?.azure ?? one.azure;
    scopes.push({ ref, azure });
    puts.push({
      ...ref,
      props: present({
        kind: azure ? one.kind : "Folder",
        plane: azure ? "azure" : "sharepoint",
        sharedKey: azure ? one.sharedKey : undefined,
        network: one.network,
        gates: one.gates,
      }),
    });
    if (parent === undefined) continue;
    relate("WITHIN", ref, parent.ref, {});
    if (one.inherits) relate("INHERITS", ref, parent.ref, {});
  }

  const leaves: { kind: string; id: string }[] = [];
  const boxes = scopes.filter((scope) => scope.azure);
  if (boxes.length > 0)
    for (const [index, one] of drawn.leaves.entries()) {
      const leaf = { kind: "Scope", id: `${prefix}${one.name}l${index}` };
      leaves.push(leaf);
      puts.push({ ...leaf, props: { kind: "AccessList", plane: "azure" } });
      relate("WITHIN", leaf, pick(boxes, one.parent).ref, {});
    }

  if (groups.length > 0)
    for (const one of drawn.members)
      relate("MEMBER_OF", claimOf(one) ?? pick(principals, one.from).ref, pick(groups, one.to).ref, {
        tier: one.tier,
        expires: one.expires,
      });
  for (const one of drawn.controls)
    relate("CONTROLS", pick(principals, one.from).ref, pick(principals, one.to).ref, {
      how: "owner",
      key: "owner",
    });
  const idsOf = (chosen: readonly number[], among: readonly { ref: { id: string } }[]): string[] =>
    among.length === 0 ? [] : [...new Set(chosen.map((index) => pick(among, index).ref.id))];
  for (const one of drawn.grants) {
    const scope = pick(scopes, one.at);
    const listed = one.posix && leaves.length > 0;
    const list = !listed && one.list && !scope.azure;
    const claim = list && one.claim ? (one.at % 2 === 0 ? everyone : insiders) : undefined;
    const named = one.everyone || (listed && one.at % 11 === 0) ? everyone : claim;
    const holder = named ?? (one.at % 75 === 74 ? classOf(one.to % 2) : undefined);
    relate("GRANTED", holder ?? pick(principals, one.to).ref, listed ? pick(leaves, one.at) : scope.ref, {
      key: one.key,
      flow: listed ? "posix" : list ? "acl" : "containment",
      together: listed && one.together.length > 0 ? idsOf(one.together, groups) : undefined,
      excluded: listed && one.excluded.length > 0 ? idsOf(one.excluded, apps) : undefined,
      source: listed ? "list" : one.application ? "app-role" : "role",
      role: one.at % 3 === 0 ? "Sites.Selected" : undefined,
      tier: one.tier,
      certainty: one.certainty,
      reason_code: reasonOf(one),
      expires: one.expires,
      // Of one in a few no record says what it allows.
      ...(one.unknown ? { unknown: true } : one.at % 13 === 5 ? {} : flags(one.actions)),
    });
  }
  const places = [...boxes, ...leaves.map((ref) => ({ ref, azure: true }))];
  if (places.length > 0)
    for (const [index, one] of drawn.denies.entries()) {
      const grant = pick(drawn.grants, one.at);
      const aimed = one.aimed && pick(scopes, grant.at).azure;
      relate(
        "DENIED",
        one.everyone
          ? everyone
          : one.of % 12 === 11
            ? classOf(one.at % 2)
            : aimed && groups.length > 0 && one.of % 3 === 0
              ? pick(groups, one.of).ref
              : pick(principals, aimed ? grant.to : one.of).ref,
        aimed ? pick(scopes, grant.at).ref : pick(places, one.at).ref,
        {
          key: `deny${index}`,
          children: one.children,
          excluded: one.excluded.map((chosen: number) => pick(principals, chosen).ref.id),
          ...flags(aimed ? grant.actions.slice(0, 1 + (one.of % 2)) : one.actions),
        },
      );
    }
  addMore(drawn.more, {
    ...{ prefix, agents, clients, put, relate, classOf },
    everyoneHolds: puts.some(
      (one) => "from" in one && one.kind === "GRANTED" && [everyone.id, insiders.id].includes(one.from.id),
    ),
    principals: principals.map(({ ref }) => ref),
    apps: apps.map(({ ref }) => ref),
    groups: groups.map(({ ref }) => ref),
    persons: persons.map(({ ref }) => ref),
    scopes: scopes.map(({ ref }) => ref),
  });
  const labels = ["secret", "unlabeled", "label-unknown"].map((label) => ({
    kind: "Label",
    id: `${prefix}${label}`,
  }));
  if (drawn.items.length > 0)
    for (const [index, label] of labels.entries())
      puts.push({
        ...label,
        props: present({
          kind: ["Sensitivity", "None", "Unknown"][index],
          priority: index === 0 ? 9 : undefined,
          encrypted: index === 0 ? drawn.more.guards?.encrypted : undefined,
        }),
      });
  for (const [index, one] of drawn.items.entries()) {
    const item = { kind: "Item", id: `${prefix}i${index}` };
    puts.push({ ...item, props: present({ kind: "File", size: 10, types: one.types }) });
    relate("PROTECTED_BY", item, pick(scopes, one.at).ref, {});
    relate("LABELED", item, labels[one.label]!, {});
    // One source says this, another one that.
    if (index % 3 === 2) relate("LABELED", item, labels[(one.label + 1) % labels.length]!, {});
  }
  return puts;
}

/** So many are drawn at a time: the first of a draw are simpler than the last. */
const DRAW = 100;

/** Random tenants from a seed, ids disjoint; the same seed gives the same tenant at a place, wherever one starts. */
export function tenants(count: number, seed: number, from = 0): Put[][] {
  const found: Put[][] = [];
  for (let draw = Math.floor(from / DRAW); draw * DRAW < from + count; draw++)
    for (const [index, drawn] of fc
      .sample(drawnShape, { numRuns: DRAW, seed: seed * 1_009 + draw })
      .entries()) {
      const at = draw * DRAW + index;
      if (at >= from && at < from + count) found.push(recordsOf(drawn, tenantPrefix(at)));
    }
  return found;
}
/** What all ids of the tenant at this place start with. */
export const tenantPrefix = (at: number): string => `t${at}:`;

/** A tenant as an import file: what was not read is no record. */
export const asLines = (records: Iterable<Put>): string[] =>
  [...records].filter(({ kind }) => kind !== UNREAD).map((put) => JSON.stringify({ put }));
