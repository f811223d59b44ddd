/** Random access to one file by ranged reads, within a budget of bytes and requests. */
import { Undetermined } from "./finding.ts";

/** Reads exactly `length` bytes at `offset`, or throws. One call is one request. */
export type Fetch = (offset: number, length: number) => Promise<Uint8Array>;

export interface Limits {
  /** Bytes that may be fetched from one file. */
  bytes: number;
  requests: number;
}

/** Enough for the directory of a large presentation and two small parts. */
export const LIMITS: Limits = { bytes: 2 * 1024 * 1024, requests: 48 };

/** Fetched bytes are kept in blocks, so that neighbouring records cost one request. */
const BLOCK = 512;

export class RangedFile {
  readonly size: number;
  readonly #fetch: Fetch;
  readonly #limits: Limits;
  readonly #blocks = new Map<number, Uint8Array>();
  #bytes = 0;
  #requests = 0;
  #failure: { error: unknown } | undefined;

  constructor(size: number, fetch: Fetch, limits: Limits = LIMITS) {
    this.size = size;
    this.#fetch = fetch;
    this.#limits = limits;
  }

  /** The first error of a fetch: the file could not be read, which is not the fault of its bytes. */
  get failure(): { error: unknown } | undefined {
    return this.#failure;
  }

  /** Bytes and requests used so far. */
  get used(): Limits {
    return { bytes: this.#bytes, requests: this.#requests };
  }

  /**
   * The bytes [offset, offset + length). Throws Undetermined `corrupt` outside the file, `over-limits` when
   * the budget does not allow it, and whatever the fetch throws.
   */
  async read(offset: number, length: number): Promise<Buffer> {
    if (!(Number.isSafeInteger(offset) && offset >= 0 && length >= 0 && offset + length <= this.size))
      throw new Undetermined("corrupt");
    const result = Buffer.alloc(length);
    if (length === 0) return result;
    const first = Math.floor(offset / BLOCK);
    const last = Math.floor((offset + length - 1) / BLOCK);
    for (let block = first; block <= last; block++) {
      if (this.#blocks.has(block)) continue;
      let end = block;
      while (end < last && !this.#blocks.has(end + 1)) end++;
      await this.#load(block, end);
      block = end;
    }
    for (let block = first; block <= last; block++) {
      const at = block * BLOCK;
      const from = Math.max(offset, at);
      const bytes = this.#blocks.get(block)!;
      result.set(bytes.subarray(from - at, offset + length - at), from - offset);
    }
    return result;
  }

  async #load(first: number, last: number): Promise<void> {
    const offset = first * BLOCK;
    const length = Math.min((last + 1) * BLOCK, this.size) - offset;
    if (this.#bytes + length > this.#limits.bytes || this.#requests >= this.#limits.requests)
      throw new Undetermined("over-limits");
    this.#bytes += length;
    this.#requests++;
    let bytes: Uint8Array;
    try {
      bytes = await this.#fetch(offset, length);
    } catch (error) {
      this.#failure ??= { error };
      throw error;
    }
    for (let block = first; block <= last; block++) {
      const at = (block - first) * BLOCK;
      this.#blocks.set(block, bytes.subarray(at, at + BLOCK));
    }
  }
}
