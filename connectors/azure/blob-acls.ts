/**
 * Access lists of the files and directories of one container, as its listing tells them: which derived scope
 * protects each file, and the records of these scopes (docs/records-azure.md).
 */
import type { BlobItem } from "@azure/storage-blob";
import type { StepContext } from "../../src/connector.ts";
import type { Coverage } from "../../src/model.ts";
import type { GraphRecord } from "../../src/schema.ts";
import { type AccessList, type AccessListText, AclSyntaxError, parseAcl } from "./acl.ts";
import { aclRecords, aclScopeId, type Outcome, outcomeOf } from "./acl-grants.ts";
import { gapOf, STEP } from "./arm.ts";

/** The built-in role that lists blobs and reads their access lists. */
export const BLOB_READER = "Storage Blob Data Reader";

/** What a listing that is continued has to know of what came before. */
export interface AclPosition {
  root: AccessListText | null;
  /** Why the root's list was not read. */
  rootGap?: Coverage;
  /** Directories that more files may follow of, by path. */
  directories: [path: string, list: AccessListText | null][];
  /** Files and directories whose own list was not told or not understood. */
  unread: number;
}

/**
 * The list of the root directory, which no listing tells: everybody passes it on the way to any file. Refused or
 * failed, it is a gap: what stands below is then an upper bound.
 * https://learn.microsoft.com/rest/api/storageservices/datalakestoragegen2/path/get-properties
 */
export async function startOfLists(c: StepContext, blobUrl: string, scope: string): Promise<AclPosition> {
  // A client of the blob SDK keeps the query that it is made with; it has no call of its own for this.
  const url = `${blobUrl.replace(".blob.", ".dfs.").replace(/\/$/, "")}/?action=getAccessControl&upn=false`;
  const root = c.http
    .blobs(url)
    .getContainerClient(scope.slice(scope.lastIndexOf("/") + 1))
    .getBlobClient("");
  const start: AclPosition = { root: null, directories: [], unread: 0 };
  try {
    const { headers } = (await root.getProperties({ abortSignal: c.signal }))._response;
    start.root = told((name) => headers.get(`x-ms-${name}`));
  } catch (error) {
    const gap = gapOf(STEP.accessLists, scope, error);
    start.rootGap = gap.state === "denied" ? { ...gap, fix: `Grant ${BLOB_READER} on the container.` } : gap;
  }
  return start;
}

/** A list with a number: two files with the same list share it. */
interface Numbered {
  number: number;
  list: AccessList | undefined;
}
/** A directory: its own list, and those of it and all above it. */
interface Directory {
  text: AccessListText | null;
  own: Numbered;
  way: readonly Numbered[];
  /** The same for the same lists, whatever the path. */
  key: string;
}

const UNREAD: Numbered = { number: 0, list: undefined };

/** Walks a listing in its order: a directory comes before what is in it. */
export class AclWalk {
  readonly #container: string;
  readonly #position: AclPosition;
  readonly #directories = new Map<string, Directory>();
  readonly #lists = new Map<string, Numbered>();
  readonly #outcomes = new Map<string, Outcome | undefined>();
  readonly #said = new Set<string>();

  constructor(container: string, position: AclPosition) {
    this.#container = container;
    this.#position = position;
    this.#enter("", position.root);
    for (const [path, text] of position.directories) this.#enter(path, text);
  }

  /**
   * The scope that protects a file (or holds a directory), and records of it that were not said in this pass.
   * `holder`: the container, or the part of it that the path lies in.
   */
  take(blob: BlobItem, directory: boolean, holder: string): { scope: string; records: GraphRecord[] } {
    const text = listOf(blob);
    const above = this.#above(blob.name);
    const self = directory ? this.#enter(blob.name, text).own : this.#numbered(text);
    if (self === UNREAD) this.#position.unread++;
    const key = `${above.key}|${self.number}|${directory}`;
    let outcome = this.#outcomes.get(key);
    if (!this.#outcomes.has(key)) {
      const lists = [...above.way.filter((each) => each !== above.own), above.own].map(({ list }) => list);
      outcome = outcomeOf({ above: lists, self: self.list, directory });
      this.#outcomes.set(key, outcome);
    }
    // No list of its own could be read: the gap says so.
    if (outcome === undefined) return { scope: holder, records: [] };
    const scope = aclScopeId(holder, outcome);
    if (this.#said.has(scope)) return { scope, records: [] };
    this.#said.add(scope);
    return { scope, records: aclRecords(holder, outcome) };
  }

  /** Where the walk stands after a name. Directories that nothing can follow of are let go, stopped or not. */
  position(last: string): AclPosition {
    const kept: AclPosition["directories"] = [];
    for (const [path, { text }] of this.#directories) {
      if (path === "") continue;
      if (`${path}/` > last || last.startsWith(`${path}/`)) kept.push([path, text]);
      else this.#directories.delete(path);
    }
    this.#position.directories = kept;
    return this.#position;
  }

  gap(): Coverage | undefined {
    const { root, rootGap, unread } = this.#position;
    if (rootGap !== undefined) return rootGap;
    const missing = [
      ...(root === null ? ["the list of the root directory"] : []),
      ...(unread > 0 ? [`the lists of ${unread} files and directories`] : []),
    ];
    if (missing.length === 0) return undefined;
    const reason = `The service did not tell ${missing.join(" and ")}, or not so that they could be understood.`;
    return { step: STEP.accessLists, scope: this.#container, state: "partial", reason };
  }

  #above(name: string): Directory {
    const cut = name.lastIndexOf("/");
    const path = cut < 0 ? "" : name.slice(0, cut);
    const known = this.#directories.get(path);
    if (known !== undefined) return known;
    this.#position.unread++;
    return this.#enter(path, null);
  }

  #enter(path: string, text: AccessListText | null): Directory {
    const own = this.#numbered(text);
    const above = path === "" ? [] : this.#above(path).way;
    const way = [...new Set([...above, own])].sort((a, b) => a.number - b.number);
    const key = `${way.map(({ number }) => number).join()}|${own.number}`;
    const directory: Directory = { text, own, way, key };
    this.#directories.set(path, directory);
    return directory;
  }

  #numbered(text: AccessListText | null): Numbered {
    if (text === null) return UNREAD;
    const key = JSON.stringify(text);
    const known = this.#lists.get(key);
    if (known !== undefined) return known;
    const list = understood(text);
    const numbered = list === undefined ? UNREAD : { number: this.#lists.size + 1, list };
    this.#lists.set(key, numbered);
    return numbered;
  }
}

function understood(text: AccessListText): AccessList | undefined {
  try {
    return parseAcl(text);
  } catch (error) {
    if (error instanceof AclSyntaxError) return undefined;
    throw error;
  }
}

/** The SDK hands properties on that its types do not name. https://learn.microsoft.com/rest/api/storageservices/list-blobs */
const listOf = ({ properties }: BlobItem): AccessListText | null =>
  told((name) => Reflect.get(properties, name.charAt(0).toUpperCase() + name.slice(1)));

/**
 * A list with whom it belongs to. The service tells all four parts; without one of them it is not known who has the rights of
 * owners, or whether everybody who may write to a directory may delete in it (sticky bit).
 */
function told(part: (name: string) => unknown): AccessListText | null {
  const text = (name: string): string | undefined => {
    const value = part(name);
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  const [acl, owner, group] = [text("acl"), text("owner"), text("group")];
  const permissions = text("permissions");
  return acl && owner && group && permissions ? { acl, owner, group, permissions } : null;
}
