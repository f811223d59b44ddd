/** Random tenants of which something was not read. */
import fc from "fast-check";
import { type Put, UNREAD, type Value } from "./records.ts";

/** One in so many. */
const EVERY = 2;
const nat = fc.nat({ max: 9_999 });
const once = (times: number) => fc.nat({ max: times - 1 }).map((n) => n === times - 1);
const lacks = fc.record({
  any: once(EVERY),
  gaps: fc.array(
    fc.record({
      at: nat,
      step: fc.constantFrom("azure.deny-assignments", "azure.role-assignments", "sharepoint.permissions"),
      state: fc.constantFrom("failed", "denied", "partial", "skipped", "not-modelled"),
      hides: fc.constantFrom("denies", "both", "grants", "grants"),
    }),
    { minLength: 1, maxLength: 2 },
  ),
  /** Who may use agents; then mostly no record says so of any. */
  users: once(4),
  someSay: once(4),
  /** A service in which, mostly, nobody read what people have. */
  service: fc.option(
    fc.record({
      consents: fc.array(
        fc.record({
          by: nat,
          permission: fc.constantFrom(
            "Mail.Read",
            "Mail.ReadWrite",
            "User.ReadBasic.All",
            "Mail.Selected",
            undefined,
          ),
          given: fc.constantFrom(["see"], ["see", "read"], ["write", "assign"], ["setAcl"]),
        }),
        { minLength: 1, maxLength: 2 },
      ),
      read: once(4),
    }),
    { freq: 2, nil: undefined },
  ),
});

/** The tenant at this place of a run as it is if, of one in a few, something was not read. */
export function partlyRead(tenant: readonly Put[], prefix: string, seed: number, place: number): Put[] {
  const [drawn] = fc.sample(lacks, { numRuns: 1, seed: seed * 1_000_003 + place });
  if (!drawn!.any) return [...tenant];
  const { gaps, users, someSay, service } = drawn!;
  const scopes = tenant.flatMap((put) => (put.kind === "Scope" && "id" in put ? [put.id] : []));
  const unread = (name: string, props: Record<string, Value>): Put => ({
    ...{ kind: UNREAD, id: `${prefix}${name}` },
    props,
  });
  return [
    ...tenant.filter(({ kind }) => kind !== "MAY_USE" || !users || someSay),
    ...gaps.map(({ at, ...props }, index) =>
      unread(`gap${index}`, { ...props, scope: scopes[at % scopes.length]! }),
    ),
    ...(users
      ? [unread("users", { step: "entra.app-role-assignments", state: "failed", hides: "grants", scope: "" })]
      : []),
    ...(service === undefined ? [] : serviceOf(tenant, prefix, service)),
  ];
}

type Lacks = typeof lacks extends fc.Arbitrary<infer T> ? T : never;
type Service = NonNullable<Lacks["service"]>;
function serviceOf(tenant: readonly Put[], prefix: string, { consents, read }: Service): Put[] {
  const place = { kind: "Scope", id: `${prefix}service-place` };
  const folder = { kind: "Scope", id: `${prefix}mailbox` };
  const identities = tenant.flatMap((put) =>
    "from" in put && put.kind === "ACTS_AS" && put.from.kind === "Agent" && put.props?.mode === "app"
      ? [put.to]
      : [],
  );
  const blueprints = tenant.filter((put) => put.props?.kind === "BlueprintPrincipal");
  const clients = [...identities, ...blueprints.flatMap((put) => ("id" in put ? [put] : []))];
  if (clients.length === 0) return [];
  return [
    { ...place, props: { kind: "Service", plane: "exchange" } },
    ...(read
      ? [
          { ...folder, props: { kind: "Folder", plane: "exchange" } },
          { kind: "WITHIN", from: folder, to: place },
        ]
      : []),
    ...consents.map(({ by, permission, given }, index): Put => {
      const { kind, id } = clients[by % clients.length]!;
      const said =
        permission === undefined ? Object.fromEntries(given.map((one) => [one, true])) : { permission };
      return {
        ...{ kind: "CONSENTED", from: { kind, id }, to: place },
        props: { key: `service${index}`, type: "delegated", ...said },
      };
    }),
  ];
}
