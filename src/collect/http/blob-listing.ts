/**
 * Listings of blobs, read in one go. The SDK takes them apart twice, into a tree and from there into its model, asking
 * for each of some fifty properties of each blob; that is most of the time of a scan of files. Here only what stands in
 * the text is touched. https://learn.microsoft.com/rest/api/storageservices/list-blobs#response-body
 */

type Value = string | number | boolean | Date | Uint8Array;
type Fields = Record<string, Value>;

/** As the SDK's model has it, before it turns names into text. */
export interface ListedBlob extends Record<string, unknown> {
  name: { content: string; encoded: boolean };
  properties: Fields;
  metadata?: Record<string, string>;
}
export interface BlobListing extends Record<string, unknown> {
  segment: { blobItems: ListedBlob[] };
  continuationToken: string;
}

/** Elements whose names in the model do not follow from their own. */
const RENAMED: Readonly<Record<string, string>> = {
  Etag: "etag",
  "Content-MD5": "contentMD5",
  CopyCompletionTime: "copyCompletedOn",
  "Creation-Time": "createdOn",
  DeletedTime: "deletedOn",
  "Expiry-Time": "expiresOn",
  ImmutabilityPolicyUntilDate: "immutabilityPolicyExpiresOn",
  LastAccessTime: "lastAccessedOn",
  AccessTierChangeTime: "accessTierChangedOn",
  Sealed: "isSealed",
  MaxResults: "maxPageSize",
  NextMarker: "continuationToken",
  "x-ms-blob-sequence-number": "blobSequenceNumber",
};
const DATES = [
  "Creation-Time",
  "Last-Modified",
  "CopyCompletionTime",
  "DeletedTime",
  "AccessTierChangeTime",
  "Expiry-Time",
  "LastAccessTime",
  "ImmutabilityPolicyUntilDate",
];
const NUMBERS = [
  "Content-Length",
  "x-ms-blob-sequence-number",
  "RemainingRetentionDays",
  "TagCount",
  "MaxResults",
];
const FLAGS = [
  ...["ServerEncrypted", "IncrementalCopy", "AccessTierInferred", "Sealed", "LegalHold"],
  ...["Deleted", "IsCurrentVersion", "HasVersionsOnly"],
];
const TEXTS = [
  ...["Etag", "Content-Type", "Content-Encoding", "Content-Language", "Content-Disposition", "Cache-Control"],
  ...["BlobType", "LeaseStatus", "LeaseState", "LeaseDuration", "CopyId", "CopyStatus", "CopySource"],
  ...["CopyProgress", "CopyStatusDescription", "DestinationSnapshot", "AccessTier", "ArchiveStatus"],
  ...["CustomerProvidedKeySha256", "EncryptionScope", "RehydratePriority", "ImmutabilityPolicyMode"],
  ...["Snapshot", "VersionId", "Prefix", "Marker", "NextMarker"],
];

const modelName = (name: string): string =>
  RENAMED[name] ?? name.charAt(0).toLowerCase() + name.slice(1).replaceAll("-", "");
const text = (value: string): Value => value;
const READ: ReadonlyMap<string, readonly [key: string, read: (value: string) => Value]> = new Map([
  ...TEXTS.map((name) => [name, [modelName(name), text]] as const),
  ...DATES.map((name) => [name, [modelName(name), (value: string): Value => new Date(value)]] as const),
  ...NUMBERS.map((name) => [name, [modelName(name), numberIn]] as const),
  ...FLAGS.map((name) => [name, [modelName(name), flagIn]] as const),
  [
    "Content-MD5",
    [modelName("Content-MD5"), (value: string): Value => Buffer.from(value, "base64")],
  ] as const,
]);

function numberIn(value: string): Value {
  const number = Number.parseFloat(value);
  return Number.isNaN(number) ? value : number;
}
function flagIn(value: string): Value {
  return value === "true" ? true : value === "false" ? false : value;
}

const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };
/** What the plain form has no place for: the SDK, which knows all of XML, reads such a listing. */
class Unusual extends Error {}

const decoded = (value: string): string =>
  value.includes("&")
    ? value.replace(/&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(\w+));|&/gi, (_, hex, decimal, name) => {
        const code = hex ? Number.parseInt(hex, 16) : decimal ? Number(decimal) : undefined;
        if (code !== undefined && code > 0x10ffff) throw new Unusual();
        const found = code === undefined ? ENTITIES[name] : String.fromCodePoint(code);
        if (found === undefined) throw new Unusual();
        return found;
      })
    : value;

/** Elements without attributes, one after the other and in one another. */
class Elements {
  #at: number;
  readonly #xml: string;
  constructor(xml: string, from: number) {
    this.#xml = xml;
    this.#at = from;
  }

  /** Name of the element that begins here; undefined where the one around it ends, which is then behind us. */
  next(around: string): string | undefined {
    const xml = this.#xml;
    let at = this.#at;
    while (xml.charCodeAt(at) <= 32) at++;
    const end = xml.indexOf(">", at);
    if (xml.charCodeAt(at) !== 60 || end === -1) throw new Unusual();
    const tag = xml.slice(at + 1, end);
    this.#at = end + 1;
    if (tag.charCodeAt(0) !== 47) return tag;
    if (tag !== `/${around}`) throw new Unusual();
    return undefined;
  }

  /** What stands in the element that was begun, which must be text. */
  text(name: string): string {
    const xml = this.#xml;
    const end = xml.indexOf("<", this.#at);
    if (end === -1 || !xml.startsWith(`/${name}>`, end + 1)) throw new Unusual();
    const found = xml.slice(this.#at, end);
    this.#at = end + name.length + 3;
    return decoded(found);
  }

  /** Nothing follows but space. */
  over(): boolean {
    return this.#xml.slice(this.#at).trim() === "";
  }
}

const NAME = /^[A-Za-z_][\w.-]*$/;
const EMPTY = /^([A-Za-z_][\w.-]*)\s*\/$/;

/** The name and the text of the element; without text for `<Name />`. */
function leaf(elements: Elements, tag: string): [name: string, text: string] {
  if (NAME.test(tag)) return [tag, elements.text(tag)];
  const name = EMPTY.exec(tag)?.[1];
  if (name === undefined) throw new Unusual();
  return [name, ""];
}

/** What the SDK has no word for stays as text under its own name. */
function put(fields: Record<string, unknown>, elements: Elements, tag: string): void {
  const [name, value] = leaf(elements, tag);
  const known = READ.get(name);
  const key = known?.[0] ?? name;
  // A name that comes twice is a list.
  if (Object.hasOwn(fields, key)) throw new Unusual();
  fields[key] = known === undefined ? value : known[1](value);
}

function blobIn(elements: Elements): ListedBlob {
  const blob: Partial<ListedBlob> = {};
  for (let tag = elements.next("Blob"); tag !== undefined; tag = elements.next("Blob"))
    if (tag === "Name") blob.name = { content: elements.text("Name"), encoded: false };
    else if (tag === "Properties") {
      blob.properties = {};
      for (let of = elements.next(tag); of !== undefined; of = elements.next(tag))
        put(blob.properties, elements, of);
    } else if (tag === "Metadata") {
      blob.metadata = {};
      for (let of = elements.next(tag); of !== undefined; of = elements.next(tag)) {
        const [name, value] = leaf(elements, of);
        if (Object.hasOwn(blob.metadata, name)) throw new Unusual();
        blob.metadata[name] = value;
      }
    } else if (tag === "Metadata /" || tag === "Metadata/") blob.metadata = {};
    else put(blob, elements, tag);
  const { name, properties } = blob;
  if (name === undefined || properties === undefined) throw new Unusual();
  return { ...blob, name, properties };
}

const START = /^\uFEFF?<\?xml[^>]*\?>\s*<EnumerationResults((?:\s+\w+="[^"<>&]*")*)\s*>/;

/** The page of a flat listing as the SDK's model has it; undefined where the text is not of the plain form. */
export function readListing(xml: string): BlobListing | undefined {
  const start = START.exec(xml);
  if (start === null) return undefined;
  const elements = new Elements(xml, start[0].length);
  const page: Record<string, unknown> = {};
  for (const [, name = "", value] of start[1]!.matchAll(/(\w+)="([^"]*)"/g)) page[modelName(name)] = value;
  const blobItems: ListedBlob[] = [];
  try {
    for (let tag = elements.next("EnumerationResults"); tag; tag = elements.next("EnumerationResults"))
      if (tag === "Blobs")
        for (let one = elements.next(tag); one !== undefined; one = elements.next(tag)) {
          if (one !== "Blob") throw new Unusual();
          blobItems.push(blobIn(elements));
        }
      else if (tag !== "Blobs /" && tag !== "Blobs/") put(page, elements, tag);
  } catch (error) {
    if (error instanceof Unusual) return undefined;
    throw error;
  }
  const { continuationToken } = page;
  // Where it goes on is said in every page, if only by an empty element.
  if (typeof continuationToken !== "string" || !elements.over()) return undefined;
  return { ...page, continuationToken, segment: { blobItems } };
}
