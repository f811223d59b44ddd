/** The tenant of `forereach demo`: large enough to tell something, small enough for a coffee break. */
import type { FaultOptions, Refusal } from "./faults.ts";
import { createTenant, type Tenant } from "./tenant.ts";
import type { ThrottleOptions } from "./throttle.ts";

export interface DemoTenant {
  readonly tenant: Tenant;
  readonly throttle: ThrottleOptions;
  readonly faults: FaultOptions;
  readonly refuse: readonly Refusal[];
  /** ARM id of the one container whose list answers 403: the part that the demo accepts as unread. */
  readonly refusedContainer: string;
}

/** Position of the container that is refused. */
const REFUSED = 17;

/** 520 agents, 50,000 files in 200 containers, the throttle and all faults on, one part refused. */
export function demoTenant(seed = 2026): DemoTenant {
  const tenant = createTenant({
    seed,
    users: 1_200,
    groups: 240,
    memberships: 9_000,
    agents: 520,
    apps: 80,
    subscriptions: 6,
    accounts: 32,
    containers: 200,
    items: 50_000,
    overexposed: true,
  });
  const { places } = tenant;
  const path = `/blob/${places.accountName(places.accountOf(REFUSED))}/${places.containerName(REFUSED)}?`;
  return {
    tenant,
    throttle: { size: "L" },
    // Few, because somebody is watching, but enough for every kind to occur.
    faults: { seed, rate: 0.006, slowMs: 150 },
    refuse: [{ match: path, status: 403 }],
    refusedContainer: places.containerId(REFUSED),
  };
}
