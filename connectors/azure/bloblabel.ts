/** The sensitivity label of one blob: from what the listing says, and from its bytes. */
import type { Readable } from "node:stream";
import type { BlobClient, BlobItem, ContainerClient } from "@azure/storage-blob";
import { ForereachError, PermissionError, ProviderError } from "../../src/model.ts";
import {
  type Fetch,
  formatOf,
  fromKeys,
  type LabelFinding,
  RangedFile,
  readLabel,
  type UnknownReason,
} from "./labels/index.ts";

export interface BlobLabel {
  finding: LabelFinding;
  /** `bytes`: the file itself; `catalog`: metadata that somebody wrote beside it. Absent: by structure. */
  source?: "bytes" | "catalog";
}

/** What the listing alone says: label keys in metadata, or a format that has no place for a label. */
export function labelFromListing(blob: BlobItem, tenantId: string): BlobLabel {
  const statement = fromKeys(Object.entries(blob.metadata ?? {}), tenantId);
  if (statement.state === "labeled") return { finding: statement, source: "catalog" };
  if (statement.state === "untold") return unknown("tenant-untold");
  if (formatOf(blob.name) === "none" || blob.properties.contentLength === 0)
    return { finding: { state: "unlabeled" } };
  return {
    finding: {
      state: "unknown",
      reason: formatOf(blob.name) === "office" ? "not-looked" : "format-not-modelled",
    },
  };
}

/**
 * Reads the label from the bytes of the very state that was listed. A file that cannot be read gives
 * `unknown` with the reason; errors that are not about this file are thrown.
 */
export async function readBlobLabel(
  container: ContainerClient,
  blob: BlobItem,
  tenantId: string,
  signal: AbortSignal,
): Promise<BlobLabel> {
  if (blob.properties.accessTier === "Archive") return unknown("archived");
  if (blob.properties.customerProvidedKeySha256) return unknown("customer-key");
  const client = stateOf(container.getBlobClient(blob.name), blob);
  const etag = `"${blob.properties.etag.replaceAll('"', "")}"`;
  const fetch: Fetch = async (offset, length) => {
    // If-Match: a file that is replaced between two ranges would give a label that neither state has.
    const answer = await client.download(offset, length, {
      abortSignal: signal,
      conditions: { ifMatch: etag },
    });
    if (!answer.readableStreamBody) throw new ProviderError("blob-read-failed", "A ranged read had no body.");
    return exactly(length, answer.readableStreamBody);
  };
  try {
    const file = new RangedFile(blob.properties.contentLength ?? 0, fetch);
    const finding = await readLabel(file, formatOf(blob.name), tenantId);
    return finding.state === "unknown" ? { finding } : { finding, source: "bytes" };
  } catch (error) {
    const reason = signal.aborted ? undefined : reasonOf(error);
    if (reason) return unknown(reason);
    throw error;
  }
}

const unknown = (reason: UnknownReason): BlobLabel => ({ finding: { state: "unknown", reason } });

function stateOf(client: BlobClient, blob: BlobItem): BlobClient {
  if (blob.snapshot) return client.withSnapshot(blob.snapshot);
  return blob.versionId && !blob.isCurrentVersion ? client.withVersion(blob.versionId) : client;
}

/** Reads the stream, but not past what was asked for: a service that ignores the range must not send it all. */
async function exactly(length: number, stream: NodeJS.ReadableStream): Promise<Uint8Array> {
  const body = stream as Readable;
  const chunks: Buffer[] = [];
  let received = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    received += chunk.length;
    if (received > length) body.destroy();
  }
  if (received !== length)
    throw new ProviderError("blob-read-failed", `A ranged read gave ${received} bytes instead of ${length}.`);
  return Buffer.concat(chunks);
}

/**
 * Refusals that concern one file, by the transport's codes. Anything else (throttling that does not end, a
 * broken network) is thrown.
 * https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes
 */
function reasonOf(error: unknown): UnknownReason | undefined {
  if (error instanceof PermissionError) return "denied";
  if (!(error instanceof ForereachError)) return undefined;
  switch (error.code) {
    // Names that two readers of a URL would understand differently never leave.
    case "not-allowed":
      return "not-looked";
    case "not-found":
      return "gone";
    // Replaced, made shorter, or archived since it was listed.
    case "http-409":
    case "http-412":
    case "http-416":
      return "changed";
    default:
      return undefined;
  }
}
