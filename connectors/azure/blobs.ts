/**
 * Blobs of a container, with their versions and snapshots, the sensitivity label of each and, where the namespace
 * is hierarchical, the access lists that they stand under.
 *
 * Sensitive types: blob metadata `sensitive_types` (names of metadata are identifiers; `sensitive-types` is
 * read as the same) is a comma-separated list that a catalog or a DLP tool writes beside what it inspected. An
 * empty list says "inspected, nothing found"; without the key nobody looked, and the item says nothing.
 */
import type { BlobItem, ContainerClient } from "@azure/storage-blob";
import pLimit from "p-limit";
import type { Page, Pass, Step, StepContext } from "../../src/connector.ts";
import { type Level, ProviderError } from "../../src/model.ts";
import {
  type Change,
  type GraphRecord,
  LABEL_UNKNOWN,
  type NodeProps,
  type NodeRef,
  type RelProps,
  UNLABELED,
} from "../../src/schema.ts";
import { STEP, scopesOfKind } from "./arm.ts";
import { type AclPosition, AclWalk, BLOB_READER, startOfLists } from "./blob-acls.ts";
import { type BlobLabel, labelFromListing, readBlobLabel } from "./bloblabel.ts";
import { formatOf, type UnknownReason } from "./labels/index.ts";
import { type PlaceOfPath, placesOfPaths } from "./path-sets.ts";
import { armParent } from "./scopes.ts";
import { knownAccounts } from "./storage-known.ts";

/** The service's own maximum. https://learn.microsoft.com/rest/api/storageservices/list-blobs */
const PAGE_SIZE = 5000;
/** Files whose labels are read at once: enough to hide latency, too few to be noticed by an account. */
const READERS = 8;

export const blobs: Step = {
  id: STEP.blobs,
  title: "Blobs, versions and snapshots, their labels and access lists",
  produces: ["Item", "PROTECTED_BY", "Label", "LABELED", "Scope", "WITHIN", "Principal", "GRANTED"],
  needs: [
    {
      kind: "azure",
      name: BLOB_READER,
      why: "list blobs with their metadata and access lists; at level labels read the label parts of Office files",
      risk: "read the content of every blob in its scope: no built-in role lists blobs without it",
      doc: "https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/storage#storage-blob-data-reader",
    },
  ],
  // A placeholder stands for no name that begins with `$`, so such containers are said by name, and blobs of
  // such a name have a line of their own. Logs and change feed are in no list of containers, but roles may be assigned there.
  // https://learn.microsoft.com/rest/api/storageservices/list-containers2
  reads: ["{container}", "$root", "$web", "$logs", "$blobchangefeed"].flatMap((container) => [
    `GET blob /${container}`,
    `HEAD blob /${container}`,
    `GET blob /${container}/{path*}`,
    `GET blob /${container}/\${path*}`,
  ]),
  after: [STEP.containers, STEP.storageAccounts],
  // Conditions of assignments tell which paths are places of their own.
  follows: [STEP.roleAssignments, STEP.eligibleAssignments],
  hides: "grants",
  parts: [
    { id: STEP.labels, title: "Sensitivity labels of blobs", hides: "use" },
    { id: STEP.accessLists, title: "Access lists of files and directories", hides: "both" },
  ],
  scopes: (c) => scopesOfKind(c, "Container"),
  crawl,
};

/** Where the listing continues, and what was not read so far: the gap is stated at the end, once. */
interface Position {
  marker?: string;
  unread: Partial<Record<UnknownReason, number>>;
  /** Where the namespace is hierarchical. */
  lists?: AclPosition;
}

async function* crawl(c: StepContext, pass: Pass): AsyncGenerator<Page> {
  const account = await accountOf(c, pass.scope);
  const name = pass.scope.slice(pass.scope.lastIndexOf("/") + 1);
  const container = c.http.blobs(account.url).getContainerClient(name);
  const position: Position = pass.cursor === undefined ? { unread: {} } : JSON.parse(pass.cursor);
  if (account.hns) position.lists ??= await startOfLists(c, account.url, pass.scope);
  const walk = position.lists && new AclWalk(pass.scope, position.lists);
  const placeOf = await placesOfPaths(c, pass.scope);
  for await (const { segment, continuationToken } of listing(c, account, name, position.marker)) {
    const items = segment.blobItems.filter((blob) => !isDirectory(blob));
    const labels = await labelsOf(c, container, items, position.unread);
    const { scopes, records } = protection(segment.blobItems, placeOf, walk);
    const page: Page = {
      changes: [
        ...records.map((put) => ({ put })),
        ...labelNodes(labels),
        ...items.flatMap((blob, i) => changesOf(pass.scope, scopes.get(blob)!, blob, labels[i]!)),
      ],
    };
    if (!continuationToken) {
      const gaps = [labelGap(pass.scope, position.unread), walk?.gap()].filter((gap) => gap !== undefined);
      if (gaps.length > 0) page.gaps = gaps;
      yield page;
      return;
    }
    position.marker = continuationToken;
    if (walk) position.lists = walk.position(segment.blobItems.at(-1)?.name ?? "");
    page.cursor = JSON.stringify(position);
    yield page;
  }
}

/** Pages of a listing. */
function listing(c: StepContext, { url, hns }: Account, container: string, marker: string | undefined) {
  const settings = {
    maxPageSize: PAGE_SIZE,
    ...(marker === undefined ? {} : { continuationToken: marker }),
  };
  // A hierarchical namespace has no versions, and no service promises to accept the question. It tells access lists,
  // which the SDK has no word for: its client keeps the query that it is made with.
  // https://learn.microsoft.com/azure/storage/blobs/storage-feature-support-in-storage-accounts
  if (hns)
    return c.http
      .blobs(`${url.replace(/\/$/, "")}/?include=metadata,snapshots,permissions`)
      .getContainerClient(container)
      .listBlobsFlat({ abortSignal: c.signal })
      .byPage(settings);
  return c.http
    .blobs(url)
    .getContainerClient(container)
    .listBlobsFlat({
      includeMetadata: true,
      includeSnapshots: true,
      includeVersions: true,
      abortSignal: c.signal,
    })
    .byPage(settings);
}

/** The scope that protects each blob: its container, the part that its path lies in, or what its lists derive. */
function protection(blobs: readonly BlobItem[], placeOf: PlaceOfPath, walk: AclWalk | undefined) {
  const scopes = new Map<BlobItem, string>();
  const records: GraphRecord[] = [];
  for (const blob of blobs) {
    const place = placeOf(blob.name);
    const derived = walk?.take(blob, isDirectory(blob), place);
    scopes.set(blob, derived?.scope ?? place);
    records.push(...(derived?.records ?? []));
  }
  return { scopes, records };
}

interface Account {
  url: string;
  hns: boolean;
}

async function accountOf(c: StepContext, container: string): Promise<Account> {
  const id = armParent(container)!;
  const account = (await knownAccounts(c)).get(id);
  if (account?.url) return { url: account.url, hns: account.hns === true };
  throw new ProviderError(
    "blob-endpoint-unknown",
    `The blob endpoint of ${id} is not known, so its containers cannot be listed.`,
    `Scan storage accounts first (step ${STEP.storageAccounts}), or check that the account serves blobs.`,
  );
}

/**
 * Directories of a hierarchical namespace are listed as empty blobs with this mark, or said to be of this type. Whoever
 * writes a blob may mark it: one that holds something is none.
 * https://learn.microsoft.com/azure/storage/blobs/data-lake-storage-known-issues
 */
const isDirectory = (blob: BlobItem): boolean =>
  (metadataOf(blob).get("hdi_isfolder") === "true" && blob.properties.contentLength === 0) ||
  Reflect.get(blob.properties, "ResourceType") === "directory";

/** Names of metadata are compared without case. */
const metadataOf = (blob: BlobItem): Map<string, string> =>
  new Map(Object.entries(blob.metadata ?? {}).map(([key, value]) => [key.toLowerCase(), value]));

const readsBytes = (level: Level): boolean => level === "labels" || level === "content";

/** Labels in the order of `items`, whatever order they are read in. Adds what could not be read to `unread`. */
async function labelsOf(
  c: StepContext,
  container: ContainerClient,
  items: readonly BlobItem[],
  unread: Position["unread"],
): Promise<BlobLabel[]> {
  const labels = items.map((blob) => labelFromListing(blob, c.tenantId));
  if (!readsBytes(c.level)) return labels;
  /** False if the file was refused. */
  const read = async (i: number): Promise<boolean> => {
    const own = await readBlobLabel(container, items[i]!, c.tenantId, c.signal);
    // The file's own label is the fact; what a catalog wrote beside it stands in where the file is silent.
    if (own.finding.state === "labeled" || !isStated(labels[i]!)) labels[i] = own;
    return !(own.finding.state === "unknown" && own.finding.reason === "denied");
  };
  const office = items.flatMap((blob, i) => (formatOf(blob.name) === "office" ? [i] : []));
  // The first read is a probe: where it is refused, the rest of the container is not asked file by file.
  const [probe, ...rest] = office;
  if (probe !== undefined && !unread.denied && (await read(probe))) {
    const limit = pLimit(READERS);
    await Promise.all(rest.map((i) => limit(read, i))).finally(() => limit.clearQueue());
  } else {
    for (const i of office) {
      const { finding } = labels[i]!;
      if (finding.state === "unknown") labels[i] = { finding: { state: "unknown", reason: "denied" } };
    }
  }
  for (const { finding } of labels)
    if (finding.state === "unknown") unread[finding.reason] = (unread[finding.reason] ?? 0) + 1;
  return labels;
}

/** True if somebody wrote a label beside the file, be it one of which nobody tells the tenant. */
const isStated = ({ finding }: BlobLabel): boolean =>
  finding.state === "labeled" || (finding.state === "unknown" && finding.reason === "tenant-untold");

function changesOf(container: string, scope: string, blob: BlobItem, label: BlobLabel): Change[] {
  const { contentLength, lastModified, etag } = blob.properties;
  const version = blob.versionId && !blob.isCurrentVersion ? blob.versionId : undefined;
  const suffix = blob.snapshot ? `?snapshot=${blob.snapshot}` : version ? `?versionid=${version}` : "";
  const item: NodeRef<"Item"> = { kind: "Item", id: `${container}/blobs/${blob.name}${suffix}` };
  const props: NodeProps<"Item"> = {
    kind: blob.snapshot ? "BlobSnapshot" : version ? "BlobVersion" : "Blob",
    name: blob.name.slice(blob.name.lastIndexOf("/") + 1) || blob.name,
    path: blob.name,
    modified: lastModified.toISOString(),
    etag: etag.replaceAll('"', ""),
  };
  if (contentLength !== undefined) props.size = contentLength;
  const metadata = metadataOf(blob);
  const types = metadata.get("sensitive_types") ?? metadata.get("sensitive-types");
  if (types !== undefined) {
    const found = new Set(types.split(/[,;]/).map((type) => type.trim()));
    props.types = [...found].filter(Boolean).sort().join("; ");
  }
  const labeled: RelProps<"LABELED"> = {};
  if (label.finding.state === "labeled" && label.finding.method) labeled.method = label.finding.method;
  if (label.source) labeled.source = label.source;
  return [
    { put: { kind: "Item", id: item.id, props } },
    { put: { kind: "PROTECTED_BY", from: item, to: { kind: "Scope", id: scope } } },
    { put: { kind: "LABELED", from: item, to: { kind: "Label", id: labelId(label) }, props: labeled } },
  ];
}

function labelId({ finding }: BlobLabel): string {
  if (finding.state === "labeled") return finding.id;
  return finding.state === "unlabeled" ? UNLABELED : LABEL_UNKNOWN;
}

/** Each label of a page once, with all that its files say about it. */
function labelNodes(labels: readonly BlobLabel[]): Change[] {
  const nodes = new Map<string, NodeProps<"Label">>();
  for (const label of labels) {
    const id = labelId(label);
    const props = nodes.get(id) ?? {};
    nodes.set(id, props);
    const { finding } = label;
    if (finding.state === "labeled") {
      props.kind = "Sensitivity";
      if (finding.name) props.name = finding.name;
      if (finding.encrypted) props.encrypted = true;
    } else if (finding.state === "unlabeled") Object.assign(props, { kind: "None", name: "Unlabeled" });
    else Object.assign(props, { kind: "Unknown", name: "Label unknown" });
  }
  return [...nodes].map(([id, props]) => ({ put: { kind: "Label", id, props } }));
}

/** Why, in words, for people who read coverage. */
const IN_WORDS: Readonly<Record<UnknownReason, string>> = {
  archived: "in the archive tier",
  changed: "changed while being read",
  corrupt: "not readable as the Office file that its name says",
  "customer-key": "encrypted with a key that the customer sends with each call",
  denied: "refused to us",
  encrypted: "encrypted, with no label in clear",
  "format-not-modelled": "in a format whose label is not read yet",
  gone: "deleted since they were listed",
  "not-looked": "not looked at",
  "over-limits": "larger inside than a label read may be",
  "tenant-untold": "with a label that does not tell its tenant",
};

function labelGap(scope: string, unread: Position["unread"]): NonNullable<Page["gaps"]>[number] | undefined {
  const reasons = Object.entries(unread).sort(([a], [b]) => (a < b ? -1 : 1));
  if (reasons.length === 0) return undefined;
  const counted = reasons.map(([reason, files]) => `${files} ${IN_WORDS[reason as UnknownReason]}`);
  const gap = { step: STEP.labels, scope, reason: `Files whose label is not known: ${counted.join("; ")}.` };
  if (unread.denied)
    return {
      ...gap,
      state: "denied",
      fix: `Grant ${BLOB_READER} on the container, or scan at level metadata.`,
    };
  const unmodelled = reasons.every(([reason]) => reason === "format-not-modelled");
  return { ...gap, state: unmodelled ? "not-modelled" : "partial" };
}
