/** What a request costs, and which of the tenant's budgets pays for it. */
import type { WireService } from "./wire.ts";

export const TENANT_SIZES = ["S", "M", "L"] as const;
/** S: fewer than 50 users, M: up to 500, L: more. Sets the budget that Graph gives an app. */
export type TenantSize = (typeof TENANT_SIZES)[number];

/** A steady rate with a short burst: `rate` units a millisecond, `burst` units at once. */
export interface Limit {
  rate: number;
  burst: number;
}

/**
 * A request's part of one budget. `alone`: one of several at its host, so that those who wait for it must not
 * take places from others.
 */
export interface Charge {
  bucket: string;
  units: number;
  alone: boolean;
}

const IDENTITY = "graph:identity";
const POLICY = "graph:conditional-access";
const REPORTS = "graph:reports";
const BLOB = "blob:requests";

/** Resource units per app and tenant in 10 s: https://learn.microsoft.com/graph/throttling-limits */
const IDENTITY_UNITS: Readonly<Record<TenantSize, number>> = { S: 3_500, M: 5_000, L: 8_000 };
const IDENTITY_WINDOW_MS = 10_000;

/**
 * Cost of identity requests in resource units; everything else costs 1.
 * https://learn.microsoft.com/graph/throttling-limits#identity-and-access-service-limits
 */
const COSTS: readonly [RegExp, number][] = [
  [/^\/(users|applications|oauth2permissiongrants)\/?$/, 2],
  [/^\/groups\/[^/]+\/members(\/|$)/, 3],
  [/^\/groups\/[^/]+\/transitivemembers(\/|$)/, 5],
  [/^\/[^/]+\/[^/]+\/transitivememberof(\/|$)/, 2],
  [/^\/serviceprincipals\/[^/]+\/approleassignments\/?$/, 2],
  [/^\/subscribedskus\/?$/, 3],
];

/** Estimated resource units of one Graph read. */
export function graphUnits(path: string, query: URLSearchParams): number {
  const resource = withoutVersion(path);
  let units = COSTS.find(([pattern]) => pattern.test(resource))?.[1] ?? 1;
  if (query.has("$select")) units -= 1;
  if (query.has("$expand")) units += 1;
  const top = query.get("$top");
  if (top !== null && Number(top) < 20) units -= 1;
  return Math.max(1, units);
}

/** The same for all requests that cost the same: ids replaced, and what changes the price. */
export function costKey(path: string, query: URLSearchParams): string {
  const template = withoutVersion(path).replace(/\/(?=[^/]*[\d@(%])[^/]+/g, "/{}");
  const flags = ["$select", "$expand", "$search"].filter((name) => query.has(name));
  const top = query.get("$top");
  if (top !== null && Number(top) < 20) flags.push("few");
  return [template, ...flags].join(" ");
}

/** Which budget pays for a read of this path (relative to the service's base). */
export function chargeFor(service: WireService, path: string, units: number): Charge {
  if (service === "blob") return { bucket: BLOB, units: 1, alone: false };
  if (service === "arm") {
    const subscription = /^\/subscriptions\/([^/]+)/i.exec(path)?.[1];
    return { bucket: `arm:${subscription?.toLowerCase() ?? "tenant"}`, units: 1, alone: true };
  }
  const resource = withoutVersion(path);
  if (/^\/identity\/conditionalaccess(\/|$)|^\/identityprotection(\/|$)/.test(resource))
    return { bucket: POLICY, units: 1, alone: true };
  if (/^\/(auditlogs|reports)(\/|$)/.test(resource)) return { bucket: REPORTS, units: 1, alone: true };
  return { bucket: IDENTITY, units, alone: false };
}

/** The part of a budget that we allow ourselves. `share` is 0 to 1 of what the tenant gives. */
export function limitOf(bucket: string, share: number, size: TenantSize): Limit {
  switch (bucket) {
    case IDENTITY:
      return windowed(IDENTITY_UNITS[size], IDENTITY_WINDOW_MS, share);
    // One request a second for a tenant and all its apps, and refusals name no pause.
    case POLICY:
      return windowed(1, 1_000, share);
    case REPORTS:
      return windowed(5, 10_000, share);
    // 20,000 requests a second for one account:
    // https://learn.microsoft.com/azure/storage/common/scalability-targets-standard-account
    case BLOB:
      return windowed(20_000, 1_000, share);
    // Reads of one subscription, or of the tenant: a bucket of 250 that refills by 25 a second:
    // https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling
    default:
      return { rate: (25 * share) / 1_000, burst: Math.max(1, 250 * share) };
  }
}

/**
 * `units` in any `windowMs`. Burst and rate together stay within the window however the service counts
 * (sliding, fixed or token bucket), at the price of at most 5 % of the budget.
 */
function windowed(units: number, windowMs: number, share: number): Limit {
  return { rate: (Math.min(share, 0.95) * units) / windowMs, burst: Math.max(1, 0.05 * share * units) };
}

function withoutVersion(path: string): string {
  return path.toLowerCase().replace(/^\/(v1\.0|beta)(?=\/)/, "");
}
