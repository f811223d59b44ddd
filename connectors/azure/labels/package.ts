/** Label of an Office Open XML package (a zip): its directory and at most three small parts are read. */
import { Readable } from "node:stream";
import { crc32 } from "node:zlib";
import { type Entry, fromRandomAccessReaderPromise, RandomAccessReader, type ZipFile } from "yauzl";
import { type LabelFinding, Undetermined } from "./finding.ts";
import { fromKeys, type Statement } from "./keys.ts";
import { customProperties, fromLabelInfo } from "./metadata.ts";
import type { RangedFile } from "./ranges.ts";
import { children, parseXml } from "./xml.ts";

const END_OF_DIRECTORY = 0x06054b50;
const END_SIZE = 22;
/** A zip's comment may push its end record this far from the end of the file. */
const LONGEST_END = END_SIZE + 0xffff;
/** More parts than any real document has; a longer directory is a bomb. */
const MOST_ENTRIES = 20_000;
/** The parts read here are a few hundred bytes; one that unpacks to more is not what it says. */
const LARGEST_PART = 512 * 1024;
/** Room for a local header's extra field, which the directory does not announce. */
const HEADER_ROOM = 30 + 256;

const ROOT_RELATIONSHIPS = "_rels/.rels";
const USUAL_LABEL_PART = "docmetadata/labelinfo.xml";
/** https://learn.microsoft.com/openspecs/office_standards/ms-oi29500/c0599e21-b77f-475e-99e0-bd647f60bcbb */
const LABEL_RELATIONSHIP = "http://schemas.microsoft.com/office/2020/02/relationships/classificationlabels";
const CUSTOM_RELATIONSHIPS = [
  "http://schemas.openxmlformats.org/officeDocument/2006/relationships/custom-properties",
  "http://purl.oclc.org/ooxml/officeDocument/relationships/customProperties",
];

export interface EndRecord {
  /** Where the record stands. */
  at: number;
  directoryOffset: number;
  directorySize: number;
}

/** A tail that holds the end record of every usual file, and of a small one little besides its directory. */
export const shortTail = (size: number): number => Math.min(size, 8192, Math.max(1024, Math.ceil(size / 8)));

/** The longest tail in which a zip of this size may have its end record. */
export const longTail = (size: number): number => Math.min(size, LONGEST_END);

/** The zip's end record, if it stands in the last `length` bytes. */
export async function findEnd(file: RangedFile, length: number): Promise<EndRecord | undefined> {
  const tail = await file.read(file.size - length, length);
  for (let i = length - END_SIZE; i >= 0; i--) {
    if (tail.readUInt32LE(i) !== END_OF_DIRECTORY || tail.readUInt16LE(i + 20) !== length - END_SIZE - i)
      continue;
    return {
      at: file.size - length + i,
      directorySize: tail.readUInt32LE(i + 12),
      directoryOffset: tail.readUInt32LE(i + 16),
    };
  }
  return undefined;
}

/** Gives yauzl its bytes by ranged reads. */
class Reader extends RandomAccessReader {
  readonly #file: RangedFile;
  readonly #end: number;
  constructor(file: RangedFile, end: number) {
    super();
    this.#file = file;
    this.#end = end;
  }

  override _readStreamForRange(start: number, end: number): Readable {
    return Readable.from(this.#bytes(start, end), { objectMode: false });
  }

  async *#bytes(start: number, end: number): AsyncGenerator<Buffer> {
    // yauzl asks for the longest possible tail and looks through it from its end to the end record. That is
    // already found, so nothing before it (and before the zip64 locator) is fetched: it would be content.
    const needed = this.#end - 20;
    if (end === this.#file.size && start < needed) {
      yield Buffer.alloc(needed - start);
      start = needed;
    }
    if (end > start) yield await this.#file.read(start, end - start);
  }
}

/** Reads the label. Throws Undetermined, and whatever the file's fetch or the zip reader throws. */
export async function readPackage(file: RangedFile, end: EndRecord, tenantId: string): Promise<LabelFinding> {
  if (end.directoryOffset + end.directorySize <= end.at)
    await file.read(end.directoryOffset, end.directorySize);
  const zip = await fromRandomAccessReaderPromise(new Reader(file, end.at), file.size, {
    autoClose: false,
    lazyEntries: true,
    validateEntrySizes: true,
  });
  const entries = await directory(zip);
  const part = (name: string) => readPart(file, zip, entries.get(name));

  const target = targetsOf(await part(ROOT_RELATIONSHIPS));
  const labelPart = target(LABEL_RELATIONSHIP);
  // A part of the usual name that nothing refers to is no label where a relationship names another; where none does,
  // it may give a label, but takes none away that Office reads elsewhere.
  const labelInfo = await part(labelPart ?? USUAL_LABEL_PART);
  if (labelInfo) {
    const statement = fromLabelInfo(labelInfo, tenantId);
    if (statement.state === "labeled" || (statement.state === "none" && labelPart !== undefined))
      return settle(statement);
  }
  const customPart = target(...CUSTOM_RELATIONSHIPS);
  const custom = await part(customPart ?? "docprops/custom.xml");
  // A relationship that leads nowhere: a label was here, and is not readable.
  if ((!labelInfo && labelPart !== undefined) || (!custom && customPart !== undefined))
    throw new Undetermined("corrupt");
  return custom ? settle(fromKeys(customProperties(custom), tenantId)) : { state: "unlabeled" };
}

function settle(statement: Statement): LabelFinding {
  if (statement.state === "untold") throw new Undetermined("tenant-untold");
  return statement.state === "labeled" ? statement : { state: "unlabeled" };
}

/** Entries by part name. Part names are compared without case (ISO/IEC 29500-2, 6.2.2). */
async function directory(zip: ZipFile): Promise<Map<string, Entry>> {
  if (zip.entryCount > MOST_ENTRIES) throw new Undetermined("over-limits");
  const entries = new Map<string, Entry>();
  for await (const entry of zip.eachEntry()) {
    const name = entry.fileName.toLowerCase();
    // Two parts of one name: readers disagree on which one counts, so no label can be named.
    if (entries.has(name)) throw new Undetermined("corrupt");
    entries.set(name, entry);
  }
  return entries;
}

async function readPart(
  file: RangedFile,
  zip: ZipFile,
  entry: Entry | undefined,
): Promise<Uint8Array | undefined> {
  if (!entry) return undefined;
  if (entry.isEncrypted()) throw new Undetermined("encrypted");
  if (entry.uncompressedSize > LARGEST_PART || entry.compressedSize > LARGEST_PART)
    throw new Undetermined("over-limits");
  // One request for header and data together; yauzl then reads both from what was fetched.
  const start = entry.relativeOffsetOfLocalHeader;
  const length = HEADER_ROOM + entry.fileNameLength + entry.compressedSize;
  if (start < file.size) await file.read(start, Math.min(length, file.size - start));
  const chunks: Buffer[] = [];
  for await (const chunk of await zip.openReadStreamPromise(entry)) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  // yauzl leaves the checksum to its caller, and one changed bit can turn a label off.
  if (crc32(bytes) !== entry.crc32) throw new Undetermined("corrupt");
  return bytes;
}

/**
 * Where the package's relationships lead: the part that one of these types names, if any does. Readers disagree on
 * which of two counts, so then no label can be named.
 */
function targetsOf(xml: Uint8Array | undefined): (...types: readonly string[]) => string | undefined {
  const root = xml && children(parseXml(xml), "Relationships")[0];
  // A zip without package relationships is not an Office file, whatever it is called.
  if (!root) throw new Undetermined("corrupt");
  const inside = children(root, "Relationship").filter(
    ({ attributes }) => attributes.TargetMode !== "External",
  );
  return (...types) => {
    const targets = inside.filter(({ attributes }) => types.includes(attributes.Type ?? ""));
    if (targets.length > 1) throw new Undetermined("corrupt");
    return targets[0] && (targets[0].attributes.Target ?? "").replace(/^\.?\//, "").toLowerCase();
  };
}
