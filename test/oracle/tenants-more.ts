/** What random tenants have besides grants: blueprints, packages, consents, audiences, policies, copies. */
import fc from "fast-check";
import type { Value } from "./records.ts";

type Ref = { kind: string; id: string };
/** What has been drawn so far, and how to add to it. */
export interface Drawn {
  prefix: string;
  agents: readonly Ref[];
  /** An identity of each of them, in their order. */
  clients: readonly Ref[];
  principals: readonly Ref[];
  /** Identities of agents; groups; persons. */
  apps: readonly Ref[];
  groups: readonly Ref[];
  persons: readonly Ref[];
  scopes: readonly Ref[];
  /** Something is granted to everyone, or to everyone who is no guest. */
  everyoneHolds: boolean;
  /** Puts one of the classes of which no record says who is in them, the same in all tenants. */
  classOf: (which: number) => Ref;
  put: (node: Ref, props: Record<string, Value | undefined>) => void;
  relate: (kind: string, from: Ref, to: Ref, props?: Record<string, Value | undefined>) => void;
}

const nat = fc.nat({ max: 9_999 });
const once = (times: number) => fc.nat({ max: times - 1 }).map((n) => n === times - 1);
const ROLES = [
  "Sites.Read",
  "Sites.Read.All",
  "Mail.Read",
  "Sites.Selected",
  "AgentIdentity.CreateAsManager",
];
/** APIs: of the third no line says anything, the fourth is not said. */
const api = fc.constantFrom("api0", "api0", "api0", "api1", "api2", undefined);
const what = fc.oneof(
  fc.constantFrom("allAllowed", "allAllowed", "none", "unknown"),
  fc.subarray(ROLES, { minLength: 1, maxLength: 2 }).map((some) => `enumerated:${some.join(",")}`),
);
const PERMISSIONS = [
  ...["User.ReadBasic.All", "Sites.Read.All", "Sites.Read", "Sites.ReadWrite.All", "Sites.Manage.All"],
  ...["Sites.FullControl.All", "user_impersonation", "user_impersonation", "access_as_user", "Mail.Write"],
  ...["Sites.Selected", "openid", "sites.read.all", "Mail.Read", "Files.ReadWrite"],
];
const given = fc.subarray(["see", "read", "write", "add", "setAcl", "assign"], {
  minLength: 1,
  maxLength: 3,
});
const EXPIRES = ["2025-12-31T23:59:59.999Z", "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"];

/** Whom a policy is for. */
const targets = fc.array(
  fc.record({
    sort: fc.constantFrom("principal", "principal", "group", "agent", "blueprint", "template", "everyone"),
    who: nat,
    include: fc.constantFrom(undefined, true, true, false),
  }),
  { maxLength: 3 },
);

export const more = fc.record({
  blueprints: fc.array(
    fc.record({
      enabled: fc.constantFrom(undefined, true, true, true, true, false),
      principal: fc.constantFrom(undefined, true, true, true, true, false),
      lines: fc.option(fc.array(fc.record({ scopes: what, roles: what }), { maxLength: 2 }), {
        freq: 5,
        nil: undefined,
      }),
      made: fc.array(nat, { minLength: 1, maxLength: 2 }),
      grants: fc.array(
        fc.record({
          at: nat,
          role: fc.constantFrom(...ROLES),
          api,
          given,
          role_grant: once(6),
          bound: once(6),
          becomes: fc.option(nat, { freq: 2, nil: undefined }),
        }),
        { minLength: 1, maxLength: 3 },
      ),
      consents: fc.array(
        fc.record({ at: nat, permission: fc.constantFrom(...ROLES, "user_impersonation"), api }),
        {
          maxLength: 2,
        },
      ),
    }),
    { maxLength: 2 },
  ),
  eligible: fc.array(
    fc.record({ from: nat, to: nat, expires: fc.constantFrom(undefined, undefined, undefined, ...EXPIRES) }),
    { maxLength: 2 },
  ),
  packages: fc.array(
    fc.record({
      by: fc.array(nat, { minLength: 1, maxLength: 2 }),
      gifts: fc.array(fc.record({ to: nat, scope: fc.boolean(), given: fc.option(given, { nil: [] }) }), {
        minLength: 1,
        maxLength: 2,
      }),
    }),
    { maxLength: 2 },
  ),
  consents: fc.array(
    fc.record({
      by: nat,
      at: nat,
      permission: fc.constantFrom(...PERMISSIONS),
      application: once(8),
      user: fc.constantFrom(undefined, "*", "*", "one"),
      whose: nat,
      given: fc.option(given, { freq: 1, nil: [] }),
    }),
    { maxLength: 6 },
  ),
  audience: fc.array(
    fc.record({ who: nat, group: fc.boolean(), agent: nat, all: once(25), insiders: fc.boolean() }),
    {
      maxLength: 4,
    },
  ),
  /** Agents for people: with consents of theirs, in places where these people have something, and elsewhere. */
  assistants: fc.array(
    fc.record({
      agent: nat,
      consents: fc.array(fc.record({ at: nat, permission: fc.constantFrom(...PERMISSIONS) }), {
        minLength: 1,
        maxLength: 2,
      }),
      people: fc.array(fc.record({ who: nat, at: nat, given, group: once(3) }), {
        minLength: 1,
        maxLength: 3,
      }),
    }),
    { maxLength: 1 },
  ),
  policies: fc.array(
    fc.record({
      kind: fc.constantFrom("ConditionalAccess", "ConditionalAccess", "AppRestriction", "SiteRestriction"),
      effect: fc.constantFrom("block", "block", "block", "block", "mfa", "allow"),
      state: fc.constantFrom(undefined, undefined, "enabled", "enabled", "disabled", "report-only"),
      residual: once(3),
      gates: fc.array(nat, { minLength: 1, maxLength: 2 }),
      targets,
    }),
    { maxLength: 3 },
  ),
  /** What guards the label of items: encryption, rights of principals, rules that keep it out of answers. */
  guards: fc.option(
    fc.record({
      encrypted: fc.boolean(),
      rights: fc.array(
        fc.record({ who: nat, everyone: once(8), view: fc.boolean(), extract: fc.boolean() }),
        { maxLength: 3 },
      ),
      rules: fc.array(
        fc.record({
          surface: fc.constantFrom(undefined, "Copilot", "copilot", "other"),
          state: fc.constantFrom(undefined, "enabled", "disabled"),
          targets,
        }),
        { maxLength: 2 },
      ),
    }),
    { freq: 2, nil: undefined },
  ),
  embeds: fc.array(fc.record({ agent: nat, at: nat }), { maxLength: 2 }),
  /** Some go on from the copy before them, so that there are chains and circles. */
  copies: fc.array(fc.record({ from: nat, to: nat, on: fc.boolean() }), { maxLength: 3 }),
});
export type More = typeof more extends fc.Arbitrary<infer T> ? T : never;

const flags = (names: readonly string[]): Record<string, Value> =>
  Object.fromEntries(names.map((one) => [one, true]));

/** Adds what was drawn to a tenant. Where there is nobody of a sort, that part is left out. */
export function addMore(drawn: More, world: Drawn): void {
  const { prefix, put, relate } = world;
  const pick = <T>(list: readonly T[], index: number): T | undefined =>
    list[index % Math.max(1, list.length)];
  const join = (
    kind: string,
    from: Ref | undefined,
    to: Ref | undefined,
    props?: Record<string, Value | undefined>,
  ): void => {
    if (from !== undefined && to !== undefined) relate(kind, from, to, props);
  };
  const everyone = (insiders: boolean): Ref => {
    const ref = { kind: "Principal", id: insiders ? "everyone-except-external" : "everyone" };
    put(ref, { kind: insiders ? "EveryoneExceptExternal" : "Everyone" });
    return ref;
  };
  /** The app id of an API, or the id of its service principal; that of the first API is there. */
  const appOf = (name: string | undefined) => (name === undefined ? undefined : `${prefix}${name}`);
  const service = { kind: "Principal", id: `${prefix}service` };
  if (drawn.blueprints.length > 0) put(service, { kind: "ServicePrincipal", appId: appOf("api0") });

  const templates = drawn.blueprints.map((_, index) => ({ kind: "Principal", id: `${prefix}blue${index}` }));
  const blueprints = drawn.blueprints.map((one, index) => {
    const blueprint = { kind: "Blueprint", id: `${prefix}b${index}` };
    const principal = templates[index]!;
    const appId = `${prefix}bapp${index}`;
    const lines = one.lines?.map(
      ({ scopes, roles }, at) => `${appOf(`api${at}`)} scopes=${scopes} roles=${roles}`,
    );
    put(blueprint, { kind: "Blueprint", appId, enabled: one.enabled, inheritable: lines });
    put(principal, { kind: "BlueprintPrincipal", appId, enabled: one.principal });
    for (const made of one.made) join("MADE_FROM", pick(world.agents, made), blueprint);
    for (const [at, grant] of one.grants.entries())
      join("GRANTED", principal, pick(world.scopes, grant.at), {
        key: `b${at}`,
        flow: "containment",
        source: grant.role_grant ? "role" : "app-role",
        role: grant.role,
        resource: appOf(grant.api),
        certainty: grant.bound ? "upper-bound" : undefined,
        ...flags(grant.given),
      });
    for (const grant of one.grants)
      if (grant.becomes !== undefined)
        join("CONTROLS", principal, pick(world.principals, grant.becomes), {
          how: grant.role,
          key: grant.role,
        });
    for (const [at, consent] of one.consents.entries())
      join("CONSENTED", principal, pick(world.scopes, consent.at), {
        key: `b${at}`,
        type: "delegated",
        permission: consent.permission,
        resource: consent.api === "api0" ? service.id : appOf(consent.api),
      });
    return blueprint;
  });
  for (const one of drawn.eligible)
    join("ELIGIBLE_FOR", pick(world.principals, one.from), pick(world.groups, one.to), {
      expires: one.expires,
    });
  for (const [index, one] of drawn.packages.entries()) {
    const bundle = { kind: "AccessPackage", id: `${prefix}k${index}` };
    put(bundle, { kind: "AccessPackage" });
    for (const by of one.by)
      join(
        "CAN_REQUEST",
        by % 90 === 89 ? world.classOf(Math.floor(by / 90)) : pick(world.principals, by),
        bundle,
      );
    for (const gift of one.gifts)
      if (gift.scope) join("CONFERS", bundle, pick(world.scopes, gift.to), flags(gift.given ?? []));
      else join("CONFERS", bundle, pick(world.groups, gift.to));
  }
  for (const [index, one] of drawn.consents.entries())
    join("CONSENTED", pick(world.apps, one.by), pick(world.scopes, one.at), {
      key: `c${index}`,
      type: one.application ? "application" : "delegated",
      permission: one.permission,
      user: one.user === "one" ? pick(world.persons, one.whose)?.id : one.user,
      ...flags(one.given ?? []),
    });
  const consented = [
    ...drawn.consents.filter((one) => !one.application).map((one) => pick(world.apps, one.by)),
    ...drawn.assistants.map((one) => pick(world.clients, one.agent)),
  ];
  for (const one of drawn.audience) {
    const who = pick(one.group ? world.groups : world.persons, one.who);
    // For everyone where everyone holds something takes a database of its own: only agents that may do something for people.
    const all = one.all && (!world.everyoneHolds || consented.includes(pick(world.clients, one.agent)));
    const user = one.who % 50 === 49 ? world.classOf(one.agent % 3) : who;
    join("MAY_USE", all ? everyone(one.insiders) : user, pick(world.agents, one.agent));
    // Of somebody no record says more: who may use it, or is in a group that may; some have members or grants all the same.
    if (one.who % 7 > 0) continue;
    const nameless = { kind: "Principal", id: `${prefix}nameless${one.who % 2}` };
    if (one.group) join("MEMBER_OF", nameless, who);
    else join("MAY_USE", nameless, pick(world.agents, one.agent));
    if (one.agent % 3 === 0) join("MEMBER_OF", pick(world.persons, one.agent), nameless);
    if (one.who % 49 === 0) join("ACTS_AS", pick(world.agents, one.who), nameless, { mode: "app", key: "n" });
    if (one.agent % 2 === 0)
      join("GRANTED", nameless, pick(world.scopes, one.agent), {
        key: "nameless",
        flow: "containment",
        read: true,
      });
  }
  for (const one of drawn.assistants) {
    const agent = pick(world.agents, one.agent);
    for (const [index, { at, permission }] of one.consents.entries())
      join("CONSENTED", pick(world.clients, one.agent), pick(world.scopes, at), {
        ...{ key: `s${index}`, type: "delegated", permission, user: "*" },
      });
    for (const [index, { who, at, given, group }] of one.people.entries()) {
      const person = pick(world.persons, who);
      join("MAY_USE", (group ? pick(world.groups, who) : undefined) ?? person, agent);
      join("GRANTED", person, pick(world.scopes, at), {
        key: `s${index}`,
        flow: "containment",
        source: "role",
        ...flags(given),
      });
    }
  }
  for (const one of drawn.embeds) join("EMBEDS", pick(world.agents, one.agent), pick(world.scopes, one.at));
  for (const [index, { from, to, on }] of drawn.copies.entries()) {
    const before = drawn.copies[index - 1];
    join(
      "COPIED_TO",
      pick(world.scopes, on && before !== undefined ? before.to : from),
      pick(world.scopes, to),
    );
  }
  const aim = (policy: Ref, at: More["policies"][number]["targets"]): void => {
    for (const { sort, who, include } of at) {
      const targets = {
        principal: () => (who % 4 === 3 ? world.classOf(Math.floor(who / 4)) : pick(world.principals, who)),
        group: () => pick(world.groups, who),
        agent: () => pick(world.agents, who),
        blueprint: () => pick(blueprints, who),
        template: () => pick(templates, who),
        everyone: () => everyone(false),
      };
      join("APPLIES_TO", policy, targets[sort](), { include });
    }
  };
  const secret = { kind: "Label", id: `${prefix}secret` };
  for (const { who, everyone: all, view, extract } of drawn.guards?.rights ?? [])
    join(
      "LABEL_RIGHTS",
      all
        ? everyone(false)
        : who % 4 === 3
          ? world.classOf(2 - ((who % 5) % 3))
          : pick(world.principals, who),
      secret,
      { view, extract },
    );
  for (const [index, one] of (drawn.guards?.rules ?? []).entries()) {
    const policy = { kind: "Policy", id: `${prefix}d${index}` };
    put(policy, { kind: "Dlp", effect: "block", state: one.state, surface: one.surface });
    join("GATES", policy, secret);
    aim(policy, one.targets);
  }
  for (const [index, one] of drawn.policies.entries()) {
    const policy = { kind: "Policy", id: `${prefix}r${index}` };
    put(policy, {
      kind: one.kind,
      effect: one.effect,
      state: one.state,
      residual: one.residual && one.kind === "ConditionalAccess" ? "somewhere else" : undefined,
    });
    for (const at of one.gates) join("GATES", policy, pick(world.scopes, at));
    aim(policy, one.targets);
  }
}
