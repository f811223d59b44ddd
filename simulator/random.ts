/**
 * Numbers and ids from a seed, without state: fact i of a tenant is derived from (seed, i) when somebody
 * asks for it, so a tenant of millions of objects costs no memory.
 */

/** 32 well-mixed bits of up to four integers (the finalizer of MurmurHash3). */
export function mix(a: number, b = 0, c = 0, d = 0): number {
  let h = Math.imul(a ^ 0x9e3779b9, 0x85ebca6b);
  h = Math.imul(h ^ b ^ (h >>> 15), 0xc2b2ae35);
  h = Math.imul(h ^ c ^ (h >>> 13), 0x27d4eb2f);
  h = Math.imul(h ^ d ^ (h >>> 16), 0x165667b1);
  h ^= h >>> 15;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  return h >>> 0;
}

/** A fraction in [0, 1) of the same integers. */
export const chance = (a: number, b = 0, c = 0, d = 0): number => mix(a, b, c, d) / 0x1_0000_0000;

/** One of the list, chosen by 32 random bits. */
export function pick<T>(list: readonly T[], bits: number): T {
  const value = list[bits % list.length];
  if (value === undefined) throw new RangeError("nothing to pick from");
  return value;
}

/** 32 bits of a text (FNV-1a, then mixed). */
export function hashText(text: string, seed = 0): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return mix(seed, h);
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
const hex8 = (n: number): string =>
  HEX[n >>> 24]! + HEX[(n >>> 16) & 255]! + HEX[(n >>> 8) & 255]! + HEX[n & 255]!;

const MULTIPLIER = 0x9e3779b1;
/** Inverse of an odd number modulo 2^32, by Newton's iteration. */
function inverse(odd: number): number {
  let x = odd;
  for (let i = 0; i < 5; i++) x = Math.imul(x, 2 - Math.imul(odd, x));
  return x;
}
const INVERSE = inverse(MULTIPLIER);

/** What an object id stands for. */
export interface Ref {
  readonly kind: number;
  readonly index: number;
}

/**
 * Object ids that can be read backwards: the first 32 bits are a permutation of the index, then a byte of
 * kind, the rest is a hash that proves the id was made here. So no table from id to object is needed.
 */
export class Guids {
  readonly #seed: number;
  constructor(seed: number) {
    this.#seed = mix(seed, 0x1d5) | 0;
  }

  of(kind: number, index: number): string {
    let x = Math.imul(index ^ this.#seed, MULTIPLIER);
    x ^= x >>> 16;
    x = Math.imul(x, MULTIPLIER);
    const a = mix(this.#seed, kind, index, 1);
    const b = mix(this.#seed, kind, index, 2);
    // Version 4, variant 8-b, as in every directory.
    return `${hex8(x)}-${HEX[kind]}${HEX[a & 255]}-4${hex8(a).slice(0, 3)}-${"89ab"[b & 3]}${hex8(b).slice(0, 3)}-${hex8(mix(a, b))}${hex8(b).slice(4)}`;
  }

  /** The kind and index of an id of this tenant, or undefined for any other text. */
  parse(id: string): Ref | undefined {
    if (id.length !== 36) return undefined;
    const lower = id.toLowerCase();
    const bits = Number.parseInt(lower.slice(0, 8), 16);
    const kind = Number.parseInt(lower.slice(9, 11), 16);
    if (Number.isNaN(bits) || Number.isNaN(kind)) return undefined;
    let x = Math.imul(bits, INVERSE);
    x ^= x >>> 16;
    const index = (Math.imul(x, INVERSE) ^ this.#seed) >>> 0;
    return this.of(kind, index) === lower ? { kind, index } : undefined;
  }
}

/** Running totals: shares of a whole by weight, so that they sum exactly. `totals[i]` to `totals[i + 1]` is i's. */
export function shares(total: number, count: number, weight: (i: number) => number): Float64Array {
  const totals = new Float64Array(count + 1);
  for (let i = 0; i < count; i++) totals[i + 1] = totals[i]! + weight(i);
  const sum = totals[count]!;
  for (let i = 0; i <= count; i++) totals[i] = sum === 0 ? 0 : Math.round((totals[i]! / sum) * total);
  return totals;
}

/** Index of the share that holds position `at`: the last i with totals[i] <= at. */
export function shareOf(totals: Float64Array, at: number): number {
  let low = 0;
  let high = totals.length - 2;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (totals[middle]! <= at) low = middle;
    else high = middle - 1;
  }
  return low;
}
