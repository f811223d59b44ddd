/** What every part of a simulated tenant shares: seed, size and ids. */
import type { TenantSize } from "./options.ts";
import { Guids } from "./random.ts";

/** Kinds of ids. The first six are principals and fit the four bits of a packed reference. */
export const KIND = {
  user: 1,
  group: 2,
  servicePrincipal: 3,
  agent: 4,
  blueprintPrincipal: 5,
  agentUser: 6,
  application: 7,
  blueprint: 8,
  appId: 9,
  blueprintAppId: 10,
  subscription: 11,
  roleAssignment: 12,
  denyAssignment: 13,
  eligibility: 14,
  customRole: 15,
  label: 16,
  credential: 17,
  scope: 18,
  other: 19,
} as const;
export type Kind = (typeof KIND)[keyof typeof KIND];

export interface World {
  readonly seed: number;
  readonly size: TenantSize;
  readonly guids: Guids;
  readonly tenantId: string;
  /** ISO time of everything that has no better one; fixed, so that the same seed gives the same bytes. */
  readonly time: string;
}

export function createWorld(size: TenantSize): World {
  const guids = new Guids(size.seed);
  return { seed: size.seed, size, guids, tenantId: guids.of(KIND.other, 0), time: "2026-01-15T08:00:00Z" };
}

/** An object as Graph or ARM prints it. */
export type Json = { readonly [name: string]: JsonValue };
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | Json;

/** A principal in 32 bits: kind in the upper four, index in the lower 28. */
export const packRef = (kind: Kind, index: number): number => ((kind << 28) | index) >>> 0;
export const unpackRef = (packed: number): { kind: number; index: number } => ({
  kind: packed >>> 28,
  index: packed & 0x0fff_ffff,
});

const GRAPH_TYPES: Readonly<Record<number, string>> = {
  [KIND.user]: "#microsoft.graph.user",
  [KIND.group]: "#microsoft.graph.group",
  [KIND.servicePrincipal]: "#microsoft.graph.servicePrincipal",
  [KIND.agent]: "#microsoft.graph.agentIdentity",
  [KIND.blueprintPrincipal]: "#microsoft.graph.agentIdentityBlueprintPrincipal",
  [KIND.agentUser]: "#microsoft.graph.agentUser",
  [KIND.application]: "#microsoft.graph.application",
  [KIND.blueprint]: "#microsoft.graph.agentIdentityBlueprint",
};
/** The `@odata.type` of a directory object. */
export const graphType = (kind: number): string => GRAPH_TYPES[kind] ?? "#microsoft.graph.directoryObject";

/** How Graph and Azure call the sort of a principal in assignments. */
export const principalType = (kind: number): string =>
  kind === KIND.user || kind === KIND.agentUser ? "User" : kind === KIND.group ? "Group" : "ServicePrincipal";

/** Lists of numbers by owner, in two typed arrays. */
export class Rows {
  readonly #starts: Uint32Array;
  readonly #values: Uint32Array;
  constructor(owners: number, pairs: readonly (readonly [owner: number, value: number])[]) {
    this.#starts = new Uint32Array(owners + 1);
    for (const [owner] of pairs) this.#starts[owner + 1]! += 1;
    for (let i = 0; i < owners; i++) this.#starts[i + 1]! += this.#starts[i]!;
    this.#values = new Uint32Array(pairs.length);
    const next = this.#starts.slice();
    for (const [owner, value] of pairs) this.#values[next[owner]!++] = value;
  }
  count(owner: number): number {
    return this.#starts[owner + 1]! - this.#starts[owner]!;
  }
  at(owner: number, position: number): number {
    return this.#values[this.#starts[owner]! + position]!;
  }
  of(owner: number): Uint32Array {
    return this.#values.subarray(this.#starts[owner]!, this.#starts[owner + 1]!);
  }
  get total(): number {
    return this.#values.length;
  }
}
