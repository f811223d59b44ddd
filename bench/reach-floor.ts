/**
 * The floor: the same pairs by arrays of numbers in one thread, nothing stored and no witness. Whatever a database adds
 * to this is the price of being asked in a language. It relies on what the estate is: scopes have one parent at most.
 */
import { join } from "node:path";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";

export interface FloorResult {
  indexSeconds: number;
  seconds: number;
  pairs: number;
}

const DISCOVER = 1;
const READ = 2;
const WRITE = 4;
const MANAGE = 8;
const ALL = DISCOVER | READ | WRITE | MANAGE;
/** What the right to change permissions gives a step later. */
const LATER = DISCOVER | READ | WRITE;
const KEYS = 16;

type Edges = readonly (readonly [from: number, to: number])[];

/** Neighbours of each node in one array: those of `n` stand from `at[n]` to `at[n + 1]`. */
interface Csr {
  at: Int32Array;
  to: Int32Array;
  /** Index of the edge, for what it carries. */
  edge: Int32Array;
}

function csr(nodes: number, edges: Edges): Csr {
  const at = new Int32Array(nodes + 1);
  for (const [from] of edges) at[from + 1]!++;
  for (let n = 0; n < nodes; n++) at[n + 1]! += at[n]!;
  const next = at.slice();
  const to = new Int32Array(edges.length);
  const edge = new Int32Array(edges.length);
  for (const [index, [from, target]] of edges.entries()) {
    const place = next[from]!++;
    to[place] = target;
    edge[place] = index;
  }
  return { at, to, edge };
}

export async function reachByArrays(folder: string): Promise<FloorResult> {
  const db = await DuckDBInstance.create(":memory:");
  const c = await db.connect();
  const facts = await readFacts(c, folder);
  c.closeSync();
  db.closeSync();
  const started = performance.now();
  const index = indexed(facts);
  const ready = performance.now();
  const pairs = traverse(index);
  return { indexSeconds: (ready - started) / 1000, seconds: (performance.now() - ready) / 1000, pairs };
}

type Columns = readonly (readonly unknown[])[];
interface Facts {
  principals: Columns;
  scopes: Columns;
  acts: Columns;
  member: Columns;
  granted: Columns;
  within: Columns;
  inherits: Columns;
}

async function readFacts(c: DuckDBConnection, folder: string): Promise<Facts> {
  const columns = async (kind: string, names: string): Promise<Columns> =>
    (await c.runAndReadAll(`SELECT ${names} FROM '${join(folder, `${kind}.parquet`)}'`)).getColumns();
  const rights = `${DISCOVER} + CASE WHEN read THEN ${READ} ELSE 0 END + CASE WHEN write THEN ${WRITE} ELSE 0 END
    + CASE WHEN assign THEN ${MANAGE} ELSE 0 END + CASE WHEN "listKeys" THEN ${KEYS} ELSE 0 END`;
  return {
    principals: await columns("Principal", "id"),
    scopes: await columns("Scope", "id, kind"),
    acts: await columns("ACTS_AS", `"to"`),
    member: await columns("MEMBER_OF", `"from", "to"`),
    granted: await columns("GRANTED", `"from", "to", (${rights})::INT, flow = 'containment'`),
    within: await columns("WITHIN", `"from", "to"`),
    inherits: await columns("INHERITS", `"from", "to"`),
  };
}

interface Index {
  groups: Csr;
  grants: Csr;
  rights: Uint8Array;
  contains: Uint8Array;
  below: Csr;
  heirs: Csr;
  parent: Int32Array;
  isAccount: Uint8Array;
  agents: Int32Array;
  principals: number;
  scopes: number;
}

function indexed(facts: Facts): Index {
  const numbers = (ids: readonly unknown[]) => new Map(ids.map((id, n) => [id, n]));
  const principal = numbers(facts.principals[0]!);
  const scope = numbers(facts.scopes[0]!);
  const edges = ([from, to]: Columns, start: typeof scope, end: typeof scope): Edges =>
    from!.map((id, i) => [start.get(id)!, end.get(to![i])!]);
  const turned = (list: Edges): Edges => list.map(([from, to]) => [to, from]);
  const within = edges(facts.within, scope, scope);
  const parent = new Int32Array(scope.size).fill(-1);
  for (const [child, above] of within) parent[child] = above;
  return {
    groups: csr(principal.size, edges(facts.member, principal, principal)),
    grants: csr(principal.size, edges(facts.granted, principal, scope)),
    rights: Uint8Array.from(facts.granted[2] as number[]),
    contains: Uint8Array.from(facts.granted[3] as boolean[], Number),
    below: csr(scope.size, turned(within)),
    heirs: csr(scope.size, turned(edges(facts.inherits, scope, scope))),
    parent,
    isAccount: Uint8Array.from(facts.scopes[1]!, (kind) => Number(kind === "StorageAccount")),
    agents: Int32Array.from(facts.acts[0]!, (id) => principal.get(id)!),
    principals: principal.size,
    scopes: scope.size,
  };
}

function traverse(index: Index): number {
  const { groups, grants, rights, contains, below, heirs, parent, isAccount } = index;
  const seen = new Int32Array(index.principals).fill(-1);
  const known = new Int32Array(index.scopes).fill(-1);
  /** Rights by containment and by access list that arrive at a place. */
  const own = new Uint8Array(index.scopes);
  const listed = new Uint8Array(index.scopes);
  const identities: number[] = [];
  const places: number[] = [];
  const open: number[] = [];
  let pairs = 0;
  for (const [agent, identity] of index.agents.entries()) {
    identities.length = 0;
    places.length = 0;
    let wide = false;
    const touch = (scope: number) => {
      if (known[scope] === agent) return;
      known[scope] = agent;
      own[scope] = 0;
      listed[scope] = 0;
      places.push(scope);
    };
    const spread = (start: number, edges: Csr, visit: (scope: number) => void) => {
      open.push(start);
      while (open.length > 0) {
        const scope = open.pop()!;
        visit(scope);
        for (let i = edges.at[scope]!; i < edges.at[scope + 1]!; i++) open.push(edges.to[i]!);
      }
    };
    seen[identity] = agent;
    identities.push(identity);
    for (let at = 0; at < identities.length; at++) {
      const holder = identities[at]!;
      for (let i = groups.at[holder]!; i < groups.at[holder + 1]!; i++) {
        const group = groups.to[i]!;
        if (seen[group] === agent) continue;
        seen[group] = agent;
        identities.push(group);
      }
      for (let i = grants.at[holder]!; i < grants.at[holder + 1]!; i++) {
        const scope = grants.to[i]!;
        const given = rights[grants.edge[i]!]!;
        if (contains[grants.edge[i]!] === 1) {
          touch(scope);
          own[scope]! |= given & ALL;
          if (below.at[scope]! < below.at[scope + 1]!) wide = true;
          if ((given & KEYS) !== 0)
            spread(scope, below, (account) => {
              if (isAccount[account] === 0) return;
              touch(account);
              own[account]! |= ALL;
            });
        } else
          spread(scope, heirs, (heir) => {
            touch(heir);
            listed[heir]! |= given & ALL;
          });
      }
    }
    if (!wide) {
      // Nothing stands above anything: a place is a row, and a right to change permissions adds to it later.
      pairs += places.length;
      continue;
    }
    // What lies just below a list, to which the list is perhaps not handed on, may have less than it.
    for (let at = 0, n = places.length; at < n; at++)
      if (listed[places[at]!] !== 0)
        for (let i = below.at[places[at]!]!; i < below.at[places[at]! + 1]!; i++) touch(below.to[i]!);
    for (const place of places) pairs += Number(isShown(place, agent));
  }
  return pairs;

  /** Rights that stand above a place for it, too. */
  function fromAbove(place: number, agent: number): number {
    let found = 0;
    for (let at = parent[place]!; at >= 0; at = parent[at]!) if (known[at] === agent) found |= own[at]!;
    return found;
  }

  /** A place says more, or less, than the nearest row above that includes it, now or later. */
  function isShown(place: number, agent: number): boolean {
    const inherited = own[place]! | fromAbove(place, agent);
    const now = inherited | listed[place]!;
    if (now === 0) return false;
    let above = parent[place]!;
    let held = 0;
    for (; above >= 0; above = parent[above]!) {
      if (known[above] === agent) held = own[above]! | fromAbove(above, agent);
      if (held !== 0) break;
    }
    if (now !== (above < 0 ? 0 : held | listed[above]!)) return true;
    const later = (now & MANAGE) !== 0 ? LATER : 0;
    return later !== 0 && (held & MANAGE) === 0 && (later & ~now) !== 0;
  }
}
