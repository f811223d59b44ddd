/** The only caller of the network. Types first; implementation follows. */
import type { BlobServiceClient } from "@azure/storage-blob";

export type Service = "graph" | "arm";

export interface RequestOptions {
  /** Estimated cost in resource units where the service counts them; computed from the path if absent. */
  units?: number;
  headers?: Readonly<Record<string, string>>;
}

/** One answer. `recordedApiVersion` is set only by replay: the api-version the answer was recorded at. */
export interface Answer<T> {
  status: number;
  headers: Readonly<Record<string, string>>;
  body: T;
  recordedApiVersion?: string;
}

export interface AnswerPage<T> {
  items: T[];
  /** Link to the next page, verbatim; absent on the last. */
  next?: string;
  /** Delta link, on the last page of a delta call. */
  delta?: string;
  /** The tenant's own count, where it gives one. */
  count?: number;
  recordedApiVersion?: string;
}

/** A refused or failed part of a batch: the error that the single call would have thrown. */
export type BatchAnswer<T> = { ok: true; page: AnswerPage<T> } | { ok: false; error: Error };

/**
 * Reads from the tenant. Every call is throttled, retried and cancellable; a call outside the allow-list
 * is refused before it leaves. Throws PermissionError (401, 403), CursorExpired (410), ProviderError
 * (anything else that retries did not mend; an exchange that a recording lacks has code `not-recorded`).
 */
export interface Transport {
  get<T>(service: Service, path: string, options?: RequestOptions): Promise<Answer<T>>;
  /** Pages of a collection. `path` is relative (`/v1.0/users?$top=999`) or a link from an earlier page. */
  pages<T>(service: Service, path: string, options?: RequestOptions): AsyncGenerator<AnswerPage<T>>;
  /** Up to 20 Graph reads in one `$batch`; further pages of each are followed singly by the caller. */
  batch<T>(paths: readonly string[], options?: RequestOptions): Promise<BatchAnswer<T>[]>;
  /** Blob service of one account over this transport. `url` is the account's blob endpoint. */
  blobs(url: string): BlobServiceClient;
}
