/**
 * Label of an encrypted Office file: an OLE compound file whose stream `\x06DataSpaces/TransformInfo/LabelInfo`
 * stays in clear. Reads only the sectors on the way there; packages that parse compound files want all of it.
 * https://learn.microsoft.com/openspecs/windows_protocols/ms-cfb/53989ce4-7b05-4f8d-829b-d08d6148375b
 */
import { type LabelFinding, Undetermined } from "./finding.ts";
import { fromLabelInfo } from "./metadata.ts";
import type { RangedFile } from "./ranges.ts";

const MAGIC = Buffer.from("d0cf11e0a1b11ae1", "hex");
const HEADER = 512;
const ENTRY = 128;
/** Sector numbers and stream ids from here up are marks (end of chain, free), never places. */
const FIRST_MARK = 0xfffffffa;
const NO_STREAM = 0xffffffff;
/** Office writes a dozen directory entries; legacy documents with many embedded objects some hundreds. */
const MOST_ENTRIES = 4096;
const LARGEST_LABEL_INFO = 64 * 1024;

export async function isCompound(file: RangedFile): Promise<boolean> {
  return file.size >= HEADER && (await file.read(0, MAGIC.length)).equals(MAGIC);
}

/** Reads the label. Throws Undetermined, and whatever the file's fetch throws. */
export async function readCompound(file: RangedFile, tenantId: string): Promise<LabelFinding> {
  const compound = await open(file);
  const xml = await compound.stream(["\u0006DataSpaces", "TransformInfo", "LabelInfo"], LARGEST_LABEL_INFO);
  if (xml) {
    const statement = fromLabelInfo(xml, tenantId);
    if (statement.state === "labeled") return statement;
    if (statement.state === "none") return { state: "unlabeled" };
  }
  // The rest of the metadata is inside the encrypted package; the 97-2003 formats keep it in a property set.
  throw new Undetermined(compound.has("EncryptedPackage") ? "encrypted" : "format-not-modelled");
}

interface DirectoryEntry {
  name: string;
  left: number;
  right: number;
  child: number;
  start: number;
  size: number;
}

interface Compound {
  /** True if the root holds a stream or storage of this name. */
  has(name: string): boolean;
  stream(path: readonly string[], largest: number): Promise<Buffer | undefined>;
}

async function open(file: RangedFile): Promise<Compound> {
  const header = await file.read(0, HEADER);
  const sectorShift = header.readUInt16LE(30);
  if (sectorShift !== 9 && sectorShift !== 12) throw new Undetermined("corrupt");
  const sectorSize = 1 << sectorShift;
  const perSector = sectorSize / 4;
  const miniSize = 64;
  const miniCutoff = header.readUInt32LE(56);

  const readSector = (sector: number): Promise<Buffer> => {
    const offset = (sector + 1) * sectorSize;
    // The last sector of a file may be cut short where its end is unused.
    return file.read(offset, Math.min(sectorSize, Math.max(1, file.size - offset)));
  };
  const numberAt = (sector: Buffer, index: number): number => {
    if (index * 4 + 4 > sector.length) throw new Undetermined("corrupt");
    return sector.readUInt32LE(index * 4);
  };

  /** Sector that holds the n-th part of the allocation table: 109 are named in the header, more in a chain. */
  async function tableSector(part: number): Promise<number> {
    if (part < 109) return header.readUInt32LE(76 + part * 4);
    let rest = part - 109;
    let sector = header.readUInt32LE(68);
    for (; rest >= perSector - 1; rest -= perSector - 1) {
      if (sector >= FIRST_MARK) throw new Undetermined("corrupt");
      sector = numberAt(await readSector(sector), perSector - 1);
    }
    if (sector >= FIRST_MARK) throw new Undetermined("corrupt");
    return numberAt(await readSector(sector), rest);
  }
  async function next(sector: number): Promise<number> {
    const table = await tableSector(Math.floor(sector / perSector));
    if (table >= FIRST_MARK) throw new Undetermined("corrupt");
    return numberAt(await readSector(table), sector % perSector);
  }
  /** The first `most` sectors of a chain, in order. A chain that comes back to itself is refused. */
  async function chain(
    start: number,
    most: number,
    follow: (sector: number) => Promise<number> = next,
  ): Promise<number[]> {
    const sectors = new Set<number>();
    for (let at = start; at < FIRST_MARK && sectors.size < most; at = await follow(at)) {
      if (sectors.has(at)) throw new Undetermined("corrupt");
      sectors.add(at);
    }
    return [...sectors];
  }

  const directorySectors = await chain(
    header.readUInt32LE(48),
    Math.ceil((MOST_ENTRIES * ENTRY) / sectorSize) + 1,
  );
  if (directorySectors.length * sectorSize > MOST_ENTRIES * ENTRY) throw new Undetermined("over-limits");
  const entries: DirectoryEntry[] = [];
  for (const sector of directorySectors) {
    const bytes = await readSector(sector);
    for (let at = 0; at + ENTRY <= bytes.length; at += ENTRY) entries.push(parseEntry(bytes, at));
  }
  const root = entries[0];
  if (!root) throw new Undetermined("corrupt");

  function childrenOf(parent: DirectoryEntry): DirectoryEntry[] {
    const found: DirectoryEntry[] = [];
    const seen = new Set<number>();
    const pending = [parent.child];
    for (let id = pending.pop(); id !== undefined; id = pending.pop()) {
      if (id === NO_STREAM) continue;
      const entry = entries[id];
      if (!entry || seen.has(id)) throw new Undetermined("corrupt");
      seen.add(id);
      found.push(entry);
      pending.push(entry.left, entry.right);
    }
    return found;
  }
  const child = (parent: DirectoryEntry | undefined, name: string): DirectoryEntry | undefined =>
    parent && childrenOf(parent).find((entry) => entry.name.toLowerCase() === name.toLowerCase());

  /** Short streams live in 64-byte pieces of the root's own stream, chained by a table of their own. */
  async function shortStream(entry: DirectoryEntry): Promise<Buffer> {
    const wanted = Math.ceil(entry.size / miniSize);
    const table = await chain(header.readUInt32LE(60), Math.ceil(root!.size / miniSize / perSector) + 1);
    const follow = async (piece: number): Promise<number> => {
      const sector = table[Math.floor(piece / perSector)];
      if (sector === undefined) throw new Undetermined("corrupt");
      return numberAt(await readSector(sector), piece % perSector);
    };
    const pieces = await chain(entry.start, wanted, follow);
    const most = Math.max(0, ...pieces.map((piece) => Math.floor((piece * miniSize) / sectorSize))) + 1;
    const holders = await chain(root!.start, most);
    const read: Buffer[] = [];
    for (const piece of pieces) {
      const holder = holders[Math.floor((piece * miniSize) / sectorSize)];
      if (holder === undefined) throw new Undetermined("corrupt");
      const within = (piece * miniSize) % sectorSize;
      read.push((await readSector(holder)).subarray(within, within + miniSize));
    }
    return Buffer.concat(read);
  }

  return {
    has: (name) => child(root, name) !== undefined,
    async stream(path, largest) {
      const entry = path.reduce<DirectoryEntry | undefined>(child, root);
      if (!entry) return undefined;
      if (entry.size > largest) throw new Undetermined("over-limits");
      const read: Buffer[] = [];
      if (entry.size < miniCutoff) read.push(await shortStream(entry));
      else
        for (const sector of await chain(entry.start, Math.ceil(entry.size / sectorSize)))
          read.push(await readSector(sector));
      const bytes = Buffer.concat(read).subarray(0, entry.size);
      if (bytes.length < entry.size) throw new Undetermined("corrupt");
      return bytes;
    },
  };
}

function parseEntry(bytes: Buffer, at: number): DirectoryEntry {
  const nameBytes = Math.min(64, bytes.readUInt16LE(at + 64));
  return {
    name: bytes.toString("utf16le", at, at + Math.max(0, nameBytes - 2)),
    left: bytes.readUInt32LE(at + 68),
    right: bytes.readUInt32LE(at + 72),
    child: bytes.readUInt32LE(at + 76),
    start: bytes.readUInt32LE(at + 116),
    // The upper half is only defined for 4096-byte sectors; the streams wanted here are far smaller.
    size: bytes.readUInt32LE(at + 120),
  };
}
