/**
 * The blob service as the simulator speaks it: lists as XML, contents by ranges.
 * https://learn.microsoft.com/rest/api/storageservices/blob-service-rest-api
 */

import { folderOf, type SimulatedList } from "./access-lists.ts";
import { olderContent, type SimulatedFile } from "./files.ts";
import { labelKeys } from "./office.ts";
import { etag } from "./places.ts";
import { hashText, mix } from "./random.ts";
import type { Tenant } from "./tenant.ts";
import { offsetOf, type Reply, type SimulatedRequest, writeToken } from "./wire.ts";

const MAX_RESULTS = 5000;
const XML_TYPE = "application/xml";
const ESCAPES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const escapeXml = (text: string): string => text.replace(/[&<>"]/g, (found) => ESCAPES[found] ?? found);
const tag = (name: string, value: string | number | boolean): string =>
  `<${name}>${escapeXml(String(value))}</${name}>`;

/** An error as the blob service prints it. */
export const blobError = (
  status: number,
  code: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Reply => ({
  status,
  headers: { "content-type": XML_TYPE, "x-ms-error-code": code, ...headers },
  body: `<?xml version="1.0" encoding="utf-8"?><Error>${tag("Code", code)}${tag("Message", message)}</Error>`,
});

/** What a blob path names. */
export interface BlobPlace {
  readonly account: number;
  readonly container?: number;
  readonly blob?: string;
}
export function blobPlaceOf(tenant: Tenant, path: string): BlobPlace | undefined {
  const [, accountName = "", containerName, ...rest] = path.split("/");
  const account = tenant.places.accountByName(accountName);
  if (account === undefined) return undefined;
  if (!containerName) return { account };
  const container = tenant.places.containerByName(account, containerName);
  if (container === undefined) return undefined;
  return rest.length > 0 && rest[0] !== ""
    ? { account, container, blob: rest.join("/") }
    : { account, container };
}

/** Pattern of a blob request, for counting. */
export function blobRoute({ container, blob }: BlobPlace, query: URLSearchParams): string {
  const comp = query.get("comp");
  const path = blob !== undefined ? "/{container}/{blob}" : container !== undefined ? "/{container}" : "/";
  return comp ? `${path}?comp=${comp}` : path;
}

export function answerBlob(request: SimulatedRequest, tenant: Tenant, place: BlobPlace): Reply {
  const { query } = request;
  if (place.blob !== undefined) return blob(request, tenant, place.container!, place.blob);
  if (place.container === undefined)
    return query.get("comp") === "list" ? containers(request, tenant, place.account) : unsupported(request);
  if (request.method === "HEAD" && query.get("action") === "getAccessControl")
    return rootList(request, tenant, place.account, place.container);
  if (query.get("restype") !== "container") return unsupported(request);
  if (query.get("comp") === "list") return list(request, tenant, place.account, place.container);
  if (query.has("comp"))
    // Access lists of containers take a key or ownership, which a reader's token is not.
    return blobError(
      403,
      "AuthorizationPermissionMismatch",
      "This request is not authorized with this permission.",
    );
  return { status: 200, headers: containerHeaders(tenant, place.container), body: "" };
}

const unsupported = (request: SimulatedRequest): Reply =>
  blobError(400, "InvalidQueryParameterValue", `Nothing is simulated at ${request.path}?${request.query}.`);

/** https://learn.microsoft.com/rest/api/storageservices/datalakestoragegen2/path/get-properties */
function rootList(request: SimulatedRequest, tenant: Tenant, account: number, container: number): Reply {
  if (!tenant.places.hierarchical(account)) return unsupported(request);
  const { owner, group, permissions, acl } = tenant.accessLists.root(container);
  return {
    status: 200,
    headers: {
      etag: etag(mix(tenant.world.seed, 46, container)),
      "last-modified": new Date(tenant.world.time).toUTCString(),
      "x-ms-resource-type": "directory",
      "x-ms-owner": owner,
      "x-ms-group": group,
      "x-ms-permissions": permissions,
      "x-ms-acl": acl,
    },
    body: "",
  };
}

function containerHeaders(tenant: Tenant, c: number): Record<string, string> {
  const access = tenant.places.publicAccess(c).toLowerCase();
  return {
    etag: etag(mix(tenant.world.seed, 46, c)),
    "last-modified": new Date(tenant.world.time).toUTCString(),
    "x-ms-lease-status": "unlocked",
    "x-ms-lease-state": "available",
    "x-ms-has-immutability-policy": "false",
    "x-ms-has-legal-hold": "false",
    ...(access === "none" ? {} : { "x-ms-blob-public-access": access }),
  };
}

function containers(request: SimulatedRequest, tenant: Tenant, account: number): Reply {
  const [from, to] = tenant.places.containersOf(account);
  const size = maxResults(request.query);
  const start = Math.max(from, offsetOf(request.query.get("marker") || null));
  const until = Math.min(to, start + size);
  let rows = "";
  for (let c = start; c < until; c++)
    rows += `<Container>${tag("Name", tenant.places.containerName(c))}<Properties>${tag("Last-Modified", new Date(tenant.world.time).toUTCString())}${tag("Etag", etag(mix(tenant.world.seed, 46, c)))}<LeaseStatus>unlocked</LeaseStatus><LeaseState>available</LeaseState><HasImmutabilityPolicy>false</HasImmutabilityPolicy><HasLegalHold>false</HasLegalHold></Properties></Container>`;
  const marker = until < to ? writeToken({ at: until }) : "";
  return xml(
    `<EnumerationResults ServiceEndpoint="${escapeXml(request.base)}/"><MaxResults>${size}</MaxResults><Containers>${rows}</Containers>${tag("NextMarker", marker)}</EnumerationResults>`,
  );
}

const xml = (body: string): Reply => ({
  status: 200,
  headers: { "content-type": XML_TYPE },
  body: `<?xml version="1.0" encoding="utf-8"?>${body}`,
});

function maxResults(query: URLSearchParams): number {
  const asked = Number(query.get("maxresults") ?? MAX_RESULTS);
  return Number.isInteger(asked) && asked > 0 ? Math.min(asked, MAX_RESULTS) : MAX_RESULTS;
}

/** List Blobs: flat, or by hierarchy where a delimiter is given. */
function list(request: SimulatedRequest, tenant: Tenant, account: number, container: number): Reply {
  const { files } = tenant;
  const { query } = request;
  const prefix = query.get("prefix") ?? "";
  const delimiter = query.get("delimiter") ?? "";
  const include = new Set((query.get("include") ?? "").split(",").map((name) => name.trim()));
  if (delimiter && include.has("snapshots"))
    return blobError(400, "InvalidQueryParameterValue", "Snapshots cannot be listed by hierarchy.");
  const size = maxResults(query);
  const versioned = tenant.places.versioned(account);
  const hierarchical = tenant.places.hierarchical(account);
  const lists = hierarchical && include.has("permissions");
  const [first, end] = prefix ? prefixRange(tenant, container, prefix) : files.of(container);
  let at = Math.max(first, offsetOf(query.get("marker") || null));
  let count = 0;
  let rows = "";
  while (at < end && count < size) {
    const file = files.file(at);
    const cut = delimiter ? file.name.indexOf(delimiter, prefix.length) : -1;
    if (cut >= 0) {
      const folder = file.name.slice(0, cut + delimiter.length);
      rows += `<BlobPrefix>${tag("Name", folder)}</BlobPrefix>`;
      count++;
      at = prefixRange(tenant, container, folder)[1];
      continue;
    }
    const older = include.has(versioned ? "versions" : "snapshots") ? file.older : 0;
    const folder = folderOf(file.name);
    // A directory stands before the first file in it.
    const opens =
      hierarchical && folder !== "" && (at === first || folderOf(files.file(at - 1).name) !== folder);
    // All contents of a name stand on one page.
    if (count > 0 && count + older + (opens ? 2 : 1) > size) break;
    if (opens) {
      rows += directoryRow(tenant, container, folder, include);
      count++;
    }
    for (let generation = older; generation >= 0; generation--)
      rows += row(
        tenant,
        generation === 0 ? file : olderContent(file, generation),
        versioned,
        include,
        lists ? listTags(tenant.accessLists.file(container, file)) : "",
      );
    count += older + 1;
    at++;
  }
  const marker = at < end ? writeToken({ at }) : "";
  return xml(
    `<EnumerationResults ServiceEndpoint="${escapeXml(request.base)}/" ContainerName="${tenant.places.containerName(container)}">${tag("Prefix", prefix)}<MaxResults>${size}</MaxResults>${delimiter ? tag("Delimiter", delimiter) : ""}<Blobs>${rows}</Blobs>${tag("NextMarker", marker)}</EnumerationResults>`,
  );
}

/** Numbers of the files whose names begin so. */
function prefixRange(tenant: Tenant, container: number, prefix: string): readonly [number, number] {
  return [tenant.files.firstFrom(container, prefix), tenant.files.firstFrom(container, `${prefix}\uffff`)];
}

const stamp = (file: SimulatedFile): string => file.modified.toISOString().replace("Z", "0000Z");
const etagOf = (file: SimulatedFile): string => etag(mix(file.index, file.generation, hashText(file.name)));

const listTags = ({ owner, group, permissions, acl }: SimulatedList): string =>
  tag("Owner", owner) + tag("Group", group) + tag("Permissions", permissions) + tag("Acl", acl);

function directoryRow(
  tenant: Tenant,
  container: number,
  folder: string,
  include: ReadonlySet<string>,
): string {
  const lists = include.has("permissions")
    ? tag("ResourceType", "directory") + listTags(tenant.accessLists.directory(container, folder))
    : "";
  const metadata = include.has("metadata") ? `<Metadata>${tag("hdi_isfolder", true)}</Metadata>` : "";
  return `<Blob>${tag("Name", folder)}<Properties>${tag("Last-Modified", new Date(tenant.world.time).toUTCString())}${tag("Etag", etag(hashText(folder)))}${tag("Content-Length", 0)}<BlobType>BlockBlob</BlobType>${lists}</Properties>${metadata}</Blob>`;
}

function row(
  tenant: Tenant,
  file: SimulatedFile,
  versioned: boolean,
  include: ReadonlySet<string>,
  lists: string,
): string {
  const modified = file.modified.toUTCString();
  const version =
    versioned && include.has("versions")
      ? tag("VersionId", stamp(file)) + (file.generation === 0 ? tag("IsCurrentVersion", true) : "")
      : "";
  const snapshot = !versioned && file.generation > 0 ? tag("Snapshot", stamp(file)) : "";
  const metadata = include.has("metadata")
    ? `<Metadata>${metadataOf(tenant, file)
        .map(([name, value]) => tag(name, value))
        .join("")}</Metadata>`
    : "";
  return `<Blob>${tag("Name", file.name)}${snapshot}${version}<Properties>${tag("Creation-Time", modified)}${tag("Last-Modified", modified)}${tag("Etag", etagOf(file))}${tag("Content-Length", tenant.contents.size(file))}${tag("Content-Type", file.contentType)}<BlobType>BlockBlob</BlobType><AccessTier>Hot</AccessTier>${lists}</Properties>${metadata}</Blob>`;
}

/** Attributes of a label that a catalog copies to metadata. */
const CATALOGUED = /_(Enabled|Method|Name|SiteId)$/;

/**
 * What a catalog wrote beside the content: the label of most labelled files, and what was found in them. Names
 * of metadata are identifiers, so dashes become underscores.
 * https://learn.microsoft.com/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata
 */
export function metadataOf(tenant: Tenant, file: SimulatedFile): readonly (readonly [string, string])[] {
  return [
    ...(file.labelInMetadata
      ? labelKeys(file, tenant.world.tenantId)
          .filter(([key]) => CATALOGUED.test(key))
          .map(([key, value]) => [key.replaceAll("-", "_"), value] as const)
      : []),
    ...(file.sensitive.length > 0 ? [["sensitive_types", file.sensitive.join(",")] as const] : []),
  ];
}

function blob(request: SimulatedRequest, tenant: Tenant, container: number, name: string): Reply {
  const { headers, query } = request;
  const current = tenant.files.byName(container, name);
  const wanted = query.get("versionid") ?? query.get("snapshot");
  const file =
    current && wanted !== null
      ? [current, ...Array.from({ length: current.older }, (_, n) => olderContent(current, n + 1))].find(
          (content) => stamp(content) === wanted,
        )
      : current;
  if (!file) return blobError(404, "BlobNotFound", "The specified blob does not exist.");
  if (query.get("comp") === "tags") return xml("<Tags><TagSet></TagSet></Tags>");
  const etagNow = etagOf(file);
  const ifMatch = headers["if-match"];
  if (ifMatch !== undefined && ifMatch !== "*" && ifMatch.replaceAll('"', "") !== etagNow.replaceAll('"', ""))
    return blobError(
      412,
      "ConditionNotMet",
      "The condition specified using HTTP conditional header(s) is not met.",
    );
  const size = tenant.contents.size(file);
  const common: Record<string, string> = {
    etag: etagNow,
    "last-modified": file.modified.toUTCString(),
    "content-type": file.contentType,
    "accept-ranges": "bytes",
    "x-ms-blob-type": "BlockBlob",
    "x-ms-lease-status": "unlocked",
    "x-ms-lease-state": "available",
    "x-ms-server-encrypted": "true",
    "x-ms-creation-time": file.modified.toUTCString(),
    ...Object.fromEntries(metadataOf(tenant, file).map(([key, value]) => [`x-ms-meta-${key}`, value])),
  };
  if (request.method === "HEAD")
    return { status: 200, headers: { ...common, "content-length": String(size) }, body: "" };
  const range = /^bytes=(\d+)-(\d*)$/.exec(headers["x-ms-range"] ?? headers.range ?? "");
  if (!range) return { status: 200, headers: common, body: tenant.contents.bytes(file) };
  const from = Number(range[1]);
  const to = Math.min(size - 1, range[2] ? Number(range[2]) : size - 1);
  if (from >= size || to < from)
    return blobError(416, "InvalidRange", "The range specified is invalid.", {
      "content-range": `bytes */${size}`,
    });
  return {
    status: 206,
    headers: { ...common, "content-range": `bytes ${from}-${to}/${size}` },
    body: tenant.contents.bytes(file).subarray(from, to + 1),
  };
}
