/** What a simulator was asked: for benches, tests and `forereach simulate`. */
import { MAX_PAGE, MEMBERS_A_PAGE } from "./delta.ts";
import type { FaultKind } from "./faults.ts";
import type { Service } from "./routes.ts";
import type { Tenant } from "./tenant.ts";

export interface SimulatorStats {
  /** Reads, those within batches one by one; batches themselves are not counted here. */
  readonly requests: number;
  readonly batches: number;
  /** Graph resource units of all reads, refused ones included. */
  readonly units: number;
  /** Refused because a limit was passed: a client that plans gets none. */
  readonly throttled: number;
  readonly refused: number;
  readonly unauthorized: number;
  /** Calls that would have changed something. */
  readonly writes: number;
  readonly faults: Readonly<Partial<Record<FaultKind, number>>>;
  /** By service and pattern of path. */
  readonly routes: Readonly<Record<string, { readonly requests: number; readonly units: number }>>;
}

export interface Counts {
  answered(service: Service, route: string, units: number): void;
  batched(): void;
  throttled(): void;
  refused(): void;
  unauthorized(): void;
  write(): void;
  injected(kind: FaultKind): void;
  stats(): SimulatorStats;
}

export function createCounts(): Counts {
  const totals = { requests: 0, batches: 0, units: 0, throttled: 0, refused: 0, unauthorized: 0, writes: 0 };
  const faults: Partial<Record<FaultKind, number>> = {};
  const routes = new Map<string, { requests: number; units: number }>();
  return {
    answered(service, route, units) {
      totals.requests++;
      totals.units += units;
      const name = `${service} ${route}`;
      const row = routes.get(name) ?? { requests: 0, units: 0 };
      row.requests++;
      row.units += units;
      routes.set(name, row);
    },
    batched: () => void totals.batches++,
    throttled: () => void totals.throttled++,
    refused: () => void totals.refused++,
    unauthorized: () => void totals.unauthorized++,
    write: () => void totals.writes++,
    injected(kind) {
      faults[kind] = (faults[kind] ?? 0) + 1;
    },
    stats: () => ({
      ...totals,
      faults: { ...faults },
      routes: Object.fromEntries(
        [...routes].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, row]) => [name, { ...row }]),
      ),
    }),
  };
}

/** Fewest reads, and their cost, that give every row of these lists, each page as full as it may be. */
export interface Minimum {
  readonly requests: number;
  readonly units: number;
}
const pages = (rows: number): number => Math.max(1, Math.ceil(rows / MAX_PAGE));

/** Users, groups and members by listing, with `$select` on all (it saves a unit where there are two). */
export function minimumByListing({ directory, size }: Tenant): Minimum & { readonly members: number } {
  let members = 0;
  for (let g = 0; g < size.groups; g++) members += pages(directory.memberSlots(g));
  const users = pages(directory.userCount + size.agentUsers);
  const groups = pages(size.groups);
  return { requests: users + groups + members, units: users + groups + members * 2, members };
}

/** The same by a first delta round, with pages of 999 preferred and members selected. */
export function minimumByDelta({ directory, size }: Tenant): Minimum {
  let groups = 1;
  let rows = 0;
  let room = MEMBERS_A_PAGE;
  for (let g = 0; g < size.groups; g++) {
    for (let left = directory.memberSlots(g), first = true; first || left > 0; first = false) {
      if (rows === MAX_PAGE || room === 0) {
        groups++;
        rows = 0;
        room = MEMBERS_A_PAGE;
      }
      const taken = Math.min(left, room);
      rows++;
      left -= taken;
      room -= taken;
    }
  }
  const requests = pages(directory.userCount + size.agentUsers) + groups;
  return { requests, units: requests };
}
