/** The part of all ways that grants make: who holds them, what they open, and how that comes down to the place. */
import type { GraphStore } from "../graph/store.ts";
import type { Row } from "../model.ts";
import { EVERYONE } from "../schema.ts";
import { openedAt } from "./keys.ts";
import { type Named, named, textOf } from "./links.ts";
import type { PathStep } from "./paths.ts";
import {
  type Add,
  AS,
  columnsOf,
  END,
  GIVES,
  GIVES_PLAINLY,
  type Move,
  nodeOf,
  OWN,
  READS,
  READS_UNKEYED,
  type Removal,
  stepTo,
} from "./ways-moves.ts";

type Query = GraphStore["query"];
type Moves = ReadonlyMap<string, readonly Move[]>;

/**
 * Whether a grant that asks for several groups at once, or leaves somebody out, may be held. A group may be met by eligibility,
 * a package or what the agent could become, so any of its principals does (`rights`). Who is left out holds it by nothing but
 * becoming somebody.
 */
function holders(moves: Moves, rights: ReadonlySet<string>): (grant: Row) => boolean {
  const targets = [...moves.values()].flat();
  const own = new Set(targets.flatMap(({ to }) => (to.startsWith(OWN) ? [to] : [])));
  const become = new Set(targets.flatMap(({ to, steps }) => (steps.at(-1)?.via === "CONTROLS" ? [to] : [])));
  const closures = new Map([...own].map((one) => [one, memberships(moves, one)]));
  return ({ p, together, excluded }) => {
    const spared = idsIn(excluded);
    return (
      idsIn(together).every((id) => id === EVERYONE || rights.has(id)) &&
      (spared.length === 0 ||
        [...closures].some(
          ([one, groups]) =>
            groups.has(String(p)) && (become.has(one) || !spared.includes(one.slice(OWN.length))),
        ))
    );
  };
}
const idsIn = (list: unknown): string[] => (Array.isArray(list) ? list.map(String) : []);

/** An identity and the groups that it is in, by id. */
function memberships(moves: Moves, own: string): ReadonlySet<string> {
  const nodes = new Set([own]);
  for (const node of nodes) for (const { to } of moves.get(node) ?? []) if (to.startsWith(AS)) nodes.add(to);
  return new Set([...nodes].map((node) => node.slice(node.indexOf(" ") + 1)));
}

interface Asked {
  agent: string;
  /** The place that is asked about comes first, then those that hold a copy of it. */
  places: readonly string[];
  time: string;
  /** Identities and memberships, as moves so far. */
  moves: Moves;
}

/** Grants of the place, and those that read a copy of it. */
export async function addGrants(
  query: Query,
  { agent, places: [scope, ...copies], time, moves }: Asked,
  add: Add,
): Promise<void> {
  const targets: {
    place: string;
    to: string;
    chains: Record<"WITHIN" | "INHERITS", Chains>;
    opened: ReadonlySet<string>;
  }[] = [];
  for (const place of [scope!, ...copies]) {
    const chains = {
      WITHIN: await chainsTo(query, place, "WITHIN"),
      INHERITS: await chainsTo(query, place, "INHERITS"),
    };
    const opened = await openedAt(query, [...chains.WITHIN.keys()]);
    targets.push({ place, to: place === scope ? END : `read ${place}`, chains, opened });
  }
  const rows = await query(
    `MATCH (a:Agent)-[:HAS_RIGHTS_OF]->(p:Principal)-[g:GRANTED]->(s:Scope)
     WHERE a.id = $agent AND (g.expires IS NULL OR g.expires > $time) AND (${GIVES})
     RETURN DISTINCT ${columnsOf("p", "p")}, ${columnsOf("s", "s")}, g.code AS code, g.key AS key, g.role AS role, g.flow AS flow,
     g.source AS source, g.together AS together, g.excluded AS excluded, CASE WHEN ${READS} THEN 1 ELSE 0 END AS reads,
     CASE WHEN ${GIVES_PLAINLY} THEN 1 ELSE 0 END AS plain, CASE WHEN ${READS_UNKEYED} THEN 1 ELSE 0 END AS unkeyed`,
    { agent, time },
  );
  const packages = await packagesOf(query, rows);
  const rights = await query(
    "MATCH (a:Agent)-[:HAS_RIGHTS_OF]->(p:Principal) WHERE a.id = $agent RETURN p.id AS id",
    {
      agent,
    },
  );
  const mayHold = holders(moves, new Set(rights.map(({ id }) => String(id))));
  const removals = new Map<string, Removal>();
  const known = new Set<string>();
  // Of a grant in parts that comes first which stands where it was made: above the others.
  for (const row of rows.toSorted((a, b) => String(a.s).length - String(b.s).length)) {
    const [from, to] = [nodeOf(row, "p"), nodeOf(row, "s")];
    // A permission of an application is never of a group.
    if ((row.source === "app-role" && from.kind === "Group") || !mayHold(row)) continue;
    const id = String(row.key).split("#")[0]!;
    const role = textOf(row.role) || "grant";
    const bundle = packages.get(String(row.key));
    const which = bundle === undefined ? grantOf(from, to, id) : JSON.stringify([bundle.id, to.id]);
    const removal =
      removals.get(which) ??
      (bundle === undefined
        ? { kind: "GRANTED", from, to, id, role }
        : { kind: "CONFERS", from: bundle, to });
    removals.set(which, removal);
    for (const { place, to: end, chains, opened } of targets) {
      if (end !== END && Number(row.reads) === 0) continue;
      // Keys are worth what an account takes of them.
      if (Number(end === END ? row.plain : row.unkeyed) === 0 && !opened.has(to.id)) continue;
      const way = JSON.stringify([from.id, which, to.id, place, row.flow, row.source]);
      if (known.has(way)) continue;
      known.add(way);
      // Of ADLS the connector has followed the lists: they hold where they stand.
      const ways =
        row.flow === "posix"
          ? row.s === place
            ? [[]]
            : []
          : (chains[row.flow === "acl" ? "INHERITS" : "WITHIN"].get(String(row.s)) ?? []);
      for (const down of ways) {
        const steps = [{ ...stepTo(to, "Scope", "GRANTED"), grant: { id, role } }, ...down];
        add(`${OWN}${from.id}`, { to: end, steps, removal });
        if (row.source !== "app-role") add(`${AS}${from.id}`, { to: end, steps, removal });
      }
    }
  }
}

/** Packages that confer these grants, by the key of a grant: what is taken away is the place in the package. */
async function packagesOf(query: Query, grants: readonly Row[]): Promise<ReadonlyMap<string, Named>> {
  const found = new Map<string, Named>();
  for (const key of new Set(grants.flatMap((row) => (row.source === "package" ? [String(row.key)] : [])))) {
    const id = key.replace(/^package:/, "");
    const [row] = await query(
      "MATCH (k:AccessPackage) WHERE k.id = $id RETURN k.name AS name, 'AccessPackage' AS kind",
      { id },
    );
    found.set(key, named(row ?? {}, id));
  }
  return found;
}

/**
 * What is revoked as one: conditions make several relationships of one role assignment, also at places below its own. Other
 * grants may bear one key at several places.
 */
const grantOf = (from: Named, to: Named, id: string): string =>
  JSON.stringify(id.startsWith("/") ? [from.id, id] : [from.id, to.id, id]);

type Chains = ReadonlyMap<string, PathStep[][]>;
/** Every way down to a place, by the scope where it begins; one that goes round in bad data ends. */
async function chainsTo(query: Query, scope: string, via: "WITHIN" | "INHERITS"): Promise<Chains> {
  const chains = new Map<string, PathStep[][]>([[scope, [[]]]]);
  const climb = async (id: string, below: PathStep[], met: readonly string[]): Promise<void> => {
    for (const row of await query(
      `MATCH (s:Scope)-[:${via}]->(p:Scope) WHERE s.id = $id RETURN DISTINCT p.id AS parent, ${columnsOf("s", "s")}`,
      { id },
    )) {
      const parent = String(row.parent);
      if (met.includes(parent)) continue;
      const down = [stepTo(nodeOf(row, "s"), "Scope", via), ...below];
      chains.set(parent, [...(chains.get(parent) ?? []), down]);
      await climb(parent, down, [...met, parent]);
    }
  };
  await climb(scope, [], [scope]);
  return chains;
}
