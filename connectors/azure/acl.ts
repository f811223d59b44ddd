/**
 * Access lists of a hierarchical namespace (ADLS Gen2): text to lists, and who passes a chain of them. Pure.
 * https://learn.microsoft.com/azure/storage/blobs/data-lake-storage-access-control
 */
import { directoryId } from "../../src/schema.ts";

export const READ = 4;
export const WRITE = 2;
export const EXECUTE = 1;

/** One file's or directory's list. Permissions are sums of READ, WRITE and EXECUTE; ids are directory ids. */
export interface AccessList {
  /** Undefined where the account's own superuser (`$superuser`) owns it: no identity of the directory does. */
  owner: string | undefined;
  owningGroup: string | undefined;
  ofOwner: number;
  ofOwningGroup: number;
  users: ReadonlyMap<string, number>;
  groups: ReadonlyMap<string, number>;
  /** Undefined: nothing is masked. */
  mask: number | undefined;
  other: number;
  /** In a directory: only owners delete or rename what is in it. */
  sticky: boolean;
}

/** As the service says it: `x-ms-acl`, `x-ms-owner`, `x-ms-group`, `x-ms-permissions`. */
export interface AccessListText {
  acl: string;
  owner?: string | undefined;
  group?: string | undefined;
  permissions?: string | undefined;
}

/** Why a list could not be read; callers keep such a list as unread, never as empty. */
export class AclSyntaxError extends Error {}

/** 32 entries of access and as many of default are the service's limit; far beyond it nothing is parsed. */
const MAX_LENGTH = 65_536;
const ENTRY = /^(user|group|mask|other):([^:,]*):([r-])([w-])([x-])$/;
const SUPER_USER = "$superuser";

/**
 * Parses `user::rwx,user:OID:r-x,group::r-x,mask::r-x,other::---`. Entries of the default list are skipped: they are
 * copied to children when these are made, and give nothing themselves. Throws AclSyntaxError.
 */
export function parseAcl({ acl, owner, group, permissions }: AccessListText): AccessList {
  if (acl.length > MAX_LENGTH) throw new AclSyntaxError("the access list is too long");
  const plain = new Map<string, number>();
  const named = { user: new Map<string, number>(), group: new Map<string, number>() };
  for (const text of acl.split(",")) {
    const entry = text.trim();
    if (entry.startsWith("default:")) continue;
    const match = ENTRY.exec(entry);
    if (match === null) throw new AclSyntaxError(`not an entry of an access list: ${entry.slice(0, 100)}`);
    const [type, id, r, w, x] = match.slice(1) as [string, string, string, string, string];
    const bits = (r === "r" ? READ : 0) + (w === "w" ? WRITE : 0) + (x === "x" ? EXECUTE : 0);
    const into = id !== "" && (type === "user" || type === "group") ? named[type] : plain;
    const key = into === plain ? type : directoryId(id);
    if (into.has(key) || (into === plain && id !== ""))
      throw new AclSyntaxError(`an entry that cannot be: ${entry.slice(0, 100)}`);
    into.set(key, bits);
  }
  const needed = (type: string): number => {
    const bits = plain.get(type);
    if (bits === undefined) throw new AclSyntaxError(`no entry for ${type}`);
    return bits;
  };
  return {
    owner: identity(owner),
    owningGroup: identity(group),
    ofOwner: needed("user"),
    ofOwningGroup: needed("group"),
    users: named.user,
    groups: named.group,
    mask: plain.get("mask"),
    other: needed("other"),
    sticky: Boolean(permissions?.match(/[tT]\+?$/)),
  };
}

const identity = (id: string | undefined): string | undefined =>
  id === undefined || id === "" || id.toLowerCase() === SUPER_USER ? undefined : directoryId(id);

/**
 * One list asked for some permissions. `own`: whom an entry of their own decides about, and how: the owner and named
 * users, for whom nothing after it is looked at. `groups`: each of them suffices. `anyone`: everybody else passes.
 */
export interface Clause {
  own: ReadonlyMap<string, boolean>;
  groups: ReadonlySet<string>;
  anyone: boolean;
}

/**
 * The order of the service: owner (not masked), named user, then each group by itself, then others. One group alone
 * must have all that is wanted; two that have half each do not. Falling short by groups leads on to others.
 */
export function clauseOf(list: AccessList, want: number): Clause {
  const mask = list.mask ?? READ + WRITE + EXECUTE;
  const has = (bits: number) => (bits & want) === want;
  const own = new Map([...list.users].map(([id, bits]) => [id, has(bits & mask)]));
  if (list.owner !== undefined) own.set(list.owner, has(list.ofOwner));
  const groups = new Set([...list.groups].filter(([, bits]) => has(bits & mask)).map(([id]) => id));
  if (list.owningGroup !== undefined && has(list.ofOwningGroup & mask)) groups.add(list.owningGroup);
  return { own, groups, anyone: has(list.other & mask) };
}

/** Only owners pass. */
export const ownersOnly = (...lists: readonly AccessList[]): Clause => ({
  own: new Map(lists.flatMap(({ owner }) => (owner === undefined ? [] : [[owner, true] as const]))),
  groups: new Set(),
  anyone: false,
});

/** Whoever passes a chain: `id`, or everybody where it is undefined. */
export interface Holder {
  id: string | undefined;
  /** Groups that the holder must be in as well: another list of the chain lets those pass. */
  together: readonly string[];
  /** Who does not pass: an entry of their own says no, or they are what is named as a group. */
  excluded: readonly string[];
  /** True if this may say too much: there were too many ways to write them all down. */
  upperBound: boolean;
}

/** Ways through a chain that are written down; a chain with more is an upper bound. */
const MOST_WAYS = 64;

/**
 * Everyone who passes all clauses. Exact: somebody passes if and only if they are, with their groups, one of these
 * holders, unless the holders say that they are an upper bound.
 *
 * What stands as a group may be a single identity, the owning group of what an application made, say. Nobody is a
 * member of itself: https://learn.microsoft.com/azure/storage/blobs/data-lake-storage-access-control#the-owning-group
 */
export function holdersOf(clauses: readonly Clause[]): Holder[] {
  const own = new Set(clauses.flatMap((clause) => [...clause.own.keys()]));
  const excluded = [...own].filter((id) => clauses.some((clause) => clause.own.get(id) === false)).sort();
  const { ways, upperBound } = waysThrough(clauses);
  const holders: Holder[] = ways.map((way) => {
    const [id, ...together] = way;
    return { id, together, excluded: [...new Set([...excluded, ...way])].sort(), upperBound };
  });
  // Who passes where an entry of their own decides needs groups only for the rest of the chain.
  if (!ways.some((way) => way.length === 0))
    for (const id of own) {
      if (excluded.includes(id)) continue;
      const rest = waysThrough(clauses.filter((clause) => !clause.own.has(id)));
      for (const together of rest.ways.filter((way) => !way.includes(id)))
        holders.push({ id, together, excluded: [], upperBound: rest.upperBound });
    }
  return holders;
}

/** Smallest sets of groups that pass all clauses, each sorted; the empty set is everybody. */
function waysThrough(clauses: readonly Clause[]): { ways: string[][]; upperBound: boolean } {
  let ways: ReadonlySet<string>[] = [new Set()];
  const closed = clauses.filter((clause) => !clause.anyone).sort((a, b) => a.groups.size - b.groups.size);
  for (const { groups } of closed) {
    const next = ways.flatMap((way) =>
      [...way].some((id) => groups.has(id)) ? [way] : [...groups].map((id) => new Set([...way, id])),
    );
    ways = smallest(next);
    if (ways.length > MOST_WAYS)
      // Whoever passes the whole chain passes its narrowest list.
      return { ways: [...closed[0]!.groups].map((id) => [id]), upperBound: true };
  }
  return { ways: ways.map((way) => [...way].sort()), upperBound: false };
}

/** Without those that hold another one. */
function smallest(ways: readonly ReadonlySet<string>[]): ReadonlySet<string>[] {
  const kept: ReadonlySet<string>[] = [];
  for (const way of [...ways].sort((a, b) => a.size - b.size))
    if (!kept.some((other) => [...other].every((id) => way.has(id)))) kept.push(way);
  return kept;
}
